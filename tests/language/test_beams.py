"""Which tokens a search chooses, from logits made up for the purpose."""

from __future__ import annotations

import pytest
import torch

from zsbench.interfaces.language import GenerationSettings
from zsbench.language.beams import BLOCK, LARGE, begin_search, find_largest, sum_exponentials

CPU, END = torch.device("cpu"), 0


def begin(items=1, **settings):
    return begin_search(items, GenerationSettings(**settings), end=END, device=CPU)


def logits(*rows):
    return torch.tensor([[float(value) for value in row] for row in rows])


@pytest.mark.parametrize("words", [50, LARGE, LARGE + 1, 2 * LARGE + BLOCK - 1])
def test_the_largest_are_found_in_any_vocabulary(words):
    """Values and places are those of a search over all, tail and infinities included."""
    values = torch.randn(7, words, generator=torch.Generator().manual_seed(words))
    values[1, -1], values[2, 0], values[3, : words // 2] = 9.0, 9.0, -torch.inf
    found, places = find_largest(values, 10)
    expected, expected_places = values.topk(10)
    assert torch.equal(found, expected)
    assert torch.equal(places, expected_places)


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 30])
def test_exponentials_are_summed_to_the_same_bits(rows):
    """The sum of a row is right, and bit-equal among any number of rows, with one thread or two."""
    values = 3 * torch.randn(30, 40_000, generator=torch.Generator().manual_seed(2))
    whole = sum_exponentials(values)
    assert torch.allclose(whole[:, 0].double(), values.double().logsumexp(dim=-1), rtol=1e-6)
    assert torch.equal(sum_exponentials(values[:rows]), whole[:rows])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert torch.equal(sum_exponentials(values), whole)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("beams", [1, 3])
def test_logits_of_half_the_width_lead_to_the_same_texts(dtype, beams):
    """They are read as they are, and count as the float32 numbers that they stand for."""
    narrow, wide = (begin(5, beams=beams, max_new_tokens=4, min_new_tokens=2) for _ in range(2))
    g = torch.Generator().manual_seed(beams)
    for step in range(4):
        logits = (3 * torch.randn(5 * (beams if step else 1), 2 * LARGE, generator=g)).to(dtype)
        wide.advance(logits.float())
        narrow.advance(logits)
    assert narrow.read_best() == wide.read_best()


def test_greedy_takes_the_likeliest_until_the_end():
    """Two items end apart; the end token is not part of the text."""
    search = begin(2, beams=1, max_new_tokens=3)
    search.advance(logits([0, 5, 1], [0, 1, 5]))
    search.advance(logits([9, 0, 0], [0, 5, 1]))
    assert search.running.tolist() == [False, True]
    assert not search.is_over
    search.advance(logits([0, 9, 0], [0, 0, 5]))
    assert search.is_over
    assert search.read_best() == [[1], [2, 1, 2]]


@pytest.mark.parametrize("beams", [1, 2])
def test_the_end_waits_for_the_least_number_of_tokens(beams):
    """However likely it is."""
    search = begin(beams=beams, max_new_tokens=4, min_new_tokens=2)
    for _ in range(3):
        search.advance(logits(*[[9, 3, 2, 1, 0]] * (1 if search._found == 0 else beams)))
    assert search.is_over
    assert search.read_best() == [[1, 1]]


def test_a_beam_that_begins_worse_may_win():
    """The likelier first token leads nowhere; the other beam's text is returned, and its parent is told."""
    search = begin(beams=2, max_new_tokens=3, length_penalty=0.0)
    search.advance(logits([-9, 1.0, 0.8, -9, -9]))
    assert search.tokens.tolist() == [[1, 2]]
    search.advance(logits([-9, 0, 0, 0, 0], [-9, -9, -9, 9, -9]))
    assert (search.tokens[0, 0], search.parents[0, 0]) == (3, 1)
    search.advance(logits([-9, -9, -9, -9, 9], [-9, 0, 0, 0, 0]))
    assert search.read_best() == [[2, 3, 4]]


def test_an_item_stops_when_no_beam_can_improve():
    """Both beams ended far above what still runs."""
    search = begin(beams=2, max_new_tokens=9)
    search.advance(logits([5.0, 5.1, -9, -9, -9]))
    assert search.running.tolist() == [True]
    search.advance(logits([9, -9, -9, -9, -9], [-9, -9, -9, -9, 0]))
    assert search.running.tolist() == [False]
    assert search.read_best()[0] in ([], [1])


def test_items_are_let_go_in_any_order():
    """What is kept goes on as if nothing had happened."""
    whole, part = begin(3, beams=2, max_new_tokens=3), begin(3, beams=2, max_new_tokens=3)
    steps = [torch.randn(6, 7, generator=torch.Generator().manual_seed(seed)) for seed in range(3)]
    for search in (whole, part):
        search.advance(steps[0][:3].clone())
    part.keep(torch.tensor([2, 0]))
    rows = torch.tensor([4, 5, 0, 1])
    for step in steps[1:]:
        whole.advance(step.clone())
        part.advance(step[rows].clone())
    best = whole.read_best()
    assert part.read_best() == [best[2], best[0]]
