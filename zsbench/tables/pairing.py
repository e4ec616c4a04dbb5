"""Differences to another baseline than the run's, from the statistics that records keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from zsbench.errors import ScoringError
from zsbench.interfaces.metric import Metric
from zsbench.interfaces.specs import MetricSpec
from zsbench.metrics import Signature
from zsbench.metrics.rows import row_key
from zsbench.records import read_samples, read_statistics
from zsbench.registry import Registry, load_object
from zsbench.seeds import derive_seed
from zsbench.statistics import paired_difference
from zsbench.tables.selection import check_known

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat

__all__ = ["compare_with"]


@dataclass
class _Records:
    """Statistics and ids of cells, each read once.

    Attributes:
        runs: Run folders by name.
        registry: Where metrics come from.
    """

    runs: Mapping[str, Path]
    registry: Registry
    statistics: dict[tuple[str, str], dict[str, NDArrayFloat]] = field(default_factory=dict)
    ids: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def read(self, place: tuple[str, str]) -> dict[str, NDArrayFloat]:
        """The statistics of a cell, and its ids on the side."""
        if place not in self.statistics:
            run, cell = place
            self.statistics[place] = read_statistics(self.runs[run], cell)
            samples = read_samples(self.runs[run], cell)
            self.ids[place] = [sample["id"] for sample in samples if "error" not in sample]
        return self.statistics[place]

    def metric(self, id_: str) -> Metric:
        """A metric, to aggregate statistics."""
        metric: Metric = load_object(self.registry.get(MetricSpec, id_).factory)()
        return metric


def compare_with(frame: pd.DataFrame, baseline: str, runs: Mapping[str, Path], registry: Registry) -> pd.DataFrame:
    """The frame with differences to another baseline in the place of its own.

    A row is compared with the baseline's row of the same task, seed, metric and group, on the same corpus and with the
    same gap model where the baseline has one; the same route and settings come first.

    Args:
        frame: Rows of scores.
        baseline: A captioner of the frame.
        runs: Run folders by the names in the frame.
        registry: Where metrics come from.

    Raises:
        ConfigError: No record is of that captioner.
        UnknownIdError: A metric is not installed.
        ScoringError: The two rows have different signatures or examples.
        MissingDataError: A record has no statistics.
    """
    check_known("captioner", [baseline], frame["captioner"])
    scored = frame[frame["score"].notna()]
    if set(scored.loc[scored["captioner"] != baseline, "baseline"]) == {baseline}:
        return frame
    result = frame.copy()
    result["baseline"] = ""
    for column in ("difference", "difference_error", "difference_low", "difference_high", "p_value"):
        result[column] = float("nan")
    records = _Records(runs, registry)
    bases = scored[scored["captioner"] == baseline]
    for index, row in scored[scored["captioner"] != baseline].iterrows():
        base = _baseline_of(row, bases)
        if base is not None:
            values = _compare(row, base, records)
            result.loc[index, list(values)] = list(values.values())
            result.loc[index, "baseline"] = baseline
    return result


def _baseline_of(row: pd.Series, bases: pd.DataFrame) -> pd.Series | None:
    """The baseline's row to compare with, None if there is none."""
    for column in ("task", "seed", "metric", "grouping", "group"):
        bases = bases[bases[column] == row[column]]
    for column in ("corpus", "gap_model"):
        bases = bases[bases[column].isin([row[column], ""])]
    if bases.empty:
        return None
    apart = [
        (base["route"] != row["route"], base["variant"] != row["variant"], base["run"] != row["run"])
        for _, base in bases.iterrows()
    ]
    return bases.iloc[apart.index(min(apart))]


def _compare(row: pd.Series, base: pd.Series, records: _Records) -> dict[str, float]:
    """The paired difference of two rows, by column of the frame; the same numbers as in a run."""
    _check_signatures(row, base)
    places = (row["run"], row["cell"]), (base["run"], base["cell"])
    own, other = (records.read(place) for place in places)
    _check_examples(row, base, [records.ids[place] for place in places])
    key = row_key(row["metric"], row["grouping"] or None, row["group"] or None)
    found = paired_difference(records.metric(row["metric"]), own[key], other[key], seed=derive_seed("compare", key))
    return {
        "difference": found.difference,
        "difference_error": found.standard_error,
        "difference_low": found.low,
        "difference_high": found.high,
        "p_value": found.p_value,
    }


def _check_signatures(row: pd.Series, base: pd.Series) -> None:
    """Refuse to compare scores that are not of the same kind."""
    if row["signature"] == base["signature"]:
        return
    apart = Signature.parse(row["signature"]).differences(Signature.parse(base["signature"]))
    names = f"{row['captioner']} and of {base['captioner']} on {row['task']}"
    raise ScoringError(
        f"{row['title']} of {names} differ in {'; '.join(apart)}.",
        "Only scores with one signature are compared.",
        "Score both anew with the same settings, or leave one out: `--captioners`.",
    )


def _check_examples(row: pd.Series, base: pd.Series, ids: Sequence[Sequence[str]]) -> None:
    """Refuse to pair examples that are not the same, one by one."""
    if ids[0] != ids[1]:
        raise ScoringError(
            f"{row['captioner']} and {base['captioner']} on {row['task']} were not scored on the same examples.",
            "A paired comparison needs the same examples in the same order.",
            "Run both again with the same data and the same `--limit`.",
        )
