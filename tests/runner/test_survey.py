"""What a run finds in the store before it begins."""

from __future__ import annotations

import json
import shutil

import pytest

from zsbench.runner.reporter import Silent
from zsbench.runner.survey import survey_store, wanted_stages
from zsbench.store import Store


@pytest.fixture
def plan(session):
    """Three cells that share a training and features."""
    return session().plan()


@pytest.fixture
def store(session, tmp_path):
    """A store in which everything of them is made."""
    session().run()
    return Store(tmp_path / "cache" / "store")


def states(plan, outcome):
    """The states that the stages of each kind are in."""
    found = {}
    for key, stage in plan.stages.items():
        found.setdefault(stage.kind, set()).add(outcome.stages[key].state)
    return found


def test_a_run_wants_what_its_records_are_written_from(plan):
    """Each stage once; what those are made from only where they are not there."""
    kinds = [stage.kind for stage in wanted_stages(plan)]
    assert sorted(kinds) == ["compare"] * 2 + ["predict"] * 3 + ["references"] + ["score"] * 3


def test_everything_is_missing_from_an_empty_store(plan, tmp_path):
    """No stage has an output."""
    outcome = survey_store(plan, Store(tmp_path / "empty"), Silent())
    assert outcome.count("missing") == len(plan.stages)
    assert outcome.outputs == {}


def test_what_a_cached_output_was_made_from_is_not_needed(plan, store):
    """It may have been removed: nobody looks."""
    for kind in ("train", "text-features", "image-features"):
        shutil.rmtree(store.root / kind)
    found = states(plan, survey_store(plan, store, Silent()))
    unneeded = {kind: found.pop(kind) for kind in ("train", "text-features", "image-features")}
    assert list(unneeded.values()) == [{"not needed"}] * 3
    assert found == {kind: {"cached"} for kind in ("references", "predict", "score", "compare")}


def test_what_a_missing_output_is_made_from_is_looked_at(plan, store):
    """Cached features serve it, a training that is gone is made again; scores wait for nothing."""
    stage = plan.cells[0].prediction
    shutil.rmtree(store.path("predict", stage.key))
    shutil.rmtree(store.root / "train")
    outcome = survey_store(plan, store, Silent())
    missing = {plan.stages[key].kind for key, record in outcome.stages.items() if record.state == "missing"}
    assert missing == {"train", "predict"}
    assert outcome.count("missing") == 2
    assert states(plan, outcome)["image-features"] == states(plan, outcome)["text-features"] == {"cached"}
    assert stage.images.key in outcome.outputs


def test_an_output_that_is_not_final_is_made_again(plan, store):
    """Such as scores without a metric whose program was killed."""
    manifest = store.path("score", plan.cells[0].scoring.key) / "entry.json"
    told = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**told, "final": False}), encoding="utf-8")
    outcome = survey_store(plan, store, Silent())
    assert outcome.stages[plan.cells[0].scoring.key].state == "missing"
    assert outcome.count("missing") == 1


@pytest.mark.parametrize("check", [True, False])
def test_a_corrupt_output_is_told_and_removed_unless_it_is_only_looked_at(plan, store, notes, check):
    """A dry run changes nothing, and reads no file that may be large."""
    key = plan.cells[0].prediction.key
    path = store.path("predict", key) / "predictions.jsonl"
    path.write_text("{}", encoding="utf-8")
    notes.remarks.clear()
    outcome = survey_store(plan, store, notes, check=check)
    assert outcome.stages[key].state == ("missing" if check else "cached")
    assert [str(path) in remark for remark in notes.remarks] == [True] * check
    assert path.exists() is not check


def test_how_long_cached_outputs_took_is_known(plan, store):
    """From when they were made."""
    outcome = survey_store(plan, store, Silent())
    key = plan.cells[0].prediction.key
    assert outcome.stages[key].seconds == store.find("predict", key).seconds
