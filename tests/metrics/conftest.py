"""A split of awkward captions, tokenised by pycocoevalcap and by us."""

import os
import random
import stat
from dataclasses import dataclass

import pytest

from zsbench.metrics import java
from zsbench.metrics.meteor import Meteor
from zsbench.metrics.ptb import tokenize_blocks
from zsbench.metrics.sanitize import sanitize_caption

IMAGES = 1000
WORDS = [
    "a",
    "the",
    "dog",
    "cat",
    "man",
    "woman",
    "is",
    "are",
    "running",
    "sitting",
    "on",
    "in",
    "of",
    "with",
    "red",
    "blue",
    "table's",
    "don't",
    "(small)",
    '"quoted"',
    "it's",
    "well-known",
    "no.",
    "etc.",
    "U.S.",
    "1/2",
    "$5",
    "|",
    "||",
    "|||",
    "café",
    "日本",
    "🐶",
    "naïve",
    "...",
    "--",
    ";",
    ":",
    "!",
    "?",
    ",",
    "<b>",
    "&amp;",
    "http://x.y/z",
    "Dogs",
    "dogs",
    "run",
    "’s",
    "“x”",
    "\xa0",
    "\u200b",
]
BREAKS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\t", "\0"]


@dataclass(frozen=True)
class Awkward:
    """Raw texts, and the tokens of pycocoevalcap (``their_``) and of zsbench."""

    raw_references: dict
    raw_predictions: dict
    their_references: dict
    their_predictions: dict
    references: dict
    predictions: dict


def _caption(rng):
    kind = rng.random()
    if kind < 0.03:
        return rng.choice(["", " ", "...", "!?", "'", "-", "``", "|||", "\n"])
    if kind < 0.06:
        return rng.choice(WORDS)
    length = 200 if kind < 0.063 else rng.randint(3, 14)
    words = [rng.choice(WORDS) for _ in range(length)]
    if rng.random() < 0.2:
        words.insert(rng.randrange(length), rng.choice(BREAKS))
    return " ".join(words) + rng.choice(["", ".", " etc.", " no."])


def _prediction(rng, references):
    kind = rng.random()
    if kind < 0.4:
        return _caption(rng)
    if kind < 0.6:
        return references[0]
    return " ".join(references[1].split()[: rng.randint(1, 9)])


@pytest.fixture(scope="session")
def java_on_path():
    """``java`` on the path for pycocoevalcap, which knows no other."""
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{java.find_java().parent}{os.pathsep}{before}"
    yield
    os.environ["PATH"] = before


@pytest.fixture(scope="session")
def awkward(java_on_path):
    """1,000 images with 5 references each, and a prediction for each image."""
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    rng = random.Random(3)
    references = {f"{index:04}": [_caption(rng) for _ in range(5)] for index in range(IMAGES)}
    predictions = {id_: _prediction(rng, texts) for id_, texts in references.items()}
    clean = {id_: [{"caption": sanitize_caption(text)} for text in texts] for id_, texts in references.items()}
    clean_predictions = {id_: [{"caption": sanitize_caption(text)}] for id_, text in predictions.items()}
    flat, tokens = tokenize_blocks([[t for texts in references.values() for t in texts], list(predictions.values())])
    rest = iter(flat)
    return Awkward(
        references,
        predictions,
        PTBTokenizer().tokenize(clean),
        PTBTokenizer().tokenize(clean_predictions),
        {id_: [next(rest) for _ in texts] for id_, texts in references.items()},
        dict(zip(predictions, tokens, strict=True)),
    )


@pytest.fixture(scope="session")
def their_meteor(java_on_path):
    """One METEOR process of pycocoevalcap; it loads while other things happen."""
    from pycocoevalcap.meteor.meteor import Meteor as TheirMeteor

    theirs = TheirMeteor()
    yield theirs
    for pipe in (theirs.meteor_p.stdin, theirs.meteor_p.stdout, theirs.meteor_p.stderr):
        pipe.close()


@pytest.fixture(scope="session")
def our_meteor(their_meteor):
    """One METEOR process of ours for every test that needs the real one; both load side by side."""
    metric = Meteor()
    metric.statistics({"a": "a dog"}, metric.prepare({"a": ["a dog"]}))
    yield metric
    metric.close()


@pytest.fixture(scope="session")
def their_scores(awkward, our_meteor, their_meteor):
    """Every score of pycocoevalcap on the awkward split, by our metric's id, from the tokens of its own tokeniser."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    references, predictions = awkward.their_references, awkward.their_predictions
    scores = {f"bleu-{n + 1}": score for n, score in enumerate(Bleu(4).compute_score(references, predictions, 0)[0])}
    bare = {id_: [text.replace("|||", "").replace("  ", " ") for text in texts] for id_, texts in references.items()}
    return {
        **scores,
        "rouge-l": Rouge().compute_score(references, predictions)[0],
        "cider-d": Cider().compute_score(references, predictions)[0],
        "meteor": their_meteor.compute_score(bare, predictions)[0],
    }


@pytest.fixture
def fake_java(tmp_path, monkeypatch):
    """Replaces Java by a Python script; the script sees the same arguments, streams and folder."""

    def install(source):
        import sys

        script = tmp_path / "java"
        script.write_text(f"#!{sys.executable}\n{source}\n", encoding="utf-8")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(java, "find_java", lambda: script)

    return install
