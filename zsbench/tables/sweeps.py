"""Plots of score against a swept number: one figure for each task and numeric setting of a matrix's sweep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.figures import new_figure, save_figure
from zsbench.judgement.uncertainty import SeedScore, pool_seeds
from zsbench.records import CellIdentity, CellResult
from zsbench.records.models import MetricRow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Curve", "Point", "build_curves", "draw_sweeps"]

WIDE = 10.0
"""A sweep over positive numbers whose ends differ by this factor is drawn on a logarithmic axis."""


@dataclass(frozen=True)
class Point:
    """A swept value and the score there, on the printed scale, with its interval; the hull of both over seeds."""

    value: float
    score: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """Scores of one system over the values of one setting.

    Attributes:
        task: Id of the task.
        title: Of the main metric.
        setting: The swept setting, without the captioner.
        system: Everything else that tells cells apart.
        points: By value.
    """

    task: str
    title: str
    setting: str
    system: str
    points: tuple[Point, ...]


def draw_sweeps(results: Sequence[CellResult], sweep: Iterable[str], folder: Path) -> list[Path]:
    """Draw score against value for each numeric setting of a sweep, as SVG and PNG; the files.

    Args:
        results: The cells' ``result.json``.
        sweep: The dotted settings that the matrix sweeps, ``captioner.part.setting``.
        folder: Where the files go; made if need be.
    """
    written = []
    for key in sweep:
        curves = build_curves(results, key.partition(".")[2])
        for task in dict.fromkeys(curve.task for curve in curves):
            own = [curve for curve in curves if curve.task == task]
            name = re.sub(r"[^\w.-]+", "-", f"{task}__{own[0].setting}")
            written += save_figure(_draw(own), folder / name)
    return written


def build_curves(results: Sequence[CellResult], setting: str) -> list[Curve]:
    """The main metric of every system over the values of one setting; nothing where they are no numbers.

    Args:
        results: The cells' ``result.json``; failed cells and cells that the sweep does not concern are left out.
        setting: Dotted, without the captioner, such as ``training.gap.settings.noise_variance``.
    """
    found: dict[tuple[str, str, str], dict[float, list[Point]]] = {}
    for result in results:
        value, row = _value(result, setting), _main_row(result)
        if value is None or row is None:
            continue
        scores = [end * row.factor for end in (row.score, row.low, row.high) if end is not None]
        key = (result.cell.task, row.title, _system(result.cell, setting))
        found.setdefault(key, {}).setdefault(value, []).append(
            Point(value, scores[0], scores[1 % len(scores)], scores[-1])
        )
    return [
        Curve(task, title, setting, system, tuple(_over_seeds(by_value[value]) for value in sorted(by_value)))
        for (task, title, system), by_value in found.items()
        if len(by_value) > 1
    ]


def _value(result: CellResult, setting: str) -> float | None:
    """The number that a cell has for a setting that its sweep names; None for no number or no such sweep."""
    if not any(part.partition("=")[0] == setting for part in _parts(result.cell)):
        return None
    value: Any = result.config
    for name in setting.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _main_row(result: CellResult) -> MetricRow | None:
    """The row of the main metric of the whole split, if it was scored."""
    rows = (row for row in result.metrics if row.id == result.main_metric and row.grouping is None)
    return next((row for row in rows if row.score is not None), None)


def _parts(cell: CellIdentity) -> list[str]:
    """``setting=value`` of each sweep that a cell is of."""
    return cell.variant.split(", ")


def _system(cell: CellIdentity, setting: str) -> str:
    """What people call a curve: everything of a cell but the task, the seed and the swept setting."""
    others = [part for part in _parts(cell) if part and part.partition("=")[0] != setting]
    named = [cell.captioner, cell.gap_model, cell.corpus, cell.route, *others]
    return ", ".join(name for name in named if name)


def _over_seeds(points: Sequence[Point]) -> Point:
    """The mean over seeds, with the hull of the intervals."""
    pooled = pool_seeds([SeedScore(point.score, low=point.low, high=point.high) for point in points])
    return Point(points[0].value, pooled.score, pooled.low, pooled.high)


def _draw(curves: Sequence[Curve]) -> Figure:
    """Every system's curve in one figure."""
    figure, axes = new_figure(width=5.6)
    for curve in curves:
        x, y = [point.value for point in curve.points], [point.score for point in curve.points]
        below = [max(0.0, point.score - point.low) for point in curve.points]
        above = [max(0.0, point.high - point.score) for point in curve.points]
        axes[0].errorbar(x, y, yerr=(below, above), marker="o", capsize=3, label=curve.system)
    values = [point.value for curve in curves for point in curve.points]
    if min(values) > 0 and max(values) / min(values) >= WIDE:
        axes[0].set_xscale("log")
    axes[0].set(xlabel=curves[0].setting, ylabel=f"{curves[0].title}, 95 % interval", title=curves[0].task)
    axes[0].legend(fontsize="x-small")
    return figure
