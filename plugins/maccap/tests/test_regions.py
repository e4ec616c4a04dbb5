"""Sub-regions from every source, and their fusion with the global feature."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from zsbench.errors import CaptionerError, FeatureError
from zsbench.interfaces import ImageBatch, ImageFeatures
from zsbench_maccap.config import MacCapInference
from zsbench_maccap.regions import find_regions, read_memory, region_features


def without_patches(batch: ImageBatch) -> ImageBatch:
    return replace(batch, features=ImageFeatures(batch.features.pooled))


def test_fusion_adds_weighted_regions_to_the_global_feature(world):
    """f_i = v + w r_i, each r_i of unit norm."""
    batch, settings = world.images(2), MacCapInference(regions=5, region_weight=0.5)
    f = read_memory(batch, 1, settings)
    r = (f - batch.features.pooled[1]) / 0.5
    assert f.shape == (5, world.D)
    assert torch.allclose(r, region_features(batch, 1, settings), atol=1e-6)
    assert torch.allclose(r.norm(dim=-1), torch.ones(5), atol=1e-5)


def test_global_only_repeats_the_global_feature_in_every_slot(world):
    """No patches are needed, and all K slots are v."""
    batch = without_patches(world.images(2))
    f = read_memory(batch, 0, MacCapInference(regions=4, region_source="global"))
    assert torch.equal(f, batch.features.pooled[:1].expand(4, -1))


def test_an_encoder_without_patches_is_refused_with_a_way_out(world):
    """The message names the setting that does without."""
    with pytest.raises(FeatureError, match="region_source: global"):
        read_memory(without_patches(world.images(1)), 0, MacCapInference())


@pytest.mark.parametrize("source", ["attention-top-k", "attention-threshold", "random-k"])
def test_sources_of_positions_give_rows_of_what_every_patch_would_give(world, source):
    """Selected regions are among the regions of all patches."""
    batch = world.images(1)
    every = region_features(batch, 0, MacCapInference(region_source="all-patches"))
    some = region_features(batch, 0, MacCapInference(regions=4, region_source=source))
    assert some.shape == (4, world.D)
    assert float((some @ every.T).amax(-1).min()) > 1 - 1e-5


def test_all_patches_fill_as_many_slots_as_there_are_patches(world):
    """`regions` has no say."""
    f = read_memory(world.images(1), 0, MacCapInference(regions=3, region_source="all-patches"))
    assert f.shape == (world.P, world.D)


def test_random_regions_leave_the_images_generator_to_the_noise(world):
    """The stream of the noise stands where it stood, and another image has other regions."""
    batch = world.images(2)
    before = batch.generators[0].get_state()
    settings = MacCapInference(regions=4, region_source="random-k")
    one, again = region_features(batch, 0, settings), region_features(batch, 0, settings)
    assert torch.equal(one, again)
    assert torch.equal(before, batch.generators[0].get_state())


def test_a_grid_needs_no_attention_but_a_square_of_patches(world):
    """Twelve patches form none."""
    with pytest.raises(FeatureError, match="12 patches"):
        region_features(world.images(1), 0, MacCapInference(regions=4, region_source="grid"))


def test_grid_cells_are_the_means_of_their_patches(world):
    """Nine patches in one cell: the mean of them all, normalised."""
    batch = world.images(1)
    square = ImageFeatures(
        batch.features.pooled,
        batch.features.patches[:, :9],
        batch.features.pooled,
        batch.features.attention[:, :10, :10],
    )
    r = region_features(replace(batch, features=square), 0, MacCapInference(regions=1, region_source="grid"))
    assert torch.allclose(r[0], world.unit(square.patches[0].mean(0)), atol=1e-6)


def test_the_oracle_selects_the_regions_nearest_to_the_references(world):
    """With a region as reference, that region comes first."""
    batch = world.images(1)
    every = region_features(batch, 0, MacCapInference(region_source="all-patches", attention_weights="row"))
    settings = MacCapInference(regions=2, region_source="caption-oracle", attention_weights="row")
    shown = replace(batch, references=(every[[7]],))
    assert torch.allclose(region_features(shown, 0, settings)[0], every[7])


def test_an_oracle_without_references_is_refused_with_the_captioner_that_has_them(world):
    """An upper bound declares what it looks at."""
    with pytest.raises(CaptionerError, match="maccap-oracle-regions"):
        region_features(world.images(1), 0, MacCapInference(regions=2, region_source="caption-oracle"))


def test_a_threshold_selects_fewer_regions_than_there_are_slots_where_few_attend(world):
    """Two patches hold the attention: they fill all four slots in turn."""
    batch = world.images(1)
    attention = batch.features.attention.clone()
    attention[0, 0] = 0.001
    attention[0, 0, [3, 5]] = torch.tensor([0.6, 0.3])
    shown = replace(batch, features=replace(batch.features, attention=attention))
    settings = MacCapInference(regions=4, region_source="attention-threshold")
    r = region_features(shown, 0, settings)
    every = region_features(shown, 0, MacCapInference(region_source="all-patches"))
    assert torch.allclose(r, every[[2, 4, 2, 4]], atol=1e-6)


@pytest.mark.parametrize("source", ["attention-top-k", "attention-threshold", "random-k", "caption-oracle"])
def test_selected_regions_are_recorded_as_cells(world, source):
    """The cells are those whose regions the features are, each once, weighted by the class token's attention."""
    batch = replace(square(world.images(1)), references=(torch.eye(world.D)[:2],))
    settings = MacCapInference(regions=4, region_source=source)
    found = find_regions(batch, 0, settings)
    every = region_features(batch, 0, replace_source(settings, "all-patches"))
    features = region_features(batch, 0, settings)
    assert found.side == 3
    assert len(found.cells) == len({tuple(row) for row in features.tolist()})
    assert torch.allclose(every[list(found.cells)], features[: len(found.cells)], atol=1e-6)
    assert found.weights == pytest.approx(batch.features.attention[0, 0, 1:][list(found.cells)].tolist())


@pytest.mark.parametrize("source", ["global", "all-patches", "grid"])
def test_where_nothing_is_selected_nothing_is_recorded(world, source):
    """Nor where the patches form no square."""
    assert find_regions(square(world.images(1)), 0, MacCapInference(regions=4, region_source=source)) is None
    assert find_regions(world.images(1), 0, MacCapInference(regions=4)) is None


def test_the_class_token_is_no_cell(world):
    """It may be selected, and lies nowhere."""
    batch = square(world.images(1))
    batch.features.attention[0, 0] = torch.tensor([0.5, *[0.5 / 9] * 9])
    found = find_regions(batch, 0, MacCapInference(regions=1, allow_class_token=True))
    assert found is None


def square(batch: ImageBatch) -> ImageBatch:
    """The first nine patches of each image: three by three."""
    features = batch.features
    attention = features.attention[:, :10, :10].softmax(-1)
    return replace(batch, features=replace(features, patches=features.patches[:, :9], attention=attention))


def replace_source(settings: MacCapInference, source: str) -> MacCapInference:
    return settings.model_copy(update={"region_source": source})
