"""Features of a paired split, made by the stages that runs share."""

from __future__ import annotations

import numpy as np
import pytest

import zsbench_fakes
from zsbench.analysis.pairs import PairRequest, load_pairs
from zsbench.config import EncoderSetting
from zsbench.errors import ScoringError
from zsbench.plugins import load_plugins

IMAGES = len(zsbench_fakes.COLOURS)


@pytest.fixture
def load(tmp_path):
    registry = load_plugins([zsbench_fakes.FAKES]).registry
    root = zsbench_fakes.write_world(tmp_path)

    def _load(task="fake-task", *, limit=None, patches=True):
        encoder = EncoderSetting(id="fake-encoder", settings={"model": "fake", "patches": patches})
        return load_pairs(PairRequest(encoder, task, str(root), tmp_path / "cache", limit=limit), registry)

    return _load


def test_captions_stand_with_the_image_they_belong_to(load):
    """Two references an image, in the order of the examples."""
    pairs = load()
    assert pairs.ids == tuple(zsbench_fakes.COLOURS)
    assert pairs.texts[:2] == (f"a {pairs.ids[0]} picture", f"{pairs.ids[0]} all over")
    assert pairs.owner.tolist() == np.repeat(np.arange(IMAGES), 2).tolist()
    assert pairs.captions.shape == (2 * IMAGES, pairs.images.shape[1])
    assert np.allclose(np.linalg.norm(pairs.captions, axis=1), 1.0, atol=1e-6)


def test_a_second_look_encodes_nothing(load):
    """The store has the features."""
    load()
    before = zsbench_fakes.FakeEncoder.loads
    load()
    assert before == zsbench_fakes.FakeEncoder.loads


def test_an_image_that_cannot_be_read_is_left_out_with_its_captions(load, tmp_path):
    """The others keep theirs."""
    lost = zsbench_fakes.COLOURS[1]
    (tmp_path / "fake-world" / "images" / f"{lost}.png").write_bytes(b"broken")
    pairs = load()
    assert len(pairs.ids) == IMAGES - 1
    assert lost not in pairs.ids
    assert not any(lost in text.split() for text in pairs.texts)
    assert len(pairs.texts) == 2 * (IMAGES - 1)


def test_features_come_image_by_image_as_they_come_at_once(load):
    """Blocks are an implementation's business."""
    pairs = load(limit=4)
    assert np.allclose(np.concatenate([one.pooled.numpy() for one in pairs.iter_features()]), pairs.images)
    assert np.allclose(pairs.features(2).pooled.numpy(), pairs.images[2:3])


def test_a_task_that_asks_questions_is_refused(load):
    """Answers are no captions."""
    with pytest.raises(ScoringError, match="captioning task"):
        load("fake-questions")


def test_one_image_is_too_few(load):
    """There is no spread in one."""
    with pytest.raises(ScoringError, match="1 images"):
        load(limit=1)
