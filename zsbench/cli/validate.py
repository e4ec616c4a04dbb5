"""``zsbench validate``: everything that is wrong with matrices, before any data or weights are there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsbench.cli.matrices import find_matrix
from zsbench.config import Matrix, read_matrix
from zsbench.data_roots import find_data_root
from zsbench.errors import ZsbenchError
from zsbench.interfaces.specs import MatrixSpec
from zsbench.plugins import load_plugins
from zsbench.registry import Registry
from zsbench.store import default_cache

if TYPE_CHECKING:
    from zsbench.fingerprints import FileHashes

__all__ = ["validate_matrices"]

PROBLEMS = 2


@dataclass(frozen=True)
class _Verdict:
    """What is said of one matrix."""

    name: str
    matrix: Matrix | None
    cells: int
    problems: Sequence[ZsbenchError]

    def lines(self, width: int) -> str:
        """One line for people, its name padded to a width, and one for each problem."""
        if self.problems:
            told = [f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}", *map(str, self.problems)]
        else:
            told = [f"{_size(self.matrix)}: {_count(self.cells, 'cell', 'cells')}"]
        mark = "wrong" if self.problems else "ok"
        return "\n    ".join([f"{mark:<5}  {self.name:<{width}}  {told[0]}", *told[1:]])


def validate_matrices(
    matrices: Annotated[
        list[str] | None, typer.Argument(metavar="[MATRIX]...", help="YAML files or ids. Default: all shipped ones.")
    ] = None,
    data_root: Annotated[
        str, typer.Option(help="Look at the files of tasks and corpora there too; a folder, or id of a data root.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check matrices without running them: ids, settings, sweeps, pairs, needs. No data or weights are needed."""
    from zsbench.fingerprints import FileHashes

    plugins = load_plugins()
    for record in plugins.broken:
        typer.echo(f"note: plugin {record.name!r} is {record.status}: {record.reason}", err=True)
    root = find_data_root(data_root, plugins.registry, default_cache()) if data_root else None
    names = matrices or plugins.registry.ids(MatrixSpec)
    hashes = FileHashes(default_cache())
    verdicts = [_judge(name, plugins.registry, root, hashes) for name in names]
    width = max(map(len, names), default=0)
    typer.echo(_document(verdicts) if as_json else "\n".join(verdict.lines(width) for verdict in verdicts))
    if any(verdict.problems for verdict in verdicts):
        raise typer.Exit(PROBLEMS)


def _judge(name: str, registry: Registry, data_root: Path | None, hashes: FileHashes) -> _Verdict:
    """Read and validate one matrix."""
    from zsbench.plan import validate_matrix

    try:
        matrix = read_matrix(find_matrix(name, registry), {})
    except ZsbenchError as error:
        return _Verdict(name, None, 0, [error])
    found = validate_matrix(matrix, registry, data_root=data_root, hashes=hashes)
    return _Verdict(name, matrix, found.cells, found.problems)


def _document(verdicts: Sequence[_Verdict]) -> str:
    """Every verdict as JSON."""
    rows = [
        {
            "matrix": verdict.name,
            "valid": not verdict.problems,
            "cells": verdict.cells,
            "problems": [
                {"kind": type(error).__name__, "found": error.found, "expected": error.expected, "remedy": error.remedy}
                for error in verdict.problems
            ],
        }
        for verdict in verdicts
    ]
    return json.dumps({"matrices": rows}, indent=1, ensure_ascii=False)


def _size(matrix: Matrix | None) -> str:
    """How many of what a matrix names."""
    if matrix is None:
        return ""
    counts = [
        _count(len(matrix.captioners), "captioner", "captioners"),
        _count(len(matrix.corpora), "corpus", "corpora"),
        _count(len(matrix.tasks), "task", "tasks"),
        _count(len(matrix.seeds), "seed", "seeds"),
    ]
    return ", ".join(counts)


def _count(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many}"
