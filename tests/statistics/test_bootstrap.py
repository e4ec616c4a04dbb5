import importlib

import numpy as np
import pytest

from zsbench.interfaces.metric import Metric
from zsbench.metrics.bleu import Bleu
from zsbench.statistics import bootstrap, bootstrap_all, cluster_codes
from zsbench.statistics.bootstrap import iter_weights, resample_sums


class Mean(Metric):
    id = "mean"
    title = "Mean"

    def prepare(self, references):
        return None

    def statistics(self, predictions, prepared):
        return np.array([[float(text)] for text in predictions.values()])

    def aggregate_sums(self, sums, count):
        return sums[:, 0] / count


def bleu_rows(count, seed=0):
    rng = np.random.default_rng(seed)
    guesses = rng.integers(4, 12, size=(count, 1)) - np.arange(2)
    return np.hstack(
        [rng.binomial(guesses, 0.6), guesses, guesses[:, :1], rng.integers(4, 12, size=(count, 1))]
    ).astype(float)


def test_weights_are_draws_with_replacement():
    """Each resample draws N examples, every example as often as any other, in chunks that do not matter."""
    weights = np.vstack(list(iter_weights(300, resamples=4000, seed=1)))
    assert weights.shape == (4000, 300)
    assert (weights.sum(axis=1) == 300).all()
    assert np.abs(weights.mean(axis=0) - 1).max() < 0.1
    assert weights.var() == pytest.approx(1 - 1 / 300, abs=0.01)


def test_sums_equal_rows_drawn_one_by_one(monkeypatch):
    """The matrix product gives what indexing rows gives, whatever the chunk size."""
    rows = bleu_rows(50)
    counts = np.vstack(list(iter_weights(50, resamples=200, seed=3))).astype(int)
    direct = np.array([rows[np.repeat(np.arange(50), count)].sum(axis=0) for count in counts])
    np.testing.assert_allclose(resample_sums(rows, resamples=200, seed=3), direct)
    monkeypatch.setattr(importlib.import_module("zsbench.statistics.bootstrap"), "_CHUNK_CELLS", 50 * 7)
    np.testing.assert_allclose(resample_sums(rows, resamples=200, seed=3), direct)


def test_corpus_metric_equals_the_slow_bootstrap():
    """BLEU's interval is that of re-aggregating resampled examples one resample at a time."""
    metric, rows = Bleu(2), bleu_rows(60)
    found = bootstrap(metric, rows, resamples=500, seed=7)
    ordered = rows[np.lexsort(rows.T[::-1])]
    counts = np.vstack(list(iter_weights(60, resamples=500, seed=7))).astype(int)
    scores = [metric.aggregate(ordered[np.repeat(np.arange(60), count)]) for count in counts]
    assert found.score == pytest.approx(metric.aggregate(rows))
    assert found.standard_error == pytest.approx(np.std(scores, ddof=1))
    assert (found.low, found.high) == pytest.approx(np.quantile(scores, [0.025, 0.975]))


def test_standard_error_of_a_mean_is_the_textbook_one():
    """With many resamples the standard error is s / sqrt(n)."""
    rows = np.random.default_rng(0).normal(size=(400, 1))
    found = bootstrap(Mean(), rows, resamples=20_000, seed=1)
    assert found.standard_error == pytest.approx(rows.std() / np.sqrt(400), rel=0.03)
    assert found.low < found.score < found.high


def test_order_of_examples_does_not_matter():
    """Shuffled examples give the same interval to the last bit."""
    rows = bleu_rows(200)
    shuffled = np.random.default_rng(5).permutation(rows)
    assert bootstrap(Bleu(2), rows, resamples=300, seed=2) == bootstrap(Bleu(2), shuffled, resamples=300, seed=2)


def test_seed_decides_and_global_state_stays():
    """Equal seeds give equal intervals, others do not, and numpy's own generator is not touched."""
    before = np.random.get_state()[1].copy()  # noqa: NPY002  the state that must not change
    rows = bleu_rows(100)
    first, again, other = (bootstrap(Bleu(2), rows, resamples=200, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002  as above


def test_metrics_together_have_the_intervals_of_each_alone():
    """Sharing the draws changes nothing for any metric."""
    measured = [(Bleu(2), bleu_rows(80)), (Mean(), np.random.default_rng(1).random((80, 1)))]
    together = bootstrap_all(measured, resamples=300, seed=4)
    for (metric, rows), found in zip(measured, together, strict=True):
        alone = bootstrap(metric, rows, resamples=300, seed=4)
        assert (found.standard_error, found.low, found.high) == pytest.approx(
            (alone.standard_error, alone.low, alone.high)
        )
    assert bootstrap_all([]) == []


def test_interval_covers_the_truth_as_often_as_it_says():
    """Of 300 samples of a skewed score the 95 % interval covers the true mean in 90 to 99 %."""
    rng = np.random.default_rng(11)
    covered = 0
    for trial in range(300):
        found = bootstrap(Mean(), rng.exponential(size=(80, 1)), resamples=400, seed=trial)
        covered += found.low <= 1.0 <= found.high
    assert 0.90 * 300 <= covered <= 0.99 * 300


def test_examples_of_one_cluster_are_drawn_together():
    """Ten equal rows a cluster: the error is that of the clusters, the score that of the rows."""
    values = np.random.default_rng(3).random(50)
    rows, clusters = np.repeat(values, 10)[:, None], np.repeat(np.arange(50), 10)
    tied = bootstrap(Mean(), rows, resamples=2000, seed=1, clusters=clusters)
    assert tied.score == pytest.approx(values.mean())
    assert tied.standard_error == pytest.approx(values.std() / 50**0.5, rel=0.05)
    assert bootstrap(Mean(), rows, resamples=2000, seed=1).standard_error < 0.4 * tied.standard_error


def test_clusters_of_unequal_size_keep_the_mean_a_mean():
    """A resample's score divides by the examples that it holds."""
    rows = np.ones((30, 1))
    found = bootstrap(Mean(), rows, resamples=200, seed=0, clusters=np.repeat([0, 1, 2], [1, 9, 20]))
    assert (found.low, found.high) == (1.0, 1.0)


def test_cluster_codes_are_none_where_nothing_is_shared():
    """Only examples that belong together make clusters; one without an entry stands alone."""
    assert cluster_codes(["a", "b"], {}) is None
    assert cluster_codes(["a", "b"], {"a": "1", "b": "2"}) is None
    assert cluster_codes(["a", "b", "c", "1"], {"a": "1", "b": "1"}).tolist() == [0, 0, 1, 2]
