"""Checks of a metric: rows of statistics that stand for their examples, and a score made from their sums.

Shapes: N examples, k statistics an example, R resamples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from zsbench.interfaces import CaptionFeatures, Metric, SimilarityMetric
from zsbench.testing.fakes import TEXTS, FakeEncoder, draw_images
from zsbench.testing.kit import check_for, conforms
from zsbench.testing.subjects import MetricSubject
from zsbench.testing.watch import untouched_randomness

__all__: list[str] = []

Numbers = NDArray[np.float64]
IDS = tuple(f"example-{number:02d}" for number in range(len(TEXTS)))
REFERENCES = {id_: (text,) * 4 for id_, text in zip(IDS, TEXTS, strict=True)}
RIGHT = dict(zip(IDS, TEXTS, strict=True))
"""Every prediction is its reference."""
MIXED = {id_: TEXTS[row if row % 3 else (row + 1) % len(TEXTS)] for row, id_ in enumerate(IDS)}
"""Every third prediction is the reference of another example."""
WRONG = {id_: TEXTS[(row + 1) % len(TEXTS)] for row, id_ in enumerate(IDS)}
TOLERANCE = 1e-9


@check_for("metric")
def check_metric_named(subject: MetricSubject) -> None:
    """The metric has the id of its spec, a title, and a finite factor above 0."""
    metric = subject.make()
    conforms(
        metric.id == subject.name and metric.title.strip() and 0 < metric.factor < np.inf,
        f"Its id is {metric.id!r} (spec: {subject.name!r}), its title {metric.title!r}, its factor {metric.factor}",
        "The id is the spec's, the title heads a column, the factor is what printed scores are multiplied by",
        "Correct the class or the spec",
    )


@check_for("metric")
def check_metric_statistics_shape(subject: MetricSubject) -> None:
    """``statistics`` gives finite float64 numbers, one row an example."""
    statistics = _measure(subject.ready, MIXED)
    shape = np.shape(statistics)
    conforms(
        isinstance(statistics, np.ndarray) and statistics.dtype == np.float64 and shape[:-1] == (len(MIXED),),
        f"{len(MIXED)} predictions gave {type(statistics).__name__} of shape {shape}",
        f"They give a float64 array of shape ({len(MIXED)}, k)",
        "Return one row an example, in the order of the predictions",
    )
    conforms(
        np.isfinite(statistics).all(),
        "Some statistics are not finite",
        "They are finite, also for predictions that share nothing with the references",
        "Guard divisions and logarithms where scores are made from sums, not before",
    )


@check_for("metric")
def check_metric_permutation_equivariant(subject: MetricSubject) -> None:
    """Predictions in another order give the same rows in that order."""
    metric = subject.ready
    forward = _measure(metric, MIXED)
    backward = _measure(metric, dict(reversed(MIXED.items())))
    conforms(
        np.allclose(forward, backward[::-1], rtol=0, atol=TOLERANCE),
        "Predictions in reverse order gave other rows",
        "Row i belongs to the i-th prediction, whatever stands beside it",
        "Keep no state between examples, and rows in the order of `predictions`",
    )


@check_for("metric")
def check_metric_subset_equal(subject: MetricSubject) -> None:
    """A part of the predictions gives its part of the rows: what depends on the whole split is in ``prepare``."""
    metric = subject.ready
    whole, part = _measure(metric, MIXED), _measure(metric, {id_: MIXED[id_] for id_ in IDS[:4]})
    conforms(
        np.allclose(whole[:4], part, rtol=0, atol=TOLERANCE),
        "Four predictions alone gave other rows than among twelve",
        "An example's statistics depend on its prediction and on what `prepare` made of all references",
        "Move document frequencies and the like into `prepare`",
    )


@check_for("metric")
def check_metric_aggregates_sums(subject: MetricSubject) -> None:
    """The score of several samples at once is that of each alone, from sums and counts."""
    metric = subject.ready
    statistics = _measure(metric, MIXED)
    parts = [statistics, statistics[:4], statistics[4:]]
    alone = [metric.aggregate(part) for part in parts]
    sums, counts = np.stack([part.sum(axis=0) for part in parts]), np.array([float(len(part)) for part in parts])
    together = np.asarray(metric.aggregate_sums(sums, counts))
    conforms(
        together.shape == (len(parts),) and np.allclose(together, alone, rtol=0, atol=TOLERANCE),
        f"Three samples scored together gave {together.tolist()}, one by one {alone}",
        "`aggregate_sums` takes (R, k) sums and R counts, and gives (R,) scores: the bootstrap relies on it",
        "Write it with array operations along the last axis",
    )
    values = np.asarray(metric.values(statistics))
    conforms(
        values.shape == (len(MIXED),) and np.isfinite(values).all(),
        f"`values` gave shape {values.shape}",
        "It gives one finite score an example",
        "Let `aggregate_sums` work for a count of 1",
    )


@check_for("metric")
def check_metric_right_beats_wrong(subject: MetricSubject) -> None:
    """Predictions equal to their references score above those of other examples."""
    metric = subject.ready
    right, wrong = metric.aggregate(_measure(metric, RIGHT)), metric.aggregate(_measure(metric, WRONG))
    conforms(
        right > wrong,
        f"References score {right:.4f}, references of other examples {wrong:.4f}",
        "Higher is better",
        "Turn it round: a distance becomes a score with a minus sign",
    )


@check_for("metric")
def check_metric_inputs_unmodified(subject: MetricSubject) -> None:
    """Predictions and references are not changed, and no global random state is moved."""
    metric, said, right = subject.ready, dict(MIXED), {id_: list(texts) for id_, texts in REFERENCES.items()}
    with untouched_randomness():
        _measure(metric, said, right)
    conforms(
        said == MIXED and right == {id_: list(texts) for id_, texts in REFERENCES.items()},
        "Predictions or references were changed",
        "Inputs are not modified: the next metric gets the same",
        "Build new containers",
    )


@check_for("metric")
def check_metric_record_round_trip(subject: MetricSubject) -> None:
    """The score and what its signature adds can be recorded as JSON."""
    metric = subject.ready
    fields = metric.signature_fields(metric.prepare(dict(REFERENCES)))
    row = {"score": metric.aggregate(_measure(metric, MIXED)), "signature": fields}
    try:
        read = json.loads(json.dumps(row, allow_nan=False))
    except (TypeError, ValueError) as error:
        read = error
    conforms(
        read == row and all(isinstance(value, str) for value in fields.values()),
        f"The row {row} cannot be recorded: {read}",
        "The score is a finite float, and `signature_fields` maps str to str",
        "Convert with float() and str()",
    )


def _measure(metric: Metric, said: Mapping[str, str], right: Mapping[str, Sequence[str]] | None = None) -> Numbers:
    """Statistics of some predictions; the texts are plain words, which every tokenisation leaves as they are."""
    prepared = metric.prepare(right or dict(REFERENCES))
    if isinstance(metric, SimilarityMetric):
        return metric.similarity_statistics(_features(said))
    return metric.statistics(said, prepared)


def _features(said: Mapping[str, str]) -> CaptionFeatures:
    """What the fake encoder says; the image of an example is as near to its reference as can be."""
    encoder = FakeEncoder()
    encoder.load()
    rows = [IDS.index(id_) for id_ in said]
    right = encoder.encode_texts([TEXTS[row] for row in rows]).double().numpy()
    noise = encoder.encode_images(draw_images(len(IDS))).pooled.double().numpy()[rows]
    images = right + 0.1 * noise
    return CaptionFeatures(
        images=images / np.linalg.norm(images, axis=-1, keepdims=True),
        captions=encoder.encode_texts(list(said.values())).double().numpy(),
        references=[row[None] for row in right],
        encoder="zsbench-testing",
    )
