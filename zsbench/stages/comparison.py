"""The stage compare: paired differences of a cell to the baseline's cell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zsbench.errors import ScoringError, few
from zsbench.files import write_text
from zsbench.fingerprints import hash_json
from zsbench.judgement.difference import measure_seed
from zsbench.judgement.pairing import ScoredExamples, pair_examples
from zsbench.metrics.rows import row_key
from zsbench.stages.references import METRIC_LIBRARIES, MetricSet
from zsbench.stages.score_files import find_images, find_members, read_scores, read_stage_statistics
from zsbench.stages.stage import Stage

if TYPE_CHECKING:
    from zsbench.components import TaskChoice
    from zsbench.interfaces.specs import Factory
    from zsbench.stages.context import StageContext
    from zsbench.stages.scoring import Scoring

__all__ = ["Comparison"]

FILE = "differences.json"


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison(Stage):
    """Writes ``differences.json``: a row for each metric of the whole, and of each group that the card shows.

    Attributes:
        task: Whose examples.
        metrics: What was scored by.
        scoring: Of the cell.
        baseline: Of the cell that it is compared with.
    """

    kind: ClassVar[str] = "compare"
    turn: ClassVar[int] = 6
    libraries: ClassVar[tuple[str, ...]] = METRIC_LIBRARIES
    computes: ClassVar[bool] = False

    task: TaskChoice
    metrics: MetricSet
    scoring: Scoring
    baseline: Scoring

    @property
    def label(self) -> str:
        """Both cells and the task."""
        return f"{self.scoring.name} against {self.baseline.name} on {self.task.id}"

    @property
    def inputs(self) -> tuple[Stage, ...]:
        """Both scorings."""
        return (self.scoring, self.baseline)

    def material(self) -> Mapping[str, Any]:
        """Metrics, the groups that are compared and which side is the baseline; examples are the scorings'."""
        shown = sorted(grouping for grouping in self._shown if grouping is not None)
        images = hash_json([item.row for item in self.task.items])
        return {**self.metrics.describe(), "shown": shown, "images": images, "baseline": self.baseline.key}

    def components(self) -> Iterable[Factory]:
        """The metrics."""
        return self.metrics.factories

    def run(self, folder: Path, context: StageContext) -> bool:
        """Compare.

        Raises:
            ScoringError: One cell could not read an image that the other could.
        """
        ours, theirs = context.output(self.scoring), context.output(self.baseline)
        scores = read_scores(ours)
        self._check_ids(scores["ids"], read_scores(theirs)["ids"])
        groups = self.task.task.groups()
        pair = read_stage_statistics(ours, groups), read_stage_statistics(theirs, groups)
        wanted = [row for row in scores["metrics"] if row["grouping"] in self._shown]
        rows: list[dict[str, Any]] = []
        for done, row in enumerate(wanted, start=1):
            rows += self._compare(row, pair, scores["ids"], context)
            context.progress(done, len(wanted))
        write_text(folder / FILE, json.dumps(rows))
        return True

    def _check_ids(self, own: Sequence[str], other: Sequence[str]) -> None:
        """Refuse cells of different examples."""
        if own != other:
            apart = set(own) ^ set(other)
            raise ScoringError(
                f"{self.scoring.name} and {self.baseline.name} were scored on other examples: {few(sorted(apart))}.",
                "A paired comparison needs the same examples.",
                f"Mend the images (`zsbench data verify {self.task.id}`) and run again.",
            )

    @property
    def _shown(self) -> set[str | None]:
        """The groupings that are compared; None for the whole."""
        card = self.task.task.card
        return {None, card.headline_grouping, *card.groupings}

    def _compare(
        self, row: Mapping[str, Any], pair: tuple[Mapping[str, Any], ...], ids: Sequence[str], context: StageContext
    ) -> list[dict[str, Any]]:
        """One row's paired difference, if both cells have it."""
        key = row_key(row["id"], row["grouping"], row["group"])
        if any(key not in side for side in pair) or len(pair[0][key]) != len(pair[1][key]):
            return []
        metric = next(metric for metric in context.metrics(self.metrics) if metric.id == row["id"])
        members, images = find_members(ids, self.task.task.groups(), row), find_images(self.task)
        own, other = (ScoredExamples(0, members, side[key], images) for side in pair)
        found = measure_seed(metric, key, pair_examples(own, other))
        labels = {"metric": row["id"], "grouping": row["grouping"], "group": row["group"]}
        fields = ("difference", "standard_error", "low", "high", "p_value")
        return [{**labels, **{field: getattr(found, field) for field in fields}}]
