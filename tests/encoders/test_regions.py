"""Sub-regions: which positions, what mixture."""

from __future__ import annotations

import pytest
import torch

from zsbench.encoders.regions import (
    aggregate_regions,
    grid_cells,
    read_tokens,
    select_above,
    select_random,
    select_top,
)
from zsbench.errors import FeatureError
from zsbench.interfaces import ImageFeatures

ATTENTION = torch.tensor([[0.4, 0.1, 0.3, 0.2], [0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]])


def test_the_class_tokens_strongest_patches_are_selected_strongest_first():
    """Row 0 of the attention decides, and the class token is left out."""
    assert select_top(ATTENTION[0], 2).tolist() == [2, 3]


def test_the_class_token_is_selected_only_where_allowed():
    """With allow_class_token, position 0 may come first."""
    assert select_top(ATTENTION[0], 2, allow_class_token=True).tolist() == [0, 2]


def test_of_equally_attended_patches_the_first_is_selected():
    """Ties have one outcome."""
    assert select_top(torch.full((6,), 1 / 6), 3).tolist() == [1, 2, 3]


def test_more_regions_than_patches_are_refused():
    """The message names both numbers."""
    with pytest.raises(FeatureError, match=r"3 positions.*asks for 4.*3 or less"):
        select_top(ATTENTION[0], 4)


def test_a_region_is_the_attention_weighted_mixture_of_all_tokens():
    """Row i times class token and patches, normalised."""
    tokens = torch.eye(4)
    region = aggregate_regions(ATTENTION[[2]], tokens, "row")[0]
    assert torch.allclose(region, ATTENTION[2] / ATTENTION[2].norm())


def test_the_second_softmax_makes_the_mixture_nearly_uniform():
    """softmax-of-row is the public code's choice and differs from the row."""
    tokens = torch.eye(4)
    region = aggregate_regions(ATTENTION[[2]], tokens, "softmax-of-row")[0]
    expected = ATTENTION[2].softmax(-1)
    assert torch.allclose(region, expected / expected.norm())
    assert float(region.max() / region.min()) < 2.0


def test_a_threshold_selects_as_many_as_attend_and_fills_the_slots_with_them():
    """Two of three patches have the mean attention; they fill five slots in turn."""
    assert select_above(ATTENTION[0], 5, 1.0).tolist() == [2, 3, 2, 3, 2]


def test_a_threshold_that_none_reaches_selects_the_strongest_alone():
    """There is always a sub-region."""
    assert select_above(ATTENTION[0], 3, 10.0).tolist() == [2, 2, 2]


def test_a_threshold_selects_no_more_than_there_are_slots():
    """Of more, the strongest."""
    assert select_above(ATTENTION[0], 2, 0.01).tolist() == [2, 3]


def test_random_positions_are_different_patches_and_depend_on_the_generator_alone():
    """Equal seeds, equal positions; the class token is left out."""
    drawn = [select_random(20, 8, torch.Generator().manual_seed(seed)).tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 8
    assert min(drawn[0]) >= 1


def test_random_positions_are_all_as_likely():
    """Each of 19 patches is drawn in about 8 of 19 draws."""
    generator = torch.Generator().manual_seed(0)
    counts = torch.bincount(torch.cat([select_random(20, 8, generator) for _ in range(2_000)]), minlength=20)
    assert counts[0] == 0
    assert float((counts[1:] / 2_000 - 8 / 19).abs().max()) < 0.05


def test_grid_cells_divide_the_patches_among_them():
    """4 x 4 patches in 2 x 2 cells: each patch belongs to one cell, the class token to none."""
    cells = grid_cells(16, 4, like=ATTENTION)
    assert cells.shape == (4, 17)
    assert torch.allclose(cells.sum(-1), torch.ones(4))
    assert (cells[:, 1:] > 0).sum(0).tolist() == [1] * 16
    assert cells[0, 1:].nonzero().flatten().tolist() == [0, 1, 4, 5]
    assert float(cells[:, 0].abs().sum()) == 0.0


def test_slots_beyond_the_grid_repeat_its_cells():
    """Ten slots, nine cells."""
    cells = grid_cells(64, 10, like=ATTENTION)
    assert torch.equal(cells[9], cells[0])
    assert len({tuple(row) for row in cells.tolist()}) == 9


def test_patches_that_form_no_square_have_no_grid():
    """The message names a way out."""
    with pytest.raises(FeatureError, match=r"15 patches.*another `inference.region_source`"):
        grid_cells(15, 4, like=ATTENTION)


def test_an_encoder_without_patches_has_no_tokens():
    """A pooled tower."""
    with pytest.raises(FeatureError, match="no patch tokens"):
        read_tokens(ImageFeatures(torch.ones(1, 4)), 0)
