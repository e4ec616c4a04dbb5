"""Whole scorings beside pycocoevalcap's, and bootstraps beside a loop.

Each scoring is a process of its own that starts with nothing loaded and tells its peak memory, so neither is helped or
charged by the other.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys

import numpy as np
import pytest

from zsbench.metrics.bleu import Bleu
from zsbench.metrics.cider import CiderD
from zsbench.metrics.meteor import Meteor
from zsbench.metrics.rouge import RougeL
from zsbench.statistics import Pair, paired_differences, randomization_tests

IMAGES, SYSTEMS, RESAMPLES = 5000, 4, 10_000
KINDS = {"subject": 60, "verb": 40, "object": 80, "place": 50, "colour": 15}
PEAK_BYTES = 1_500_000_000
PATIENCE = 3600
"""Seconds after which a side counts as hanging, as METEOR may."""

OURS = """
import json, sys
from zsbench.metrics import ScoringContext, prepare_references, score_predictions, tokenize_many
from zsbench.metrics.bleu import bleu_1, bleu_2, bleu_3, bleu_4
from zsbench.metrics.cider import cider_d
from zsbench.metrics.meteor import meteor
from zsbench.metrics.rouge import rouge_l
from zsbench.provenance import peak_memory
data = json.load(open(sys.argv[1], encoding="utf-8"))
metrics = [bleu_1(), bleu_2(), bleu_3(), bleu_4(), meteor(), rouge_l(), cider_d()]
split = prepare_references(data["references"], metrics)
tokens = tokenize_many(data["systems"], metrics)
context = ScoringContext(split="bench", resamples=1000)
scores = {
    name: {r.metric: r.score for r in score_predictions(said, split, metrics, context=context, tokenized=tokens[name])}
    for name, said in data["systems"].items()
}
for metric in metrics:
    metric.close()
print(json.dumps({"scores": scores, "peak": peak_memory()}))
"""

THEIRS = """
import json, os, sys
from zsbench.metrics.java import find_java
from zsbench.provenance import peak_memory
os.environ["PATH"] = f"{find_java().parent}{os.pathsep}{os.environ['PATH']}"
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.meteor.meteor import Meteor
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer
data = json.load(open(sys.argv[1], encoding="utf-8"))
scores = {}
for name, said in data["systems"].items():
    wrap = lambda texts: [{"caption": text} for text in texts]
    gts = PTBTokenizer().tokenize({id_: wrap(texts) for id_, texts in data["references"].items()})
    res = PTBTokenizer().tokenize({id_: wrap([text]) for id_, text in said.items()})
    bleu = Bleu(4).compute_score(gts, res, verbose=0)[0]
    scores[name] = {f"bleu-{n}": score for n, score in enumerate(bleu, 1)}
    scores[name]["meteor"] = Meteor().compute_score(gts, res)[0]
    scores[name]["rouge-l"] = Rouge().compute_score(gts, res)[0]
    scores[name]["cider-d"] = Cider().compute_score(gts, res)[0]
print(json.dumps({"scores": scores, "peak": peak_memory()}))
sys.stdout.flush()
os._exit(0)  # its METEOR may hang at exit
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """5,000 images with 5 references and four systems, from a small grammar."""
    rng = random.Random(0)
    words = {kind: [f"{kind}{n}" for n in range(count)] for kind, count in KINDS.items()}

    def say(truth):
        w = {kind: word if rng.random() < 0.7 else rng.choice(words[kind]) for kind, word in truth.items()}
        tail = rng.choice(["", f" near a {w['colour']} wall", " on a sunny day"])
        return f"A {w['colour']} {w['subject']} is {w['verb']} the {w['object']} in the {w['place']}{tail}."

    truths = {str(n): {kind: rng.choice(found) for kind, found in words.items()} for n in range(IMAGES)}
    content = {
        "references": {id_: [say(truth) for _ in range(5)] for id_, truth in truths.items()},
        "systems": {f"s{n}": {id_: say(truth) for id_, truth in truths.items()} for n in range(SYSTEMS)},
    }
    path = tmp_path_factory.mktemp("bench") / "data.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def run(script, data):
    """What a script prints as JSON."""
    command = [sys.executable, "-c", script, str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.ratio(
    what="captions to scores with standard errors: PTB, BLEU, METEOR, ROUGE-L, CIDEr-D",
    against="pycocoevalcap, system by system",
    size="4 systems of 5,000 images with 5 references",
)
def test_four_systems(side_by_side, data):
    """Everything from raw captions to equal scores."""
    ours, theirs = side_by_side(lambda: run(OURS, data), lambda: run(THEIRS, data), rounds=1)
    assert ours["peak"] < PEAK_BYTES
    for system, scores in theirs["scores"].items():
        assert ours["scores"][system] == pytest.approx(scores, abs=1e-6)


@pytest.fixture(scope="module")
def pairs():
    """Two systems of 5,000 images under every metric: statistics of the shapes and sizes that captions have."""
    rng = np.random.default_rng(0)
    metrics = [*(Bleu(n) for n in range(1, 5)), Meteor(), RougeL(), CiderD()]

    def statistics(metric):
        if isinstance(metric, Bleu):
            guesses = np.maximum(0, rng.integers(6, 14, (IMAGES, 1)) - np.arange(metric.n))
            return np.hstack([rng.binomial(guesses, 0.6), guesses, guesses[:, :1], guesses[:, :1]]).astype(float)
        if isinstance(metric, Meteor):
            return rng.integers(0, 9, (IMAGES, 23)).astype(float)
        return rng.random((IMAGES, 1))

    return [Pair(metric, (statistics(metric),), (statistics(metric),)) for metric in metrics]


def bootstrap_naively(pairs):
    """As most scripts do: one resample and one metric at a time."""
    rng = np.random.default_rng(0)
    found = []
    for pair in pairs:
        [ours], [theirs] = pair.own, pair.other
        drawn = (rng.integers(0, IMAGES, IMAGES) for _ in range(RESAMPLES))
        found.append([pair.metric.aggregate(ours[rows]) - pair.metric.aggregate(theirs[rows]) for rows in drawn])
    return found


@pytest.mark.ratio(
    what="paired bootstrap of all metrics together",
    against="one resample and one metric at a time",
    size="10,000 resamples of 5,000 images, two systems, 7 metrics",
)
def test_bootstrap(side_by_side, pairs):
    """The intervals of `zsbench compare`, from the same resampling."""
    ours, naive = side_by_side(
        lambda: paired_differences(pairs, resamples=RESAMPLES), lambda: bootstrap_naively(pairs), rounds=1
    )
    for difference, draws in zip(ours, naive, strict=True):
        low, high = np.quantile(draws, [0.025, 0.975])
        assert (difference.low, difference.high) == pytest.approx((low, high), abs=0.1 * (high - low))


@pytest.mark.benchmark(group="10,000 randomisations of 5,000 images, two systems, 7 metrics")
def test_randomisation(benchmark, pairs):
    """The test of `zsbench compare`, all metrics together."""
    found = benchmark.pedantic(randomization_tests, args=(pairs,), kwargs={"resamples": RESAMPLES}, rounds=3)
    assert len(found) == len(pairs)
