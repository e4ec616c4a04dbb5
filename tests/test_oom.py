"""Out of memory halves the batch, loses nothing and is heard."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from zsbench.errors import OutOfMemoryError
from zsbench.oom import BatchLimit, Halving, is_out_of_memory, listen_to_halvings

CPU_MESSAGE = "[enforce fail at alloc_cpu.cpp:121] data. DefaultCPUAllocator: not enough memory"


class SmallMemory:
    """Squares numbers, and runs out of memory above a number of rows."""

    def __init__(self, room: int, error: Exception) -> None:
        self.room, self.error = room, error
        self.tried: list[int] = []

    def __call__(self, rows: slice) -> list[int]:
        numbers = list(range(rows.start, rows.stop))
        self.tried.append(len(numbers))
        if len(numbers) > self.room:
            raise self.error
        return [number * number for number in numbers]


@pytest.mark.parametrize(
    "error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory"), RuntimeError(CPU_MESSAGE)], ids=repr
)
def test_a_batch_that_does_not_fit_is_halved_until_it_does(error):
    """Results are those of enough memory, in order, and each halving is heard."""
    limit, work = BatchLimit("numbers", 16), SmallMemory(5, error)
    with listen_to_halvings() as heard:
        found = [number for batch in limit.iter_batches(30, work) for number in batch]
    assert found == [number * number for number in range(30)]
    assert heard == [Halving("numbers", 16, 8), Halving("numbers", 8, 4)]
    assert str(heard[0]) == "Memory ran out with 16 numbers at once; went on with 8."


def test_a_limit_stays_low_once_memory_ran_out():
    """The next call does not try again what did not fit."""
    limit, work = BatchLimit("numbers", 16), SmallMemory(4, MemoryError())
    for _ in range(2):
        list(limit.iter_batches(16, work))
    assert work.tried == [16, 8, 4, 4, 4, 4, 4, 4, 4, 4]


def test_a_short_batch_is_halved_from_its_own_size():
    """Three rows that do not fit are not tried again as eight."""
    limit, work = BatchLimit("numbers", 16), SmallMemory(2, MemoryError())
    with listen_to_halvings() as heard:
        assert [len(batch) for batch in limit.iter_batches(3, work)] == [1, 1, 1]
    assert work.tried == [3, 1, 1, 1]
    assert heard == [Halving("numbers", 3, 1)]


def test_nothing_below_the_least_is_tried():
    """Where results depend on the number of rows, the caller is told instead."""
    limit, work = BatchLimit("rows of a pass", 8, least=8), SmallMemory(4, MemoryError("no room"))
    with pytest.raises(OutOfMemoryError, match=r"8 rows of a pass at once \(no room\)"):
        list(limit.iter_batches(8, work))
    assert work.tried == [8]


def test_an_outer_limit_halves_when_an_inner_one_cannot():
    """The error of a limit within counts as out of memory."""
    inner = BatchLimit("rows of a pass", 2, least=2)

    def work(rows: slice) -> int:
        room = SmallMemory(2 if rows.stop - rows.start <= 4 else 1, MemoryError())
        return sum(len(batch) for batch in inner.iter_batches(rows.stop - rows.start, room))

    with listen_to_halvings() as heard:
        assert sum(BatchLimit("images", 8).iter_batches(8, work)) == 8
    assert heard == [Halving("images", 8, 4)]


def test_other_errors_pass():
    """A bug is no lack of memory."""
    with pytest.raises(RuntimeError, match="shapes"):
        list(BatchLimit("numbers", 4).iter_batches(4, SmallMemory(0, RuntimeError("shapes do not fit"))))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_what_the_failed_batch_held_is_free_before_the_next_try():
    """The error's frames keep no tensor alive while the smaller batch runs."""
    kept: list[weakref.ref[torch.Tensor]] = []

    def work(rows: slice) -> int:
        gc.collect()
        assert all(tensor() is None for tensor in kept)
        held = torch.zeros(rows.stop - rows.start)
        kept.append(weakref.ref(held))
        if len(held) > 1:
            raise MemoryError
        return len(held)

    assert list(BatchLimit("numbers", 4).iter_batches(4, work)) == [1, 1, 1, 1]


def test_listeners_hear_their_own_block_alone():
    """What happens outside is not theirs, and a listener within another keeps its part to itself."""
    limit = BatchLimit("numbers", 4)
    with listen_to_halvings() as outer:
        with listen_to_halvings() as inner:
            list(limit.iter_batches(4, SmallMemory(2, MemoryError())))
        list(limit.iter_batches(2, SmallMemory(1, MemoryError())))
    list(BatchLimit("numbers", 4).iter_batches(4, SmallMemory(2, MemoryError())))
    assert (inner, outer) == ([Halving("numbers", 4, 2)], [Halving("numbers", 2, 1)])
