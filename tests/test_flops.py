"""What a meter counts: products with weights, items, and nothing without it."""

from __future__ import annotations

import pickle

import pytest
import torch
from torch import nn

from zsbench.flops import FlopCounter, measure


@pytest.fixture
def meter():
    made = FlopCounter()
    yield made
    made.close()


def count(meter, compute):
    """The one tally of a computation."""
    with torch.no_grad(), measure(meter, "work", unit="rows"):
        compute()
    (tally,) = meter.take()
    return tally


def test_a_linear_layer_counts_its_weights_for_every_row(meter):
    """Two operations a weight and row; its bytes once, however often it is called."""
    layer = nn.Linear(3, 5)
    tally = count(meter, lambda: (layer(torch.ones(2, 7, 3)), layer(torch.ones(1, 3))))
    assert tally.products == {("float32", 14): 15, ("float32", 1): 15}
    assert tally.operations == 2 * 15 * (14 + 1)
    assert tally.footprint == 15 * 4


def test_attention_counts_the_weights_it_packs(meter):
    """Query, key, value and output: four matrices, although it calls no module for them."""
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    tally = count(meter, lambda: attention(*[torch.ones(2, 5, 8)] * 3, need_weights=False))
    assert tally.products == {("float32", 10): 4 * 64}


def test_a_convolution_counts_its_weights_for_every_place(meter):
    """A patch embedding multiplies its weights once a patch."""
    tally = count(meter, lambda: nn.Conv2d(3, 8, 4, stride=4)(torch.ones(2, 3, 16, 16)))
    assert tally.products == {("float32", 2 * 16): 3 * 8 * 16}


def test_a_module_that_multiplies_nothing_counts_nothing(meter):
    """Norms and activations are no products with a matrix."""
    assert not count(meter, lambda: nn.Sequential(nn.LayerNorm(4), nn.GELU())(torch.ones(2, 4))).products


def test_training_counts_the_gradients_that_flow(meter):
    """A frozen layer costs one product more if a gradient passes through it, a trained layer another one."""
    frozen = nn.Linear(3, 3).requires_grad_(False)
    with measure(meter, "frozen"):
        frozen(torch.ones(2, 3, requires_grad=True))
    with measure(meter, "trained"):
        nn.Linear(3, 3)(torch.ones(2, 3, requires_grad=True))
    assert [tally.products["float32", 2] for tally in meter.take()] == [2 * 9, 3 * 9]


def test_gradients_are_the_outer_blocks(meter):
    """They are computed when the inner block has ended, so its seconds do not hold them."""
    frozen = nn.Linear(3, 3).requires_grad_(False)
    with measure(meter, "stage"), measure(meter, "logits"):
        frozen(torch.ones(2, 3, requires_grad=True))
    assert {tally.kind: tally.products["float32", 2] for tally in meter.take()} == {"stage": 9, "logits": 9}


def test_work_without_a_module_is_told(meter):
    """A product that no module makes is counted as it is told."""
    with measure(meter, "decode", unit="tokens") as tally:
        tally.multiply(100, 4, "bfloat16")
        tally.items += 3
    (found,) = meter.take()
    assert (found.operations, found.items, found.unit, found.calls) == (800, 3, "tokens", 1)


def test_the_innermost_block_gets_the_work(meter):
    """A stage's own tally holds what stood in no other block."""
    layer = nn.Linear(2, 2)
    with torch.no_grad(), measure(meter, "stage"):
        layer(torch.ones(1, 2))
        with measure(meter, "decode"):
            layer(torch.ones(3, 2))
    assert {tally.kind: tally.operations for tally in meter.take()} == {"stage": 8, "decode": 24}


def test_what_was_taken_is_not_counted_again(meter):
    """Each stage takes its own."""
    layer = nn.Linear(2, 2)
    first = count(meter, lambda: layer(torch.ones(1, 2)))
    second = count(meter, lambda: layer(torch.ones(1, 2)))
    assert first.products == second.products == {("float32", 1): 4}
    assert meter.take() == ()


def test_a_tally_travels_between_processes(meter):
    """Workers send theirs through a pipe."""
    tally = count(meter, lambda: nn.Linear(2, 2)(torch.ones(1, 2)))
    assert pickle.loads(pickle.dumps(tally)) == tally  # noqa: S301  our own bytes


def test_nothing_is_heard_after_the_end(meter):
    """A closed meter leaves torch as it was."""
    before = len(nn.modules.module._global_forward_hooks)
    count(meter, lambda: None)
    assert len(nn.modules.module._global_forward_hooks) == before + 1
    meter.close()
    assert len(nn.modules.module._global_forward_hooks) == before


def test_without_a_meter_a_tally_is_thrown_away():
    """The same lines run, and torch hears of nothing."""
    before = len(nn.modules.module._global_forward_hooks)
    with measure(None, "decode", unit="tokens") as tally:
        tally.items += 1
    assert tally.items == 1
    assert len(nn.modules.module._global_forward_hooks) == before
