"""Texts in and out."""

from __future__ import annotations

import itertools

import pytest
import torch

from zsbench_maccap.text import clean_answer, clean_caption
from zsbench_maccap.tokens import iter_batches, tokenize_corpus


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  a  dog,\nrunning. ", "a dog, running."),
        ('"A" man\'s hat!', "A mans hat"),
        ("3 cats. 2 dogs", "3 cats. 2 dogs"),
        ("a\u2028b\tc", "a b c"),
        ("!?", ""),
    ],
)
def test_captions_keep_letters_digits_commas_and_full_stops(raw, clean):
    """Other characters go, spaces collapse, and nothing is cut at a full stop."""
    assert clean_caption(raw) == clean


@pytest.mark.parametrize(("raw", "clean"), [("\n yes \nQuestion: why", "yes"), ("two  red", "two red"), ("\n", "")])
def test_an_answer_is_one_line(raw, clean):
    """The first line that says anything."""
    assert clean_answer(raw) == clean


def test_the_tokenised_corpus_gives_back_the_models_own_tokens(world):
    """Ids and mask of any rows are what the model's tokenizer gives for these texts."""
    tokens = tokenize_corpus(world.language_model, world.captions, max_tokens=12)
    rows = torch.tensor([5, 3])
    batch = tokens.select(rows)
    expected = world.language_model.tokenize([world.captions[5], world.captions[3]], max_tokens=12)
    assert torch.equal(batch.mask, expected.mask)
    assert torch.equal(batch.ids[batch.mask], expected.ids[expected.mask])


def test_an_epoch_shows_every_text_once_in_batches_of_similar_length():
    """Batches of an epoch are a partition, and lengths within a batch are neighbours in the sorted pool."""
    lengths = torch.randint(3, 20, (103,), generator=torch.Generator().manual_seed(0))
    batches = list(itertools.islice(iter_batches(lengths, 10, torch.Generator().manual_seed(1)), 11))
    assert sorted(torch.cat(batches).tolist()) == list(range(103))
    spread = [int(lengths[rows].max() - lengths[rows].min()) for rows in batches]
    assert max(spread) <= 4


def test_epochs_differ_and_come_from_the_seed():
    """Two epochs are in different order; two equal generators give equal orders."""
    lengths = torch.full((40,), 5)
    one, two = (torch.cat(list(itertools.islice(iter_batches(lengths, 8, g()), 10))) for g in [seeded, seeded])
    assert torch.equal(one, two)
    assert not torch.equal(one[:40], one[40:])


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(7)
