"""The plan: which stages a matrix needs, and which of them are one."""

from __future__ import annotations

import json

import pytest
from PIL import Image

import zsbench_fakes
from zsbench.config import read_matrix
from zsbench.errors import ConfigError, MissingDataError, UnknownIdError
from zsbench.fingerprints import FileHashes
from zsbench.plan import make_plan, planner
from zsbench.plugins import load_plugins
from zsbench.store import stage_key


@pytest.fixture
def world(tmp_path):
    return zsbench_fakes.write_world(tmp_path)


@pytest.fixture
def plan_of(world):
    registry = load_plugins([zsbench_fakes.FAKES]).registry

    def _plan(**overrides):
        matrix = read_matrix(zsbench_fakes.matrix_file(), overrides)
        return make_plan(matrix, registry, world, hashes=FileHashes(None))

    return _plan


def kinds(plan):
    return sorted(stage.kind for stage in plan.stages.values())


def test_captioners_that_differ_at_inference_share_training_and_features(plan_of):
    """Two captioners, one training, one text encoding, one image encoding."""
    plan = plan_of(captioners=["fake", "fake-one"])
    assert kinds(plan) == [
        "compare",
        "image-features",
        "predict",
        "predict",
        "references",
        "score",
        "score",
        "text-features",
        "train",
    ]
    assert plan.shared == 4  # text-features, image-features, train and references stand once instead of twice


def test_another_training_setting_is_another_training(plan_of):
    """A captioner that changes training trains on its own."""
    assert kinds(plan_of(captioners=["fake", "fake-short"])).count("train") == 2


def test_seeds_train_and_predict_apart_but_encode_once(plan_of):
    """A seed is part of what is random, and of nothing else."""
    found = kinds(plan_of(captioners=["fake"], seeds=[0, 1], baseline="fake"))
    assert (found.count("train"), found.count("predict"), found.count("text-features")) == (2, 2, 1)


def test_a_prediction_key_does_not_depend_on_the_rest_of_the_matrix(plan_of):
    """An amended matrix reuses what is there; batch size is no part of a result."""
    alone = plan_of(captioners=["nearest"], baseline="nearest")
    together = plan_of(batch_size=3)
    key = next(cell.prediction for cell in together.cells if cell.captioner.id == "nearest")
    assert [cell.prediction for cell in alone.cells] == [key]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"settings.fake.inference.candidates": 5}, False),
        ({"limit": 3}, False),
        ({"encoder.settings.model": "other"}, False),
        ({"seeds": [7]}, False),
        ({"name": "renamed"}, True),
    ],
)
def test_a_prediction_key_changes_with_what_it_depends_on(plan_of, change, same):
    """Settings, data, encoder and seed are in the key; a name is not."""
    base, other = plan_of(), plan_of(**change)
    assert (base.cells[0].prediction == other.cells[0].prediction) is same


def test_a_changed_image_changes_the_key(plan_of, world):
    """Data count by content."""
    before = plan_of().cells[0].prediction
    Image.new("RGB", (8, 8), "pink").save(world / "images" / "red.png")
    assert plan_of().cells[0].prediction != before


def test_a_changed_corpus_changes_training_and_memory(plan_of, world):
    """Text counts by content."""
    before = {cell.captioner.id: cell.prediction for cell in plan_of().cells}
    (world / "corpus.txt").write_text("something else\n", encoding="utf-8")
    after = {cell.captioner.id: cell.prediction for cell in plan_of().cells}
    assert all(before[id_] != after[id_] for id_ in before)


def test_a_gap_axis_multiplies_only_captioners_that_take_one(plan_of):
    """A retrieval captioner stands once, whatever gap models there are."""
    plan = plan_of(gap_models=[{"id": "fake-none"}, {"id": "fake-mean"}], captioners=["fake", "nearest"])
    names = [(cell.captioner.id, cell.gap_model) for cell in plan.cells]
    assert names == [("fake", "fake-none"), ("fake", "fake-mean"), ("nearest", None)]
    assert kinds(plan).count("gap-fit") == 1


def test_a_gap_model_fitted_on_pairs_is_refused(plan_of):
    """A text-only run cannot give a fit paired data."""
    with pytest.raises(ConfigError, match="paired data"):
        plan_of(gap_models=[{"id": "fake-paired"}])


def test_every_stage_comes_after_its_inputs(plan_of):
    """The order of the plan can be executed."""
    seen = set()
    plan = plan_of(gap_models=[{"id": "fake-mean"}], seeds=[0, 1])
    for key, stage in plan.stages.items():
        assert seen.issuperset(stage.inputs)
        seen.add(key)


def test_a_key_is_made_of_json(plan_of):
    """The material of every key can be written to the store."""
    for stage in plan_of().stages.values():
        assert stage_key(stage.kind, json.loads(json.dumps(stage.material))) == stage.key


def test_each_cell_is_compared_with_the_baseline(plan_of):
    """All cells but the baseline's have a comparison."""
    assert [cell.comparison is None for cell in plan_of().cells] == [True, False, False]


@pytest.mark.parametrize("axis", ["captioners", "tasks", "corpora"])
def test_unknown_ids_are_refused(plan_of, axis):
    """A typo is named before anything is read."""
    with pytest.raises(UnknownIdError, match="nerest"):
        plan_of(**{axis: ["nerest"], "baseline": None})


def test_a_baseline_outside_the_captioners_is_refused(plan_of):
    """The difference needs its row."""
    with pytest.raises(ConfigError, match="not among the captioners"):
        plan_of(baseline="fake-short")


def test_missing_images_are_counted_and_the_first_is_named(plan_of, world):
    """Images are checked before any work."""
    for name in ("red", "blue"):
        (world / "images" / f"{name}.png").unlink()
    with pytest.raises(MissingDataError, match=r"2 of 10 images.*red\.png"):
        plan_of()


def test_the_code_of_a_metric_is_part_of_its_scores_key(plan_of, monkeypatch):
    """A plugin that corrects its metric gets new scores for the same predictions."""
    before = plan_of().cells[0]
    plain = planner.source_hash
    monkeypatch.setattr(planner, "source_hash", lambda f: "corrected" if f is zsbench_fakes.Exact else plain(f))
    after = plan_of().cells[0]
    assert after.prediction == before.prediction
    assert after.scoring != before.scoring
