"""MacCap as a whole: candidates, choice, answers, batches, folders."""

from __future__ import annotations

import json

import pytest
import torch

from zsbench.errors import CaptionerError, ConfigError, CorruptDataError, HashMismatchError, MissingDataError
from zsbench.interfaces import CaptionerResources
from zsbench_maccap.captioner import MacCap


def test_eight_captions_are_learned_by_heart_and_said_again(world):
    """Without noise, the feature of a training caption, given as an image, becomes that caption."""
    config = world.config(
        {"steps": 250, "learning_rate": 1e-2, "warmup_steps": 20},
        {"region_source": "global", "candidates": 1},
    )
    captioner = world.trained(config)
    captions = captioner.caption(world.images(8, of=world.corpus().features))
    assert [caption.text for caption in captions] == list(world.captions)


@pytest.mark.parametrize("size", [1, 3, 16])
@pytest.mark.parametrize("candidates", [1, 4])
def test_captions_do_not_depend_on_the_batch(world, select, size, candidates):
    """Texts and scores of 16 images are equal to the last bit for every batch size."""
    captioner = world.trained(world.config(inference={"candidates": candidates}), inference=0.3)
    images = world.images(16)
    whole = captioner.caption(select(images, slice(0, 16)))
    parts = [captioner.caption(select(images, slice(start, start + size))) for start in range(0, 16, size)]
    assert [caption for part in parts for caption in part] == whole
    assert len({caption.text for caption in whole}) >= 3


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_prefixes_do_not_depend_on_the_batch(world, select, size):
    """Even before words are chosen, every bit is the same."""
    captioner = world.trained(world.config(), inference=0.3)
    images = world.images(10)
    with torch.no_grad():
        whole = captioner._prefix(captioner._memories(select(images, slice(0, 10)), candidates=1))
        part = captioner._prefix(captioner._memories(select(images, slice(0, size)), candidates=1))
    assert torch.equal(part, whole[:size])


@pytest.mark.parametrize("size", [1, 5, 10])
def test_the_adaptor_sees_blocks_of_one_shape(world, size):
    """Kernels are chosen by shape, so the shape never depends on how many images there are."""
    captioner, shapes = world.trained(world.config()), set()
    captioner.adaptor().register_forward_pre_hook(lambda module, inputs: shapes.add(tuple(inputs[0].shape)))
    captioner.caption(world.images(size))
    assert shapes == {(16, 3, world.D)}


def test_candidates_have_noise_of_their_own_and_the_first_ones_stay(world, select):
    """Four memories differ, and asking for one gives the first of the four."""
    captioner = world.trained(world.config(), inference=0.3)
    images = world.images(2)
    four = captioner._memories(select(images, slice(0, 2)), candidates=4)
    one = captioner._memories(select(images, slice(0, 2)), candidates=1)
    assert len({tuple(memory.flatten().tolist()) for memory in four[:4]}) == 4
    assert torch.equal(four[[0, 4]], one)


def test_the_candidate_nearest_to_the_image_is_chosen(world):
    """Scores are cosines of image and candidate, and the largest wins."""
    captioner = world.trained(world.config(), inference=0.5)
    images = world.images(6)
    captions = captioner.caption(images)
    assert any(caption.chosen for caption in captions)
    for v, caption in zip(images.features.pooled, captions, strict=True):
        cosines = [float(v @ world.encoder.encode_texts([one.text])[0]) for one in caption.candidates]
        assert [one.score for one in caption.candidates] == pytest.approx(cosines, abs=1e-6)
        assert caption.chosen == cosines.index(max(cosines))


def test_equal_candidates_are_encoded_once_and_the_first_of_them_wins(world):
    """Without noise all candidates are one; the encoder sees each text of the batch once."""
    captioner = world.trained(world.config())
    world.encoder.calls.clear()
    captions = captioner.caption(world.images(3))
    (texts,) = world.encoder.calls
    assert len(texts) == len(set(texts)) <= 3
    assert [caption.chosen for caption in captions] == [0, 0, 0]


def test_candidates_are_compared_by_their_first_characters(world):
    """The encoder sees at most rerank_max_characters of a text; the caption is whole."""
    captioner = world.trained(world.config(inference={"rerank_max_characters": 5}), inference=0.3)
    world.encoder.calls.clear()
    captions = captioner.caption(world.images(4))
    assert max(len(text) for text in world.encoder.calls[0]) <= 5
    assert max(len(caption.text) for caption in captions) > 5


