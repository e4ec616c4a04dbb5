"""What a captioner may say of where it looked."""

from __future__ import annotations

import math

import pytest

from zsbench.errors import CaptionerError
from zsbench.interfaces import Regions


def test_cells_of_a_grid_with_weights_are_regions():
    """All of a small grid, or the most that are recorded of a large one."""
    assert Regions(1, (0,), (0.0,)).cells == (0,)
    assert len(Regions(16, tuple(range(64)), (1,) * 64).cells) == 64


@pytest.mark.parametrize(
    ("side", "cells", "weights"),
    [
        (0, (0,), (1.0,)),
        (257, (0,), (1.0,)),
        (4.0, (0,), (1.0,)),
        (4, (), ()),
        (4, (0, 0), (1.0, 1.0)),
        (4, (16,), (1.0,)),
        (4, (-1,), (1.0,)),
        (4, (True,), (1.0,)),
        (4, (0,), (1.0, 1.0)),
        (4, (0,), (-0.1,)),
        (4, (0,), (math.nan,)),
        (16, tuple(range(65)), (1.0,) * 65),
    ],
)
def test_what_cannot_be_drawn_is_refused(side, cells, weights):
    """Where it is made, so that the captioner is named."""
    with pytest.raises(CaptionerError, match="are not cells of"):
        Regions(side, cells, weights)
