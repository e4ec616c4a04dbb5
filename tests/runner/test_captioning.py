"""What a captioner may return, and what is refused."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
import torch

from zsbench.errors import CaptionerError
from zsbench.interfaces import Candidate, Caption, CaptionerResources, CaptionerSpec, ImageBatch, ImageFeatures, Regions
from zsbench.plugins import load_plugins
from zsbench.registry import load_object
from zsbench.runner.captioning import _caption_row, check_captions


@pytest.fixture
def batch():
    ids = tuple("abcd")
    return ImageBatch(ids, ImageFeatures(torch.eye(4)), tuple(torch.Generator() for _ in ids))


def test_one_clean_caption_an_image_is_accepted(batch):
    """An empty caption is a caption."""
    captions = [Caption((Candidate(""), Candidate("a dog", 0.5)), chosen=1)] * 4
    assert check_captions(captions, batch, "good") is None


def test_where_a_captioner_looked_is_kept_short(batch):
    """With the encoder's fit, three digits of each weight; a row without regions has no key."""
    caption = Caption((Candidate("a dog"),), regions=Regions(7, (8, 3), (0.123456, 1 / 3)))
    assert check_captions([caption] * 4, batch, "good") is None
    kept = _caption_row("a", caption, "crop")["regions"]
    assert kept == {"side": 7, "cells": (8, 3), "weights": [0.123, 0.333], "fit": "crop"}
    assert "regions" not in _caption_row("a", Caption((Candidate("a dog"),)), "crop")
    with pytest.raises(CaptionerError, match=r"the regions .* for image a"):
        check_captions([Caption((Candidate("a dog"),), regions={"side": 7})] * 4, batch, "odd")


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("broken_captioner_too_few", "captions for 4 images"),
        ("broken_captioner_too_many", "captions for 4 images"),
        ("broken_captioner_none", "returned None for image"),
        ("broken_captioner_bare_strings", "for image"),
        ("broken_captioner_not_text", "the candidate"),
        ("broken_captioner_multi_line", "several lines"),
        ("broken_captioner_no_candidates", "no chosen candidate"),
        ("broken_captioner_chosen_out_of_range", "no chosen candidate"),
        ("broken_captioner_returns_nothing", "NoneType captions for 4 images"),
    ],
)
def test_anything_else_is_refused_by_name(batch, module, message):
    """The error names the captioner and what it returned."""
    registry = load_plugins([EntryPoint("broken", module, "zsbench")]).registry
    [id_] = registry.ids(CaptionerSpec)
    resolved = registry.resolve_captioner(id_, {})
    captioner = load_object(resolved.factory)(resolved.config)
    captioner.load(CaptionerResources())
    with pytest.raises(CaptionerError, match=message) as caught:
        check_captions(captioner.caption(batch), batch, id_)
    assert caught.value.captioner == id_