def test_without_reranking_the_first_candidate_is_taken_unjudged(world):
    """The encoder is not asked."""
    captioner = world.trained(world.config(inference={"rerank": False}), inference=0.3)
    world.encoder.calls.clear()
    captions = captioner.caption(world.images(3))
    assert world.encoder.calls == []
    assert all(caption.chosen == 0 and len(caption.candidates) == 4 for caption in captions)
    assert {one.score for caption in captions for one in caption.candidates} == {None}


def test_the_language_model_is_prompted_with_the_question(world):
    """One answer a question, each one line."""
    captioner = world.trained(world.config(), inference=0.3)
    answers = captioner.answer(world.images(2), ["What {} is it?", "How many?"])
    assert world.language_model.prompts == [
        "Question: What {} is it? Short answer:",
        "Question: How many? Short answer:",
    ]
    assert len(answers) == 2
    assert all("\n" not in answer for answer in answers)


def test_captioning_leaves_global_random_state_and_features_alone(world):
    """All noise comes from the images' generators, and the batch is not modified."""
    captioner = world.trained(world.config(), inference=0.3)
    images = world.images(3)
    state, patches = torch.random.get_rng_state(), images.features.patches.clone()
    captioner.caption(images)
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.equal(patches, images.features.patches)


def test_a_restored_captioner_says_the_same(world, select, tmp_path):
    """Equal captions and scores after save and restore, without pickle."""
    config, images = world.config(), world.images(5)
    trained = world.trained(config, inference=0.3)
    trained.save(tmp_path)
    restored = world.captioner(config, inference=0.3)
    restored.restore(tmp_path)
    assert restored.caption(select(images, slice(0, 5))) == trained.caption(select(images, slice(0, 5)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adaptor.safetensors", "origin.json"]


def test_another_inference_shares_the_training(world, tmp_path):
    """A captioner that differs at inference alone restores the same folder."""
    world.trained(world.config()).save(tmp_path)
    other = world.captioner(world.config(inference={"candidates": 1, "rerank": False}))
    other.restore(tmp_path)
    assert len(other.caption(world.images(2))[0].candidates) == 1


def test_an_adaptor_of_other_training_is_refused(world, tmp_path):
    """The message says what differs."""
    world.trained(world.config()).save(tmp_path)
    other = world.captioner(world.config({"dropout": 0.2}))
    with pytest.raises(HashMismatchError, match="another training"):
        other.restore(tmp_path)


def test_an_adaptor_of_another_language_model_is_refused(world, tmp_path):
    """Prefixes of one model say nothing to another."""
    world.trained(world.config()).save(tmp_path)
    world.language_model.fingerprint = "something else"
    with pytest.raises(HashMismatchError, match="another language model"):
        world.captioner(world.config()).restore(tmp_path)


def test_missing_and_damaged_files_are_told_apart(world, tmp_path):
    """A missing file, a cut file and broken JSON each have their own error."""
    captioner = world.captioner(world.config())
    with pytest.raises(MissingDataError, match=r"origin\.json"):
        captioner.restore(tmp_path)
    world.trained(world.config()).save(tmp_path)
    weights = tmp_path / "adaptor.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CorruptDataError, match="adaptor"):
        captioner.restore(tmp_path)
    (tmp_path / "origin.json").write_text(json.dumps({"format": "x"}))
    with pytest.raises(CorruptDataError, match="origin"):
        captioner.restore(tmp_path)


def test_an_untrained_captioner_refuses_to_caption(world):
    """Memory that nobody filled is never used."""
    with pytest.raises(CaptionerError, match="not trained"):
        world.captioner(world.config()).caption(world.images(1))


def test_an_unloaded_captioner_refuses_to_train(world):
    """load comes first."""
    with pytest.raises(CaptionerError, match="loaded first"):
        MacCap(world.config()).train(world.corpus(), torch.Generator(), progress=lambda done, total: None)


def test_missing_resources_are_named(world):
    """What the captioner needs and was not given."""
    with pytest.raises(CaptionerError, match="no encoder"):
        MacCap(world.config()).load(CaptionerResources())


def test_heads_that_do_not_divide_the_width_are_refused(world):
    """The key is named before anything is built."""
    with pytest.raises(ConfigError, match=r"training\.heads"):
        world.captioner(world.config({"heads": 5}))
