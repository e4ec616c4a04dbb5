"""CLIPRe: nearest captions, exactly, whatever the batch and the blocks."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from zsbench.errors import CaptionerError
from zsbench.interfaces import CaptionerNeeds, CaptionerResources, CorpusFeatures, ImageBatch, ImageFeatures
from zsbench.registry import load_object
from zsbench_baselines import plugin
from zsbench_baselines.clipre import ClipRe
from zsbench_baselines.config import ClipReConfig
from zsbench_baselines.nearest import find_nearest

D = 48


def units(count: int, *, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(count, D, generator=generator), dim=-1)


def corpus(features: torch.Tensor) -> CorpusFeatures:
    return CorpusFeatures([f"text {row}" for row in range(len(features))], features, "fake")


def batch(features: torch.Tensor) -> ImageBatch:
    ids = tuple(str(row) for row in range(len(features)))
    return ImageBatch(ids, ImageFeatures(features), tuple(torch.Generator() for _ in ids))


def loaded(memory: torch.Tensor, candidates: int = 1) -> ClipRe:
    captioner = ClipRe(ClipReConfig.model_validate({"inference": {"candidates": candidates}}))
    captioner.load(CaptionerResources(memory=corpus(memory)))
    return captioner


def test_the_caption_is_the_nearest_text_with_its_cosine():
    """As a plain loop over all pairs finds."""
    memory, images = units(500, seed=1), units(20, seed=2)
    for v, caption in zip(images, loaded(memory).caption(batch(images)), strict=True):
        cosines = memory.double() @ v.double()
        assert caption.text == f"text {int(cosines.argmax())}"
        assert caption.candidates[0].score == pytest.approx(float(cosines.max()), abs=1e-12)


def test_candidates_are_the_nearest_in_order_and_the_first_is_chosen():
    """Top k, by falling cosine."""
    memory, images = units(300, seed=1), units(5, seed=2)
    for v, caption in zip(images, loaded(memory, candidates=7).caption(batch(images)), strict=True):
        expected = (memory.double() @ v.double()).topk(7).indices.tolist()
        assert [one.text for one in caption.candidates] == [f"text {row}" for row in expected]
        assert caption.chosen == 0


@pytest.mark.parametrize("size", [1, 3, 16])
def test_captions_do_not_depend_on_the_batch(size):
    """Texts and scores are equal to the last bit."""
    memory, images = units(1000, seed=1), units(16, seed=2)
    captioner = loaded(memory, candidates=3)
    parts = [captioner.caption(batch(images[start : start + size])) for start in range(0, 16, size)]
    assert [caption for part in parts for caption in part] == captioner.caption(batch(images))


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_blocks_change_nothing(block):
    """The memory is read in pieces; neighbours and scores are the same bits."""
    memory, images = units(333, seed=1), units(6, seed=2)
    assert find_nearest(images, memory, 4, block=block) == find_nearest(images, memory, 4)


@pytest.mark.parametrize("block", [3, 50, 1000])
def test_of_equally_near_texts_the_first_of_the_corpus_wins(block):
    """Equal rows have equal scores wherever they lie."""
    memory = units(40, seed=1).repeat(5, 1)
    images = units(8, seed=2)
    for ranked in find_nearest(images, memory, 5, block=block):
        assert [one.index for one in ranked] == [ranked[0].index % 40 + 40 * copy for copy in range(5)]
        assert len({one.distance for one in ranked}) == 1


def test_a_corpus_smaller_than_the_list_is_listed_whole():
    """Three texts, ten asked for."""
    (caption,) = loaded(units(3, seed=1), candidates=10).caption(batch(units(1, seed=2)))
    assert len(caption.candidates) == 3


def test_the_memory_may_be_read_only_and_is_not_modified():
    """A memory-mapped corpus is only read."""
    memory = units(100, seed=1)
    before = memory.clone()
    loaded(memory, candidates=2).caption(batch(units(4, seed=2)))
    assert torch.equal(memory, before)


def test_no_corpus_no_captions():
    """Missing, empty or not loaded at all."""
    captioner = ClipRe(ClipReConfig())
    with pytest.raises(CaptionerError, match="no texts yet"):
        captioner.caption(batch(units(1, seed=1)))
    for memory in (None, corpus(units(0, seed=1))):
        with pytest.raises(CaptionerError, match="given no texts"):
            captioner.load(CaptionerResources(memory=memory))


def test_it_declares_what_it_does():
    """Memory and nothing else: no training, no language model, no answers."""
    needs = ClipRe.needs
    assert needs == CaptionerNeeds(memory=True)


def test_the_spec_leads_to_the_captioner_and_its_config():
    """Both import strings resolve."""
    (spec,) = plugin.zsbench_captioners()
    assert (spec.id, load_object(spec.factory), load_object(spec.config)) == ("clipre", ClipRe, ClipReConfig)


def test_listing_and_checking_settings_import_no_torch():
    """The hook module and the config are free of torch."""
    code = "import sys, zsbench_baselines.plugin as p, zsbench_baselines.config; p.zsbench_captioners(); print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
