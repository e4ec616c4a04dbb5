"""BLEU, ROUGE-L and CIDEr-D of a thousand tokenised captions, ours and pycocoevalcap's: read the ratio."""

from __future__ import annotations

import random

import pytest

from zsbench.metrics.catalogue import bleu_1, bleu_2, bleu_3, bleu_4, cider_d, rouge_l

IMAGES = 1000
WORDS = [f"word{number}" for number in range(300)]


@pytest.fixture(scope="module")
def texts():
    """References and predictions of random words."""
    rng = random.Random(0)
    say = lambda: " ".join(rng.choices(WORDS, k=rng.randint(6, 14)))  # noqa: E731
    return {str(n): [say() for _ in range(5)] for n in range(IMAGES)}, {str(n): say() for n in range(IMAGES)}


@pytest.mark.benchmark(group="scores of 1,000 captions, references prepared once")
def test_ours(benchmark, texts):
    """Statistics and scores of six metrics; a matrix prepares references once."""
    references, predictions = texts
    metrics = [bleu_1(), bleu_2(), bleu_3(), bleu_4(), rouge_l(), cider_d()]
    prepared = [metric.prepare(references) for metric in metrics]

    def score():
        return [m.aggregate(m.statistics(predictions, p)) for m, p in zip(metrics, prepared, strict=True)]

    assert all(0 <= value < 10 for value in benchmark(score))


@pytest.mark.benchmark(group="scores of 1,000 captions, references prepared once")
def test_pycocoevalcap(benchmark, texts):
    """The same six numbers by the community's scorers."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    references, predictions = texts
    hypotheses = {id_: [text] for id_, text in predictions.items()}

    def score():
        bleu = Bleu(4).compute_score(references, hypotheses, verbose=0)[0]
        return [
            *bleu,
            Rouge().compute_score(references, hypotheses)[0],
            Cider().compute_score(references, hypotheses)[0],
        ]

    assert all(0 <= value < 10 for value in benchmark(score))
