"""Look-ups in a memory: exact in blocks, and refused where they make no sense."""

from __future__ import annotations

import math

import pytest
import torch

from zsbench.errors import FeatureError
from zsbench_gaps.memory import choose_memory, find_neighbours, mix_memory


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks that make several of a small memory."""
    monkeypatch.setattr("zsbench_gaps.memory.ROWS", 7)
    monkeypatch.setattr("zsbench_gaps.memory.QUERIES", 3)


def test_a_mixture_in_blocks_is_the_mixture_at_once(units, small_blocks):
    """The running maximum loses nothing, at a temperature where weights differ by many orders."""
    queries, memory = units(10, 8), units(40, 8, seed=2)
    expected = (queries.double() @ memory.double().T / 0.01).softmax(-1) @ memory.double()
    assert torch.allclose(mix_memory(queries, memory, 0.01).double(), expected, atol=1e-5)


def test_neighbours_in_blocks_are_the_neighbours_at_once(units, small_blocks):
    """Merging keeps the best of every block, in order."""
    queries, memory = units(10, 8), units(40, 8, seed=2)
    best = (queries @ memory.T).topk(5)
    cosines, rows = find_neighbours(queries, memory, 5)
    assert torch.equal(rows, best.indices)
    assert torch.allclose(cosines, best.values)


def test_a_query_whose_own_text_is_all_there_is_has_no_neighbour(units):
    """Cosines of minus infinity say so."""
    own = units(1, 8)
    cosines, _ = find_neighbours(own, own, 1, own=own)
    assert cosines.tolist() == [[-math.inf]]


def test_a_memory_is_spread_evenly_over_the_corpus(units):
    """Every n-th text, the first among them; a larger size takes all."""
    texts = units(10, 4)
    assert torch.equal(choose_memory(texts, 5), texts[[0, 2, 4, 6, 8]])
    assert torch.equal(choose_memory(texts, 99), texts)


def test_every_text_is_checked_even_if_it_is_not_kept(units):
    """NaN outside the memory is refused too: the corpus is broken."""
    texts = units(10, 4)
    texts[1] = math.nan
    with pytest.raises(FeatureError, match="norm"):
        choose_memory(texts, 5)


def test_more_neighbours_than_texts_are_refused(units):
    """Both numbers are named."""
    with pytest.raises(FeatureError, match=r"holds 3 texts.*ask for 4"):
        find_neighbours(units(2, 4), units(3, 4), 4)
