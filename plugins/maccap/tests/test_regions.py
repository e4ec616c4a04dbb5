"""Sub-regions: which positions, what mixture, how fused."""

from __future__ import annotations

import pytest
import torch

from zsbench.errors import FeatureError
from zsbench.interfaces import ImageFeatures
from zsbench_maccap.config import MacCapInference
from zsbench_maccap.regions import aggregate_regions, read_memory, select_regions

ATTENTION = torch.tensor([[0.4, 0.1, 0.3, 0.2], [0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]])


def test_the_class_tokens_strongest_patches_are_selected_strongest_first():
    """Row 0 of the attention decides, and the class token is left out."""
    assert select_regions(ATTENTION, 2).tolist() == [2, 3]


def test_the_class_token_is_selected_only_where_allowed():
    """With allow_class_token, position 0 may come first."""
    assert select_regions(ATTENTION, 2, allow_class_token=True).tolist() == [0, 2]


def test_of_equally_attended_patches_the_first_is_selected():
    """Ties have one outcome."""
    assert select_regions(torch.full((6, 6), 1 / 6), 3).tolist() == [1, 2, 3]


def test_more_regions_than_patches_are_refused():
    """The message names both numbers."""
    with pytest.raises(FeatureError, match=r"3 positions.*asks for 4.*3 or less"):
        select_regions(ATTENTION, 4)


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


def test_fusion_adds_weighted_regions_to_the_global_feature(world):
    """f_i = v + w r_i, each r_i of unit norm."""
    features = world.images(2).features
    settings = MacCapInference(regions=5, region_weight=0.5)
    f = read_memory(features, 1, settings)
    r = (f - features.pooled[1]) / 0.5
    assert f.shape == (5, world.D)
    assert torch.allclose(r.norm(dim=-1), torch.ones(5), atol=1e-5)


def test_global_only_repeats_the_global_feature_in_every_slot(world):
    """No patches are needed, and all K slots are v."""
    pooled = world.images(2).features.pooled
    f = read_memory(ImageFeatures(pooled), 0, MacCapInference(regions=4, region_source="global"))
    assert torch.equal(f, pooled[:1].expand(4, -1))


def test_an_encoder_without_patches_is_refused_with_a_way_out(world):
    """The message names the setting that does without."""
    pooled = world.images(1).features.pooled
    with pytest.raises(FeatureError, match="region_source: global"):
        read_memory(ImageFeatures(pooled), 0, MacCapInference())
