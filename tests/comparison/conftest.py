"""Systems to compare, made of statistics."""

from __future__ import annotations

import numpy as np
import pytest

import zsbench_fakes
from zsbench.comparison import CellScores, System


@pytest.fixture
def metrics():
    """The fakes by id."""
    return {"exact": zsbench_fakes.Exact(), "words": zsbench_fakes.WordCount()}


@pytest.fixture
def system():
    """Build a system from the values of its examples, one list a seed and metric."""

    def _system(name, *seeds, signature="n:{n}", texts=None, ids=None, **cell):
        cells = [_cell(seed, values, signature, texts, ids, cell) for seed, values in enumerate(seeds)]
        return System(name, "task", "A task", "exact", cells)

    return _system


def _cell(seed, values, signature, texts, ids, cell):
    values = values if isinstance(values, dict) else {"exact": values}
    count = len(next(iter(values.values())))
    ids = ids or [f"x{n}" for n in range(count)]
    rows = {
        key: {
            "id": key,
            "title": key.title(),
            "factor": 100.0,
            "grouping": None,
            "group": None,
            "signature": f"{key.title()}|{signature.format(n=count)}",
        }
        for key in values
    }
    statistics = {key: np.array(column, dtype=float)[:, None] for key, column in values.items()}
    told = dict(zip(ids, texts or [f"text {value}" for value in next(iter(values.values()))], strict=True))
    return CellScores(seed, told, cell.get("images", {}), rows, cell.get("not_run", {}), statistics)
