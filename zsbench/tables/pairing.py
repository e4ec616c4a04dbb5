"""Differences to another baseline than the run's, from the statistics that records keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from zsbench.errors import ScoringError
from zsbench.judgement.comparability import signature_differences
from zsbench.judgement.difference import measure_seed
from zsbench.judgement.pairing import ScoredExamples, choose_baseline, pair_examples
from zsbench.metrics.rows import row_key
from zsbench.records import CellRecord, read_cell
from zsbench.registry import Registry, make_metric
from zsbench.tables.selection import check_known

__all__ = ["compare_with"]

_PLACE = ("metric", "grouping", "group")
_CELL = ("captioner", "variant", "gap_model", "corpus", "route", "task", "seed", "run")
_FOUND = {
    "difference": "difference",
    "difference_error": "standard_error",
    "difference_low": "low",
    "difference_high": "high",
    "p_value": "p_value",
}


@dataclass
class _Records:
    """Statistics and samples of cells, each read once.

    Attributes:
        runs: Run folders by name.
        registry: Where metrics come from.
    """

    runs: Mapping[str, Path]
    registry: Registry
    cells: dict[tuple[str, str], CellRecord] = field(default_factory=dict)

    def read(self, row: pd.Series) -> ScoredExamples:
        """What the cell of a row has under the row's metric and group."""
        run, cell = place = (row["run"], row["cell"])
        if place not in self.cells:
            self.cells[place] = read_cell(self.runs[run], cell)
        record, key = self.cells[place], _key(row)
        images = {sample.id: sample.image for sample in record.samples if sample.image is not None}
        return ScoredExamples(int(row["seed"]), record.member_ids(key), record.statistics[key], images)


def compare_with(frame: pd.DataFrame, baseline: str, runs: Mapping[str, Path], registry: Registry) -> pd.DataFrame:
    """The frame with differences to another baseline in the place of its own.

    A row is compared with the row of the same metric and group of the cell that ``choose_baseline`` names.

    Args:
        frame: Rows of scores.
        baseline: A captioner of the frame.
        runs: Run folders by the names in the frame.
        registry: Where metrics come from.

    Raises:
        ConfigError: No record is of that captioner.
        UnknownIdError: A metric is not installed.
        ScoringError: The two rows have different signatures.
        MissingDataError: A record has no statistics.
    """
    check_known("captioner", [baseline], frame["captioner"])
    scored = frame[frame["score"].notna()]
    if set(scored.loc[scored["captioner"] != baseline, "baseline"]) == {baseline}:
        return frame
    result = frame.assign(baseline="", comparison_failed="", **dict.fromkeys(_FOUND, float("nan")))
    records = _Records(runs, registry)
    for _, rows in scored.groupby(list(_PLACE), sort=False):
        cells = [{label: row[label] for label in _CELL} for _, row in rows.iterrows()]
        for (index, row), cell in zip(rows.iterrows(), cells, strict=True):
            base = choose_baseline(cell, cells, baseline=baseline)
            if base is not None:
                values = _compare(row, rows.iloc[base], records)
                result.loc[index, list(values)] = list(values.values())
                result.loc[index, "baseline"] = baseline
    return result


def _compare(row: pd.Series, base: pd.Series, records: _Records) -> dict[str, float]:
    """The paired difference of two rows, by column of the frame; the same numbers as in a run."""
    _check_signatures(row, base)
    pairs = pair_examples(records.read(row), records.read(base))
    found = measure_seed(make_metric(records.registry, row["metric"]), _key(row), pairs)
    return {column: getattr(found, name) for column, name in _FOUND.items()}


def _key(row: pd.Series) -> str:
    """The name of a row's statistics."""
    return row_key(row["metric"], row["grouping"] or None, row["group"] or None)


def _check_signatures(row: pd.Series, base: pd.Series) -> None:
    """Refuse to compare scores that are not of the same kind."""
    apart = signature_differences(row["signature"], base["signature"])
    if not apart:
        return
    names = f"{row['captioner']} and of {base['captioner']} on {row['task']}"
    raise ScoringError(
        f"{row['title']} of {names} differ in {'; '.join(apart)}.",
        "Only scores with one signature are compared.",
        "Score both anew with the same settings, or leave one out: `--captioners`.",
    )
