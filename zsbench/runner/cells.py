"""What a run leaves of each cell: its result, its samples and its statistics."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zsbench.config import Matrix
from zsbench.judgement.failures import Failure, find_failure
from zsbench.plan import Cell, Plan
from zsbench.records import CellResult, RunFolder, Sample
from zsbench.runner.outcome import Outcome
from zsbench.stages import Stage
from zsbench.stages.chunks import read_predictions
from zsbench.stages.prediction import read_timing
from zsbench.stages.score_files import iter_groups, read_own_statistics, read_scores, read_values

__all__ = ["CellRecorder"]


@dataclass(frozen=True)
class CellRecorder:
    """Writes the records of a finished plan's cells.

    Attributes:
        matrix: What was run.
        plan: Its plan.
        outcome: How its stages went.
        folder: Where records go.
    """

    matrix: Matrix
    plan: Plan
    outcome: Outcome
    folder: RunFolder

    def record(self, cell: Cell) -> CellResult:
        """Write one cell's records; its result."""
        samples, official = self._samples(cell), self._official(cell)
        if failure := self._failure(cell):
            return self.folder.write_cell(self._result(cell, status="failed", **failure), samples, official=official)
        scores = read_scores(self.outcome.outputs[cell.scoring.key])
        result = self._result(
            cell,
            metrics=scores["metrics"],
            differences=self._differences(cell),
            comparison_failed=self._comparison_failed(cell),
            descriptives=scores["descriptives"],
            training_overlap=scores["training_overlap"],
            unreadable=self._unreadable(cell),
        )
        statistics = read_own_statistics(self.outcome.outputs[cell.scoring.key])
        return self.folder.write_cell(result, samples, statistics, official)

    def _result(self, cell: Cell, **outcome: Any) -> CellResult:
        """A cell's result: what is known before it is scored, and how it went."""
        card = cell.task.task.card
        facts = {
            "cell": cell.identity,
            "name": cell.name,
            "task_title": card.title,
            "task_kind": card.kind,
            "main_metric": card.main_metric,
            "groupings": card.groupings,
            "headline_grouping": card.headline_grouping,
            "n": len(cell.task.ids),
            "encoder": self._encoder_label() if cell.uses_encoder else "",
            "language_model": self._language_model_label() if cell.uses_language_model else "",
            "supervision": cell.supervision,
            "data_used": cell.data_used,
            "split_remark": self.plan.split_remarks.get(cell.task.id, ""),
            "config": cell.captioner.config.model_dump(mode="json"),
            "keys": {"prediction": cell.prediction.key, "scoring": cell.scoring.key},
            "seconds": self._seconds(cell),
            "timing": self._timing(cell),
        }
        return CellResult.model_validate({**facts, **outcome})

    def _encoder_label(self) -> str:
        """What people call the encoder: its model and its pretrained tag."""
        settings = self.matrix.encoder.settings
        named = [str(settings[key]).rpartition("/")[2] for key in ("model", "pretrained") if settings.get(key)]
        return " ".join(named) or self.matrix.encoder.id

    def _language_model_label(self) -> str:
        """What people call the language model."""
        model = self.matrix.language_model
        return model.model.rpartition("/")[2] if model else ""

    def _comparison_failed(self, cell: Cell) -> str:
        """Why the comparison with the baseline's cell failed; empty if it did not, or there was none."""
        lost = self._lost([cell.comparison]) if cell.comparison else None
        return lost.reason or "no reason is known" if lost else ""

    def _failure(self, cell: Cell) -> dict[str, str]:
        """Why a cell failed, and in which stage; empty if it did not."""
        if lost := self._lost([cell.prediction, cell.scoring]):
            return {"reason": lost.reason, "failed_stage": lost.stage}
        if self.matrix.fail_on_error and (unread := self._unreadable(cell)):
            reason = f"{len(unread)} images could not be read, first: {unread[0]['reason']}"
            return {"reason": reason, "failed_stage": "image-features"}
        return {}

    def _lost(self, stages: Sequence[Stage]) -> Failure | None:
        """The first of some stages that failed."""
        return find_failure((stage.kind, self.outcome.stages[stage.key]) for stage in stages)

    def _unreadable(self, cell: Cell) -> list[dict[str, str]]:
        """Id and reason of each example whose image could not be read."""
        place = self.outcome.outputs.get(cell.prediction.key)
        rows = read_predictions(place) if place else iter(())
        return [{"id": row["id"], "reason": row["error"]} for row in rows if "error" in row]

    def _seconds(self, cell: Cell) -> dict[str, float]:
        """How long the stages of a cell took when they were made."""
        stages = (cell.prediction, cell.scoring, *cell.prediction.inputs)
        return {stage.kind: round(self.outcome.stages[stage.key].seconds, 3) for stage in stages}

    def _timing(self, cell: Cell) -> dict[str, float] | None:
        """How fast the cell's predictions were when they were made; None for answers read out of captions."""
        place = self.outcome.outputs.get(cell.prediction.key)
        return read_timing(place) if place else None

    def _differences(self, cell: Cell) -> list[dict[str, Any]]:
        """A cell's paired differences to its baseline."""
        if cell.comparison is None or cell.comparison.key not in self.outcome.outputs:
            return []
        path = self.outcome.outputs[cell.comparison.key] / "differences.json"
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return [{**row, "baseline": self.matrix.baseline, "baseline_route": cell.compared_route} for row in rows]

    def _official(self, cell: Cell) -> Sequence[Mapping[str, str | int]]:
        """A cell's predictions in the form of the data set's own evaluation; none if prediction failed."""
        place = self.outcome.outputs.get(cell.prediction.key)
        rows = read_predictions(place) if place else iter(())
        predictions = {row["id"]: row["prediction"] for row in rows if "error" not in row}
        return cell.task.task.official_results(predictions)

    def _samples(self, cell: Cell) -> Iterator[Sample]:
        """Per example: prediction or error, candidates, groups, and the value of each metric that ran."""
        place = self.outcome.outputs.get(cell.prediction.key)
        if place is None:
            return
        values = self._values(cell)
        groups: dict[str, dict[str, str]] = {}
        for id_, grouping, group in iter_groups(cell.task.task.groups()):
            groups.setdefault(id_, {})[grouping] = group
        images = {item.id: item.path.name for item in cell.task.items} if cell.task.answers else {}
        for row in read_predictions(place):
            id_ = row["id"]
            kept = {"image": images.get(id_), "groups": groups.get(id_, {}), "metrics": values.get(id_, {})}
            yield Sample.model_validate({**row, **kept})

    def _values(self, cell: Cell) -> Mapping[str, dict[str, float]]:
        """By id, the value of each metric that ran."""
        if cell.scoring.key not in self.outcome.outputs:
            return {}
        folder = self.outcome.outputs[cell.scoring.key]
        arrays = read_values(folder)
        return {
            id_: {metric: float(array[row]) for metric, array in arrays.items()}
            for row, id_ in enumerate(read_scores(folder)["ids"])
        }
