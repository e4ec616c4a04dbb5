"""What every stage tells of itself: its inputs, and what it needs of a machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

import zsbench_fakes
from zsbench.interfaces import CaptionerNeeds
from zsbench.stages.stage import _name_inputs

GIGABYTE = 10**9


@pytest.fixture
def stages(session, monkeypatch):
    """One stage of each kind that the fakes need; their encoder's weights are half a gigabyte."""
    monkeypatch.setattr(zsbench_fakes.FakeEncoder, "weights_bytes", GIGABYTE // 2)
    plan = session(gap_models=[{"id": "fake-mean"}]).plan()
    return {stage.kind: stage for stage in plan.stages.values()}


def test_weights_need_their_room_twice_while_they_are_loaded(stages):
    """Beside what the work itself takes; who loads none needs none."""
    found = {kind: stages[kind].needs.memory / GIGABYTE for kind in stages}
    assert found == {
        "text-features": 2.0,
        "image-features": 2.0,
        "gap-fit": 1.0,
        "train": 2.0,
        "predict": 2.0,
        "references": 2.0,
        "score": 3.0,
        "compare": 1.0,
    }


def test_a_captioner_that_encodes_needs_room_for_the_encoder(stages):
    """As its needs tell."""
    stage = stages["predict"]
    encoding = replace(stage.captioner, told_needs=CaptionerNeeds(encoder=True))
    assert replace(stage, captioner=encoding).needs.memory == 3 * GIGABYTE


def test_models_want_the_device_and_scores_no_torch(stages):
    """A gap model is fitted on the CPU; one process makes all scores, since it keeps Java running."""
    assert {kind for kind in stages if stages[kind].needs.device} == {
        "text-features",
        "image-features",
        "train",
        "predict",
    }
    assert {kind for kind in stages if not stages[kind].needs.computes} == {"references", "score", "compare"}
    assert {kind for kind in stages if stages[kind].needs.alone} == {"score"}


def test_a_stage_has_the_keys_of_what_it_reads(stages):
    """Of the patch tokens too, though only global features are in its own key."""
    predict, fit = stages["predict"], stages["gap-fit"]
    assert predict.input_keys == tuple(stage.key for stage in predict.inputs)
    assert predict.images.key in predict.input_keys
    assert fit.input_keys == (stages["text-features"].key,)


def test_equal_stages_of_two_plans_have_the_same_label(session, stages):
    """People find the stage of yesterday by it."""
    again = {stage.kind: stage for stage in session(gap_models=[{"id": "fake-mean"}]).plan().stages.values()}
    assert {kind: stage.label for kind, stage in again.items()} == {kind: s.label for kind, s in stages.items()}
    assert stages["predict"].label.endswith("on fake-task, seed 0")


def test_every_input_is_named_even_where_two_have_one_name(stages):
    """So that a change of either can be told."""
    twice = [stages["predict"], stages["train"], stages["predict"]]
    assert list(_name_inputs(twice)) == [
        f"predict of {twice[0].label}",
        f"train of {twice[1].label}",
        f"predict of {twice[0].label} (2)",
    ]
