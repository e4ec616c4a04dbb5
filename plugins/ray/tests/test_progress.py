"""Progress on its way."""

from __future__ import annotations

from types import SimpleNamespace

from zsbench_ray.progress import ProgressBoard, report_to


def test_a_board_is_read_once():
    """The newest of each stage."""
    board = ProgressBoard()
    board.tell("a", 1, 4)
    board.tell("a", 2, 4, 30)
    board.tell("b", 0, 0)
    assert board.read() == {"a": (2, 4, 30), "b": (0, 0, 0)}
    assert board.read() == {}


def test_a_worker_tells_now_and_then():
    """What comes right after is left out."""
    board = ProgressBoard()
    tell = report_to(SimpleNamespace(tell=SimpleNamespace(remote=board.tell)), "a")
    tell(1, 9, 5)
    tell(2, 9)
    assert board.read() == {"a": (1, 9, 5)}
