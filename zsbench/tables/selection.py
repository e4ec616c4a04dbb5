"""What of a frame is shown, and which labels make a row or a column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from zsbench.errors import ConfigError, closest
from zsbench.judgement.significance import is_asked

__all__ = ["LABELS", "PLACES", "TableChoice", "check_known", "select_rows"]

LABELS = {
    "captioner": "Captioner",
    "variant": "Variant",
    "gap_model": "Gap model",
    "corpus": "Train on",
    "route": "Route",
    "encoder": "Encoder",
    "language_model": "LM",
    "supervision": "Supervision",
    "seed": "Seed",
    "run": "Run",
}
"""Labels of a system, with their headings, in table order."""

PLACES = {"task": "Test on", "metric": "Metric", "group": "Group"}
"""Labels of a score beside its system's."""


@dataclass(frozen=True, kw_only=True)
class TableChoice:
    """What to show and how.

    Attributes:
        rows: Labels that make a row: any of ``LABELS`` and ``PLACES``. None: the labels of a system but for the seed.
        columns: Labels that make a column. None: an overview and a table of each task, with columns of metrics and
            groups.
        tasks: Ids to keep. None: all.
        metrics: Ids to keep. None: all.
        captioners: Ids to keep. None: all.
        corpora: Ids to keep. None: all.
        interval: Whether 95 % intervals stand beside scores instead of standard errors.
    """

    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    captioners: tuple[str, ...] = ()
    corpora: tuple[str, ...] = ()
    interval: bool = False

    def __post_init__(self) -> None:
        """Refuse labels that do not exist or stand twice.

        Raises:
            ConfigError: There is no such label, or it is in rows and in columns.
        """
        known = [*LABELS, *PLACES]
        check_known("label", (*self.rows, *self.columns), known)
        twice = {label for label in self.rows if label in self.columns}
        if twice:
            raise ConfigError(
                f"{', '.join(sorted(twice))} is to make rows and columns.",
                "A label makes one of the two.",
                "Remove it from `--rows` or `--columns`.",
                source="the command line",
                key="rows",
            )


def select_rows(frame: pd.DataFrame, choice: TableChoice, *, every_group: bool = False) -> pd.DataFrame:
    """The rows of a frame that a choice keeps and tables show; rows that several runs share stand once.

    Args:
        frame: What ``build_frame`` made of result records.
        choice: What to keep.
        every_group: Keep every metric of every group that was scored. Otherwise only those are kept that tables show:
            the task's main metric, of the groupings of the task's card.

    Raises:
        ConfigError: A filter names what no record has.
    """
    if "supervision" not in frame:
        frame = frame.assign(supervision="")
    for column, label, wanted in (
        ("task", "task", choice.tasks),
        ("captioner", "captioner", choice.captioners),
        ("corpus", "corpus", choice.corpora),
    ):
        if wanted:
            check_known(label, wanted, frame[column])
            frame = frame[frame[column].isin([*wanted, ""] if column == "corpus" else wanted)]
    if choice.metrics:
        check_known("metric", choice.metrics, frame["metric"])
        frame = frame[frame["metric"].isin([*choice.metrics, ""])]
    shown = frame if every_group else frame[_is_shown(frame)]
    return _without_repeats(shown).reset_index(drop=True)


def check_known(kind: str, wanted: Iterable[str], values: Iterable[str]) -> None:
    """Refuse a name that is not among some values.

    Raises:
        ConfigError: With the values and the closest of them.
    """
    known = [value for value in dict.fromkeys(values) if value]
    for name in wanted:
        if name not in known:
            near = closest(name, known)
            raise ConfigError(
                f"There is no {kind} {name!r} to show.",
                f"There are: {', '.join(known) or 'none'}.",
                f"Did you mean {near!r}?" if near else "Name one of them.",
                source="the command line",
                key=kind,
            )


def _is_shown(frame: pd.DataFrame) -> list[bool]:
    """Whether each row is a score of the whole, or the main metric of a group that the task's card shows."""
    return [
        is_asked(metric, grouping, main) and grouping in {"", headline, *groupings.split(",")}
        for grouping, metric, main, headline, groupings in zip(
            frame["grouping"],
            frame["metric"],
            frame["main_metric"],
            frame["headline_grouping"],
            frame["groupings"],
            strict=True,
        )
    ]


def _without_repeats(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with cells that several runs share taken from the first of them, with its differences."""
    system = [label for label in LABELS if label != "run"]
    return frame.drop_duplicates(
        [*system, "task", "metric", "grouping", "group", "score", "signature", "status", "reason"]
    )
