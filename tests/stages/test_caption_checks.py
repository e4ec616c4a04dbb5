"""What a captioner may return, and what is refused."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
import torch

from zsbench.errors import CaptionerError
from zsbench.interfaces import Candidate, Caption, CaptionerResources, CaptionerSpec, ImageBatch, ImageFeatures, Regions
from zsbench.plugins import load_plugins
from zsbench.registry import Owner, load_object
from zsbench.stages.caption_checks import check_answers, check_captions

OWNER = Owner("somebody", "somebody", "/somewhere.py")


@pytest.fixture
def batch():
    ids = tuple("abcd")
    return ImageBatch(ids, ImageFeatures(torch.eye(4)), tuple(torch.Generator() for _ in ids))


def test_one_clean_caption_an_image_is_accepted(batch):
    """An empty caption is a caption."""
    captions = [Caption((Candidate(""), Candidate("a dog", 0.5)), chosen=1)] * 4
    assert check_captions(captions, batch, "good", OWNER) is None


def test_where_a_captioner_looked_may_stand_beside_a_caption(batch):
    """As Regions, and as nothing else."""
    looked = Caption((Candidate("a dog"),), regions=Regions(7, (8, 3), (0.123456, 1 / 3)))
    assert check_captions([looked] * 4, batch, "good", OWNER) is None
    with pytest.raises(CaptionerError, match=r"the regions .* for image a"):
        check_captions([Caption((Candidate("a dog"),), regions={"side": 7})] * 4, batch, "odd", OWNER)


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
        check_captions(captioner.caption(batch), batch, id_, resolved.owner)
    assert caught.value.captioner == id_


def test_one_line_a_question_is_accepted(batch):
    """An empty answer is an answer."""
    assert check_answers(["yes", "", "2", "a red dog"], batch, "good", OWNER) is None


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (["yes"] * 3, "returned 3 answers for 4 questions"),
        (None, "returned NoneType answers for 4 questions"),
        (["yes", None, "no", "no"], "returned the answer None for question b"),
        (["yes", "no", "yes\nno", "no"], "for question c"),
    ],
)
def test_any_other_answers_are_refused_by_name(batch, answers, message):
    """The error names the captioner and the plugin it is of."""
    with pytest.raises(CaptionerError, match=message) as caught:
        check_answers(answers, batch, "odd", OWNER)
    assert caught.value.captioner == "odd"
    assert "plugin 'somebody'" in str(caught.value)
