"""Published rows fitted into the columns of a table of measured ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from zsbench.reported import ReportedRow
from zsbench.tables.cells import ABSENT, Notes
from zsbench.tables.grid import Column, Grid, value_of
from zsbench.tables.layout import Cell

__all__ = ["PublishedRow", "match_reported", "tell_source"]


@dataclass
class PublishedRow:
    """One method as published, with a printed score for each column that it has one for.

    Attributes:
        names: By label, as of a measured row.
        scores: By place of the column.
        sources: Footnotes.
    """

    names: Mapping[str, str]
    scores: list[str]
    sources: dict[str, None] = field(default_factory=dict)

    def cells(self, shown: Sequence[str], tasks: Iterable[str], notes: Notes) -> tuple[Cell, ...]:
        """The row as cells, its sources as footnotes of its name."""
        names = [Cell(self._text(label, tasks)) for label in shown]
        numbers = tuple(notes.number(source) for source in self.sources)
        place = shown.index("captioner")
        names[place] = Cell(f"{self.names['captioner']}, reported", notes=numbers)
        return (*names, *(Cell(score) if score else ABSENT for score in self.scores))

    def _text(self, label: str, tasks: Iterable[str]) -> str:
        """What stands under one label."""
        return ", ".join(tasks) if label == "task" else self.names.get(label) or "–"


def match_reported(reported: Sequence[ReportedRow], grid: Grid, labels: Sequence[str]) -> list[PublishedRow]:
    """The published rows that have a score for a column; one method on one corpus is one row.

    Args:
        reported: Published numbers.
        grid: The measured ones; without captioners as rows there is no place for published ones.
        labels: What makes columns, if somebody chose it.
    """
    if "captioner" not in grid.labels or "task" in grid.labels or set(labels) - {"corpus", "task", "metric", "group"}:
        return []
    rows: dict[tuple[tuple[str, str], ...], PublishedRow] = {}
    for entry in reported:
        scores = [_score(entry, column, labels) for column in grid.columns]
        if any(scores):
            values = _values(entry, labels)
            empty = PublishedRow(values, [""] * len(scores))
            row = rows.setdefault(tuple(values.items()), empty)
            row.scores = [new or old for new, old in zip(scores, row.scores, strict=True)]
            row.sources[tell_source(entry)] = None
    return list(rows.values())


def tell_source(entry: ReportedRow) -> str:
    """The footnote of a published row: where its numbers come from."""
    parts = [
        f"reported in {entry.source.title}, {entry.table} ({entry.source.where})",
        f"encoder {entry.backbone}" if entry.backbone else "",
        f"language model {entry.language_model}" if entry.language_model else "",
        f"run by {entry.run_by}",
        entry.notes,
    ]
    return "; ".join(part for part in parts if part)


def _values(entry: ReportedRow, labels: Sequence[str]) -> dict[str, str]:
    """What a published row has for the labels of measured ones."""
    values = {
        "captioner": entry.method,
        "corpus": entry.corpus or "",
        "encoder": entry.backbone or "",
        "language_model": entry.language_model or "",
    }
    return {label: value for label, value in values.items() if label not in labels}


def _score(entry: ReportedRow, column: Column, labels: Sequence[str]) -> str:
    """The printed score under one column, empty without."""
    corpora = {value_of(summary, "corpus") for summary in column.summaries}
    if not column.summaries or column.mixed or ("corpus" in labels and corpora != {entry.corpus or ""}):
        return ""
    task, metric, grouping, group = column.summaries[0].place
    fits = (entry.task, entry.grouping or "", entry.group or "") == (task, grouping, group)
    return str(float(entry.scores[metric])) if fits and metric in entry.scores else ""
