"""``python -m zsbench.cli.repeat``: the process of one side of a speed gate.

The gate starts one in each checkout, so that both sides run their own code behind the same two messages. The only
argument is a JSON object with ``matrix``, ``captioners``, ``tasks``, ``limit`` and ``threads``. The process prints one
line of JSON when it is ready, ``{"code": ..., "timed": [...]}``, and one for every line of its input, seconds by stage.
It ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from zsbench.config import Matrix, read_matrix

if TYPE_CHECKING:
    from zsbench.plugins import Plugins
    from zsbench.registry import Registry
    from zsbench.runner.session import Session

__all__ = ["main"]


def main(arguments: list[str]) -> None:
    """Get ready, then measure whenever a line arrives.

    Args:
        arguments: One JSON object.

    Raises:
        ZsbenchError: There is nothing to be timed.
    """
    from zsbench.plugins import load_plugins
    from zsbench.runner.repeat import Repeater
    from zsbench.runner.workbench import Workbench

    answers = _take_output()
    order = json.loads(arguments[0])
    plugins = load_plugins()
    matrix = _read_order(order, plugins.registry)
    session = _make_session(matrix, plugins)
    bench = Workbench(session.store, plugins.registry)
    repeater = Repeater(session.plan(), bench, matrix.device, order["threads"])
    repeater.prepare()
    _say(answers, {"code": __file__, "timed": [stage.label for stage in repeater.timed]})
    for _ in sys.stdin:
        _say(answers, repeater.measure())


def _take_output() -> TextIO:
    """Standard output for answers alone: whatever else is printed goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _read_order(order: dict[str, Any], registry: Registry) -> Matrix:
    """The matrix to be timed: the captioners that are named, or the matrix's baseline alone."""
    from zsbench.cli.matrices import find_matrix

    path = find_matrix(order["matrix"], registry)
    captioners = order["captioners"] or [read_matrix(path, {}).baseline]
    chosen = {"captioners": captioners, "baseline": captioners[0], "limit": order["limit"], "threads": order["threads"]}
    if order["tasks"]:
        chosen |= {"tasks": order["tasks"], "missing_tasks": "error"}
    return read_matrix(path, chosen)


def _make_session(matrix: Matrix, plugins: Plugins) -> Session:
    """A session that plans; it writes no records."""
    from zsbench.runner.reporter import Silent
    from zsbench.runner.session import RunOptions, Session
    from zsbench.store import default_cache

    return Session(RunOptions(matrix, Path("records"), default_cache()), plugins, Silent())


def _say(answers: TextIO, message: Any) -> None:
    """One line, at once."""
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    from zsbench.errors import ZsbenchError

    try:
        main(sys.argv[1:])
    except ZsbenchError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
