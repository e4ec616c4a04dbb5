"""The points of a matrix with tasks and answer routes: each becomes a cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from zsbench.components import TaskChoice
from zsbench.config import Matrix
from zsbench.errors import ConfigError
from zsbench.plan.axes import Axis

__all__ = ["Point", "answer_routes", "iter_points"]


@dataclass(frozen=True)
class Point:
    """One cell to be.

    Attributes:
        axis: Captioner, settings, gap model, corpus and seed.
        task: What is captioned or answered.
        route: How questions are answered; empty for captions.
    """

    axis: Axis
    task: TaskChoice
    route: str


def iter_points(matrix: Matrix, axes: Iterable[Axis], tasks: Sequence[TaskChoice]) -> Iterator[Point]:
    """Every axis on every task that its corpus may meet, by every route; reads no data.

    Raises:
        ConfigError: The matrix wants answers from features, and the captioner has none.
    """
    allowed = {(pair.corpus, pair.task) for pair in matrix.pairs}
    for axis in axes:
        for task in tasks:
            if not allowed or axis.corpus_id is None or (axis.corpus_id, task.id) in allowed:
                for route in answer_routes(matrix, axis, task):
                    yield Point(axis, task, route)


def answer_routes(matrix: Matrix, axis: Axis, task: TaskChoice) -> list[str]:
    """How a captioner answers a task's questions; one empty route for captions.

    Raises:
        ConfigError: The matrix wants answers from features, and the captioner has none.
    """
    if not task.answers:
        return [""]
    auto = "features" if axis.needs.answers else "caption"
    routes = list(dict.fromkeys(auto if route == "auto" else route for route in matrix.answering.routes))
    if not axis.needs.answers and "features" in routes:
        if "caption" not in routes:
            raise ConfigError(
                f"Captioner {axis.captioner.id!r} does not answer questions from its features.",
                "It captions, and the language model can read its captions.",
                "Add the route: `--set 'answering.routes=[features, caption]'`.",
                key="answering",
            )
        routes.remove("features")
    return routes
