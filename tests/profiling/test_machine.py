"""The machine's rates, and the limit that follows from them."""

from __future__ import annotations

import pytest
import torch

from zsbench.linear import has_int8
from zsbench.profiling import MachineRates, measure_machine
from zsbench.profiling.machine import round_footprint

RATES = MachineRates("cpu", 1, {"float32": 1000.0, "bfloat16": 2000.0}, {round_footprint(1): 100.0})


def test_many_rows_are_bound_by_operations():
    """Two operations a weight and row."""
    assert RATES.limit(50, 40, "float32", 1) == pytest.approx(2 * 50 * 40 / 1000)


def test_few_rows_are_bound_by_reading_the_weights():
    """Four bytes a weight, whatever the rows."""
    assert RATES.limit(50, 1, "float32", 1) == pytest.approx(50 * 4 / 100)


def test_narrow_weights_are_read_faster():
    """Half the bytes."""
    assert RATES.limit(50, 1, "bfloat16", 1) == pytest.approx(50 * 2 / 100)


@pytest.mark.parametrize(
    ("footprint", "size"), [(0, 1 << 18), (300_000, 1 << 19), (1 << 20, 1 << 20), (1 << 40, 1 << 28)]
)
def test_footprints_are_measured_at_powers_of_two(footprint, size):
    """The next one, between what any cache holds and what none does."""
    assert round_footprint(footprint) == size


def test_this_machine_has_rates_for_what_was_used():
    """Positive numbers, for these types and sizes and no others."""
    rates = measure_machine("cpu", ["float32"], [1000, 500_000])
    assert set(rates.operations) == {"float32"}
    assert set(rates.bytes) == {round_footprint(1000), round_footprint(500_000)}
    assert all(rate > 0 for rate in (*rates.operations.values(), *rates.bytes.values()))


@pytest.mark.skipif(not has_int8(torch.device("cpu")), reason="no exact products of int8 here")
def test_int8_is_measured_by_its_own_products(monkeypatch):
    """Not by those of another type under its name."""
    called, multiply = [], torch._int_mm
    monkeypatch.setattr(torch, "_int_mm", lambda *pair: called.append(pair[0].dtype) or multiply(*pair))
    rates = measure_machine("cpu", ["int8"], [1000])
    assert set(called) == {torch.int8}
    assert rates.operations["int8"] > 0
