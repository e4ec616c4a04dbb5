"""The encoder: its training material, its forward pass, its losses and the shipped weights."""

from __future__ import annotations

import math
import shutil
import warnings

import numpy as np
import open_clip
import pytest
import torch

from zsbench_pocket.encoder_data import GROUP_SLOTS, SceneArrays, _render_span, label_patches
from zsbench_pocket.encoder_losses import Labels, WordSwapper, list_swaps, mark_presence, score_captions
from zsbench_pocket.evaluate import WEIGHTS, encode_split, measure_gap, score_retrieval
from zsbench_pocket.plain_forward import encode_image_tokens, encode_text_rows
from zsbench_pocket.tokenizer import build_tokenizer
from zsbench_pocket.train_encoder import EncoderTrainer, TrainingSettings, build_encoder, normalise_pixels, save_encoder
from zsbench_pocket.world.karpathy import iter_split_scenes
from zsbench_pocket.world.scenes import iter_scenes

ENCODER = WEIGHTS / "encoder"


@pytest.fixture(scope="module")
def arrays():
    return SceneArrays(*_render_span("smoke", 5, 12, (0, 48)))


@pytest.fixture(scope="module")
def shipped():
    model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{ENCODER}")
    return model.eval(), open_clip.get_tokenizer(f"local-dir:{ENCODER}")


def test_rows_do_not_depend_on_how_the_work_is_cut(arrays):
    """A scene is the same whichever worker draws it."""
    alone = _render_span("smoke", 5, 12, (20, 22))
    for whole, part in zip(vars(arrays).values(), alone, strict=True):
        assert np.array_equal(whole[20:22], part)


def test_patch_owners_lie_where_the_groups_stand():
    """The patch under a copy's centre belongs to some group, and far corners of empty scenes to none."""
    for scene in iter_scenes("owners", 50):
        owners = label_patches(scene, patch_size=12).reshape(8, 8)
        assert owners.max() < len(scene.groups)
        last = scene.groups[-1].spots[0]
        assert owners[int(last.y // 12), int(last.x // 12)] == len(scene.groups) - 1


def test_plain_forward_equals_open_clip(arrays):
    """The fast forward of training computes what open_clip computes."""
    model = build_encoder().eval()
    pixels = normalise_pixels(arrays.pixels[:6])
    captions = torch.from_numpy(arrays.captions[:6, 0]).long()
    with torch.no_grad():
        assert torch.allclose(
            encode_image_tokens(model, pixels).joint[:, 0], model.encode_image(pixels, True), atol=1e-5
        )
        assert torch.allclose(encode_text_rows(model, captions), model.encode_text(captions, True), atol=1e-5)


def test_two_steps_change_the_weights_with_finite_losses(arrays):
    """Training runs, and every loss is a number."""
    trainer = EncoderTrainer(TrainingSettings(batch_size=16, steps=2, warmup=1), arrays)
    before = [value.clone() for value in trainer.model.state_dict().values()]
    for step in range(2):
        assert all(math.isfinite(value) for value in trainer.run_step(step).values())
    after = trainer.model.state_dict().values()
    changed = [not torch.equal(old, new) for old, new in zip(before, after, strict=True)]
    assert sum(changed) >= len(changed) - 2


def test_training_leaves_the_global_generator_alone(arrays):
    """Building a trainer does not disturb anybody else's random numbers."""
    state = torch.random.get_rng_state()
    EncoderTrainer(TrainingSettings(batch_size=16), arrays)
    assert torch.equal(state, torch.random.get_rng_state())


def test_falsified_captions_differ_in_one_word_of_the_same_sort(arrays):
    """A hard negative has exactly one word swapped, for a word that means something else."""
    tokenizer, swaps = build_tokenizer(for_encoder=True), list_swaps()
    ids = torch.from_numpy(arrays.captions[:, 0]).long()
    false = WordSwapper().falsify(ids, torch.Generator().manual_seed(1))
    assert ((ids != false).sum(dim=1) == 1).all()
    for old, new in zip(ids[ids != false].tolist(), false[ids != false].tolist(), strict=True):
        assert tokenizer.id_to_token(new) in swaps[tokenizer.id_to_token(old)]


def test_caption_loss_falls_when_pairs_agree_and_rises_with_negatives():
    """Matched pairs score better than shuffled ones, and a negative equal to the caption costs."""
    features = torch.nn.functional.normalize(torch.randn(8, 16, generator=torch.Generator().manual_seed(1)), dim=1)
    scale = torch.tensor(20.0)
    none = features[:0]
    matched = score_captions(features, features, none, scale)
    assert matched < score_captions(features, features.roll(1, 0), none, scale)
    assert score_captions(features, features, features, scale) > matched + 0.3


def test_presence_marks_three_facts_a_group(arrays):
    """Each group sets one cell for its colour, one for its size and one for its count."""
    groups = torch.from_numpy(arrays.groups).long()
    assert groups.shape[1] == GROUP_SLOTS
    assert torch.equal(mark_presence(groups).sum(1), 3.0 * (groups[..., 0] >= 0).sum(1))
    assert Labels(groups, torch.from_numpy(arrays.owners).long(), groups[:, 0, 0]).owners.shape == (48, 64)


def test_shipped_folder_loads_from_any_place(tmp_path, shipped):
    """No path is baked in: a copy of the folder gives the same features."""
    shutil.copytree(ENCODER, tmp_path / "moved")
    with warnings.catch_warnings(record=True) as caught:
        model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{tmp_path / 'moved'}")
    ids = open_clip.get_tokenizer(f"local-dir:{tmp_path / 'moved'}")(["a red cat", "two keys", "a boat", "a hat"])
    with torch.no_grad():
        assert torch.equal(model.eval().encode_text(ids), shipped[0].encode_text(ids))
    assert not caught


def test_text_features_do_not_depend_on_padding(shipped):
    """Features are read at the end mark, whatever stands behind it."""
    model, tokenizer = shipped
    ids = tokenizer(["a red cat", "a blue box on the road", "two keys", "a small boat by the sea"])
    other = torch.where(ids == 1, 5, ids)
    with torch.no_grad():
        assert torch.allclose(model.encode_text(ids), model.encode_text(other), atol=1e-6)


def test_shipped_encoder_finds_the_captions_of_its_images():
    """Among 100 validation images with five captions each, most images find one of theirs first (chance: 1 %)."""
    pairs = [pair for pair, _ in zip(iter_split_scenes("val"), range(100), strict=False)]
    features = encode_split(ENCODER, [scene for scene, _ in pairs], [captions for _, captions in pairs])
    assert score_retrieval(features)["image-to-text R@1"] > 0.5
    assert 0.1 < measure_gap(features)["centroid distance"] < 1.5


def test_saved_encoder_comes_back_equal(tmp_path):
    """What is saved is what loads."""
    model = build_encoder()
    save_encoder(model, tmp_path)
    loaded, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{tmp_path}")
    for name, value in model.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name])
    assert preprocess is not None
