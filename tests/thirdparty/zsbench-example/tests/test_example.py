"""What the plugin promises."""

import hashlib
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import torch
from PIL import Image

from zsbench.errors import CaptionerError
from zsbench.interfaces import CaptionerResources, CorpusFeatures, ImageBatch, ImageFeatures
from zsbench.plugins import load_plugins
from zsbench_example.captioner import MostCommonCaption, MostCommonConfig
from zsbench_example.gap import UniformNoise, UniformNoiseConfig
from zsbench_example.task import ShapesTask

POINT = metadata.EntryPoint("example", "zsbench_example.plugin", "zsbench")
TEXTS = ("A dog.", "A cat.", "A very big cat sits.", "A cat.", "A dog.")


def generator(seed=0):
    """A fresh generator."""
    return torch.Generator().manual_seed(seed)


def resources(texts):
    """A corpus as the captioner's memory."""
    return CaptionerResources(memory=CorpusFeatures(texts, torch.zeros(len(texts), 2), "test"))


def batch(size):
    """Some images, of which the captioner sees nothing."""
    ids = tuple(str(i) for i in range(size))
    return ImageBatch(ids, ImageFeatures(torch.zeros(size, 2)), tuple(generator(i) for i in range(size)))


def unit_vectors(*shape):
    """Random unit vectors from a fixed seed."""
    return torch.nn.functional.normalize(torch.randn(*shape, generator=generator(7)), dim=-1)


def test_discovery_finds_one_part_of_each_kind():
    """The plugin is active and provides its three ids."""
    (record,) = load_plugins([POINT]).records

    assert record.status == "active", record.reason
    assert set(record.provides) == {
        "captioner example-most-common",
        "gap model example-uniform",
        "task example-shapes",
    }


def test_the_hook_module_imports_no_framework():
    """Listing must be quick."""
    program = "import sys, zsbench_example.plugin; print('torch' in sys.modules)"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "False"


def test_every_image_gets_the_most_common_caption():
    """Of captions that tie, the first in the corpus is taken; its score is its share."""
    captioner = MostCommonCaption(MostCommonConfig())
    captioner.load(resources(TEXTS))

    captions = captioner.caption(batch(3))

    assert [caption.text for caption in captions] == ["A dog."] * 3
    assert captions[0].candidates[0].score == pytest.approx(2 / 5)


def test_short_captions_can_be_left_out():
    """The setting counts words."""
    captioner = MostCommonCaption(MostCommonConfig(min_words=3))
    captioner.load(resources(TEXTS))

    assert captioner.caption(batch(1))[0].text == "A very big cat sits."


@pytest.mark.parametrize("given", [CaptionerResources(), resources(())])
def test_a_corpus_is_needed(given):
    """Without one there is nothing to say."""
    with pytest.raises(CaptionerError, match="no caption of 1 or more words"):
        MostCommonCaption(MostCommonConfig()).load(given)


def test_captioning_before_loading_is_refused():
    """The order of calls is part of the contract."""
    with pytest.raises(CaptionerError, match="not loaded"):
        MostCommonCaption(MostCommonConfig()).caption(batch(1))


@pytest.mark.parametrize("shape", [(5, 16), (5, 3, 16)])
def test_noise_keeps_shape_norm_and_input(shape):
    """Features come back as unit vectors that differ from the input, which is left alone."""
    features = unit_vectors(*shape)
    before = features.clone()

    noisy = UniformNoise(UniformNoiseConfig()).text_to_image(features, generator())

    assert noisy.shape == features.shape
    assert torch.allclose(noisy.norm(dim=-1), torch.ones(shape[:-1]), atol=1e-6)
    assert not torch.allclose(noisy, features, atol=1e-3)
    assert torch.equal(features, before)


def test_noise_comes_from_the_generator_alone():
    """One seed, one result; another seed, another."""
    model, features = UniformNoise(UniformNoiseConfig()), unit_vectors(5, 16)

    assert torch.equal(model.text_to_image(features, generator(1)), model.text_to_image(features, generator(1)))
    assert not torch.equal(model.text_to_image(features, generator(1)), model.text_to_image(features, generator(2)))


def test_noise_fills_the_ball_evenly():
    """In two dimensions the points spread as those of a disc do, not as those of its rim or its centre."""
    model, centre = UniformNoise(UniformNoiseConfig(radius=0.1)), torch.tensor([1.0, 0.0]).repeat(20_000, 1)

    sideways = model.text_to_image(centre, generator())[:, 1]  # what renormalising leaves of a point of a small disc

    assert sideways.abs().max() < 0.101
    assert sideways.std() == pytest.approx(0.05, rel=0.03)  # a disc of radius r has standard deviation r / 2 each way


def test_inference_adds_no_noise():
    """Image features are only brought to unit norm."""
    features = 3 * unit_vectors(5, 16)

    assert torch.allclose(UniformNoise(UniformNoiseConfig()).image_to_text(features, generator()), features / 3)


def test_the_task_agrees_with_its_card():
    """Count and ids are the card's; images open; each has two references."""
    task = ShapesTask(Path())
    examples = task.examples()
    ids = [example.id for example in examples]

    assert len(ids) == task.card.examples
    assert hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest() == task.card.ids_sha256
    assert {id_: len(captions) for id_, captions in task.references().items()} == dict.fromkeys(ids, 2)
    for example in examples:
        with Image.open(example.image) as image:
            assert image.size == (64, 64)


def test_the_task_is_stable():
    """Two instances ask and expect the same."""
    first, second = ShapesTask(Path()), ShapesTask(Path("elsewhere"))

    assert first.examples() == second.examples()
    assert first.content_hash == second.content_hash
