import random

import numpy as np
import pytest

from zsbench.metrics.bleu import Bleu
from zsbench.metrics.cider import CiderD
from zsbench.metrics.rouge import RougeL, longest_common_subsequence

REFERENCES = {"a": ["a dog runs", "the dog is running"], "b": ["a cat", "one cat sits"], "c": ["two men eat"]}


def measure(metric, predictions, references):
    return metric.statistics(predictions, metric.prepare(references))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_bleu_equals_pycocoevalcap(awkward, n):
    """Corpus score and each image's score are those of pycocoevalcap."""
    from pycocoevalcap.bleu.bleu import Bleu as TheirBleu

    scores, values = TheirBleu(n).compute_score(awkward.their_references, awkward.their_predictions, verbose=0)
    metric = Bleu(n)
    rows = measure(metric, awkward.predictions, awkward.references)
    assert rows.shape == (1000, 2 * n + 2)
    assert metric.aggregate(rows) == pytest.approx(scores[n - 1], abs=1e-9)
    np.testing.assert_allclose(metric.values(rows), values[n - 1], atol=1e-9)


def test_rouge_equals_pycocoevalcap(awkward):
    """Mean and each image's score are those of pycocoevalcap."""
    from pycocoevalcap.rouge.rouge import Rouge

    score, values = Rouge().compute_score(awkward.their_references, awkward.their_predictions)
    rows = measure(RougeL(), awkward.predictions, awkward.references)
    assert RougeL().aggregate(rows) == pytest.approx(score, abs=1e-9)
    np.testing.assert_allclose(rows[:, 0], values, atol=1e-9)


def test_cider_equals_pycocoevalcap(awkward):
    """Mean and each image's score are those of pycocoevalcap on the full split."""
    from pycocoevalcap.cider.cider import Cider

    score, values = Cider().compute_score(awkward.their_references, awkward.their_predictions)
    rows = measure(CiderD(), awkward.predictions, awkward.references)
    assert score > 0.1
    assert CiderD().aggregate(rows) == pytest.approx(score, abs=1e-9)
    np.testing.assert_allclose(rows[:, 0], values, atol=1e-9)


@pytest.mark.parametrize("metric", [Bleu(4), RougeL(), CiderD()], ids=lambda metric: metric.id)
def test_part_of_a_split_scores_what_it_does_within_the_whole(awkward, metric):
    """Rows under a limit, in any order, are the rows of the full split: idf is frozen."""
    prepared = metric.prepare(awkward.references)
    full = dict(zip(awkward.predictions, metric.statistics(awkward.predictions, prepared), strict=True))
    part = list(awkward.predictions)[::-97]
    rows = metric.statistics({id_: awkward.predictions[id_] for id_ in part}, prepared)
    np.testing.assert_array_equal(rows, [full[id_] for id_ in part])


@pytest.mark.parametrize("metric", [Bleu(1), Bleu(4), RougeL(), CiderD()], ids=lambda metric: metric.id)
def test_no_predictions_give_no_rows(metric):
    """An empty set of predictions has statistics of no rows."""
    assert len(measure(metric, {}, REFERENCES)) == 0


def test_bleu_counts_are_what_they_say():
    """Clipped matches, numbers of n-grams, length and closest reference length, by hand."""
    rows = measure(Bleu(2), {"a": "the the dog runs"}, REFERENCES)
    assert rows.tolist() == [[3, 2, 4, 3, 4, 4]]


def test_bleu_takes_the_shorter_of_two_equally_near_references():
    """Lengths 1 and 3 are equally near to 2; 1 counts."""
    rows = measure(Bleu(1), {"a": "x y"}, {"a": ["x y z", "x"]})
    assert rows[0, -1] == 1


def test_cider_signature_tells_references_apart():
    """The idf hash changes with a reference and not with the order of images."""
    metric = CiderD()

    def idf(references):
        return metric.signature_fields(metric.prepare(references))["idf"]

    assert idf(REFERENCES).startswith("3:")
    assert idf(dict(reversed(REFERENCES.items()))) == idf(REFERENCES)
    assert idf({**REFERENCES, "c": ["two men drink"]}) != idf(REFERENCES)


def test_cider_of_one_image_is_zero():
    """With one image every idf is 0, and the score 0 rather than NaN."""
    assert measure(CiderD(), {"a": "a dog"}, {"a": ["a dog"]}).tolist() == [[0.0]]


def test_longest_common_subsequence_equals_the_table():
    """The bit-parallel length is that of the textbook table, for many random pairs."""
    rng = random.Random(0)
    for _ in range(300):
        first = [rng.choice("abcd") for _ in range(rng.randint(0, 80))]
        second = [rng.choice("abcde") for _ in range(rng.randint(0, 80))]
        table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
        for i, one in enumerate(first):
            for j, other in enumerate(second):
                table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
        assert longest_common_subsequence(first, second) == table[-1][-1]
