"""What this machine can do at best: a large matrix product, and reading weights once for one row.

Source of the model with two rates: Williams, Waterman and Patterson 2009, "Roofline", CACM 52(4), section 2.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = ["MachineRates", "measure_machine", "round_footprint", "size_of"]

SQUARE = 1024
"""Rows, columns and depth of the product that is measured."""
MEASURED_SECONDS = 0.25
LEAST_BYTES, MOST_BYTES = 1 << 18, 1 << 28
FLOAT_BYTES = 4


@dataclass(frozen=True)
class MachineRates:
    """What was measured.

    Attributes:
        device: A torch device.
        threads: That computed.
        operations: Operations a second of a product of two 1024 x 1024 matrices, by type of the numbers.
        bytes: Bytes a second of a product of a matrix with one vector, by size of the matrix: what fits in a cache is
            read faster than what does not.
    """

    device: str
    threads: int
    operations: Mapping[str, float]
    bytes: Mapping[int, float]

    def limit(self, weights: int, rows: int, dtype: str, footprint: int) -> float:
        """The least seconds that a product can take: its operations, or reading its weights, whichever is longer.

        Args:
            weights: Numbers in the matrix.
            rows: Vectors it is multiplied with.
            dtype: Type of the weights.
            footprint: Bytes of all weights that are read in turn.
        """
        computing = 2 * weights * rows / self.operations[dtype]
        reading = weights * size_of(dtype) / self.bytes[round_footprint(footprint)]
        return max(computing, reading)


def measure_machine(device: str, dtypes: Iterable[str], footprints: Iterable[int]) -> MachineRates:
    """Measure the best rates of this machine, as it is now and with torch's threads as they are set.

    Args:
        device: A torch device.
        dtypes: Types of the weights that were used.
        footprints: Bytes of the weights that were read in turn.
    """
    import torch

    on = torch.device(device)
    operations = {dtype: 2 * SQUARE**3 / _time_product(dtype, on) for dtype in sorted(set(dtypes))}
    sizes = sorted({round_footprint(footprint) for footprint in footprints})
    reads = {size: size / _time_read(size, on) for size in sizes}
    return MachineRates(device, torch.get_num_threads(), operations, reads)


def round_footprint(footprint: int) -> int:
    """The size that is measured for a footprint: the next power of two, between 256 kB and 256 MB."""
    return min(max(1 << max(footprint - 1, 1).bit_length(), LEAST_BYTES), MOST_BYTES)


def _time_product(dtype: str, device: torch.device) -> float:
    """Seconds of the best square product."""
    import torch

    left, right = (torch.ones(SQUARE, SQUARE, dtype=getattr(torch, dtype), device=device) for _ in range(2))
    multiply = torch._int_mm if dtype == "int8" else torch.mm  # noqa: SLF001  the one product of int8 that torch has
    return _time_best(lambda: multiply(left, right), device)


def _time_read(size: int, device: torch.device) -> float:
    """Seconds of the best product of a matrix of so many bytes with a vector."""
    import torch

    matrix = torch.ones(size // (FLOAT_BYTES * SQUARE), SQUARE, device=device)
    vector = torch.ones(SQUARE, device=device)
    return _time_best(lambda: matrix @ vector, device)


def _time_best(compute: Callable[[], Any], device: torch.device) -> float:
    """The least seconds of one call, of as many as fit in a quarter of a second, three at least."""
    import torch

    times: list[float] = []
    compute()  # what is only done once is not measured
    end = time.perf_counter() + MEASURED_SECONDS
    while len(times) < 3 or time.perf_counter() < end:  # noqa: PLR2004  three, as the docstring says
        began = time.perf_counter()
        compute()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - began)
    return min(times)


def size_of(dtype: str) -> int:
    """Bytes of one number."""
    import torch

    return int(getattr(torch, dtype).itemsize)
