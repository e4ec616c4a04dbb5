"""The plan: which stages a matrix needs, and which of them are one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from PIL import Image

import zsbench_fakes
from zsbench.config import read_matrix
from zsbench.errors import ConfigError, MissingDataError, MissingWeightsError, UnknownIdError
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import CaptionerNeeds, CaptionerSpec
from zsbench.plan import PlanOptions, make_plan
from zsbench.plugins import load_plugins
from zsbench.registry import Registry

HASHES = FileHashes(None)
"""Shared by all plans, so that each file of code is read once."""


@pytest.fixture
def world(tmp_path):
    return zsbench_fakes.write_world(tmp_path)


@pytest.fixture
def plan_of(world):
    registry = load_plugins([zsbench_fakes.FAKES]).registry

    def _plan(*, dry=False, **overrides):
        matrix = read_matrix(zsbench_fakes.matrix_file(), overrides)
        return make_plan(matrix, registry, world, PlanOptions(HASHES, without_weights=dry))

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
    assert plan.shared_seconds(dict.fromkeys(plan.stages, 2.5)) == pytest.approx(4 * 2.5)


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
    key = next(cell.prediction.key for cell in together.cells if cell.captioner.id == "nearest")
    assert [cell.prediction.key for cell in alone.cells] == [key]


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
    assert (base.cells[0].prediction.key == other.cells[0].prediction.key) is same


def test_a_changed_image_changes_the_key(plan_of, world):
    """Data count by content."""
    before = plan_of().cells[0].prediction.key
    Image.new("RGB", (8, 8), "pink").save(world / "images" / "red.png")
    assert plan_of().cells[0].prediction.key != before


def test_a_changed_corpus_changes_training_and_memory(plan_of, world):
    """Text counts by content."""
    before = {cell.captioner.id: cell.prediction.key for cell in plan_of().cells}
    (world / "corpus.txt").write_text("something else\n", encoding="utf-8")
    after = {cell.captioner.id: cell.prediction.key for cell in plan_of().cells}
    assert all(before[id_] != after[id_] for id_ in before)


def test_a_gap_axis_multiplies_only_captioners_that_take_one(plan_of):
    """A retrieval captioner stands once, whatever gap models there are."""
    plan = plan_of(gap_models=[{"id": "fake-none"}, {"id": "fake-mean"}], captioners=["fake", "nearest"])
    names = [(cell.captioner.id, cell.gap_model) for cell in plan.cells]
    assert names == [("fake", "fake-none"), ("fake", "fake-mean"), ("nearest", None)]
    assert kinds(plan).count("gap-fit") == 1


def test_a_gap_model_fitted_on_pairs_wants_a_task_to_be_fitted_on(plan_of):
    """A text-only run has no pairs; the message says how to give some."""
    with pytest.raises(ConfigError, match="fitted on paired data") as caught:
        plan_of(gap_models=[{"id": "fake-paired"}])
    assert "gap_fit.task" in str(caught.value)


def test_a_fit_on_pairs_is_marked_in_its_cells(plan_of):
    """Zero-shot claims depend on it."""
    plan = plan_of(gap_models=[{"id": "fake-paired"}], gap_fit={"task": "fake-grouped"}, captioners=["fake", "nearest"])
    assert [cell.data_used for cell in plan.cells] == [
        ("gap model fake-paired fitted on paired images and captions of fake-grouped",),
        (),
    ]
    assert [cell.supervision for cell in plan.cells] == ["paired", "text"]


def test_supervision_is_what_a_spec_says_or_its_needs(plan_of):
    """An ablation has its base's, unless it says something else."""
    [fake, *_] = plan_of(captioners=["fake"]).cells
    assert fake.supervision == "text"

    def supervision(told, **needs):
        return replace(fake.captioner, told_needs=CaptionerNeeds(**needs), told_supervision=told).supervision

    assert [supervision(None), supervision(None, memory=True), supervision("paired", training=True)] == [
        "none",
        "text",
        "paired",
    ]
    registry = Registry()
    owner = fake.captioner.owner
    base = {"factory": fake.captioner.factory, "config": type(fake.captioner.config)}
    registry.add(CaptionerSpec(id="pairs", supervision="paired", **base), owner)
    registry.add(CaptionerSpec(id="pairs-less", base="pairs"), owner)
    registry.add(CaptionerSpec(id="pairs-none", base="pairs", supervision="synthetic images"), owner)
    told = [registry.resolve_captioner(id_, {}).supervision for id_ in ("pairs", "pairs-less", "pairs-none")]
    assert told == ["paired", "paired", "synthetic images"]


def test_a_cell_names_the_models_that_its_captioner_uses(plan_of):
    """One that needs decoded images alone uses neither; answers read out of captions use the language model."""
    [fake, *_] = plan_of(captioners=["fake"]).cells

    def used(route="", **needs):
        cell = replace(fake, captioner=replace(fake.captioner, told_needs=CaptionerNeeds(**needs)), route=route)
        return cell.uses_encoder, cell.uses_language_model

    assert used(pixels=True) == (False, False)
    assert used(pixels=True, language_model=True) == (False, True)
    assert used(pixels=True, patches=True) == (True, False)
    assert used() == (True, False)
    assert used(route="caption", pixels=True) == (False, True)


def test_a_fit_on_the_images_that_are_scored_is_refused(plan_of):
    """A gap model is not tested on what it was fitted on."""
    with pytest.raises(ConfigError, match="which is scored"):
        plan_of(gap_models=[{"id": "fake-paired"}], gap_fit={"task": "fake-task"})


def test_gap_models_of_one_id_are_told_apart_by_their_settings(plan_of):
    """A sweep over a gap model's settings has readable names."""
    plan = plan_of(gap_models=[{"id": "fake-none"}, {"id": "fake-none", "settings": {}}], captioners=["fake"])
    assert [cell.gap_model for cell in plan.cells] == ["fake-none (defaults)", "fake-none (defaults)"]


def test_an_ablation_with_its_own_class_shares_the_training_of_its_base(plan_of):
    """What looks at references only at inference trains as its base does."""
    plan = plan_of(captioners=["fake", "fake-oracle"])
    assert kinds(plan).count("train") == 1
    assert plan.cells[1].data_used == ("reference captions of the very image: an upper bound",)


def test_a_sweep_multiplies_the_captioners_it_concerns(plan_of):
    """Values by dotted setting; a captioner without that base stands once."""
    plan = plan_of(captioners=["fake", "nearest"], sweep={"fake.inference.candidates": [1, 3]})
    assert [(cell.captioner.id, cell.variant) for cell in plan.cells] == [
        ("fake", "inference.candidates=1"),
        ("fake", "inference.candidates=3"),
        ("nearest", ""),
    ]
    assert [cell.captioner.config.inference.candidates for cell in plan.cells[:2]] == [1, 3]
    assert kinds(plan).count("train") == 1


@pytest.mark.parametrize("sweep", [{"nearest.x": [1]}, {"fake": [1]}, {"fake.inference.candidates": []}])
def test_a_sweep_of_nothing_is_refused(plan_of, sweep):
    """A typo in a sweep is no silent run of one value."""
    with pytest.raises(ConfigError, match="concerns no captioner"):
        plan_of(captioners=["fake"], sweep=sweep)


def test_questions_are_answered_from_features_where_a_captioner_can(plan_of):
    """And else by reading its captions; both routes on request."""
    asked = {"captioners": ["answering", "nearest"], "tasks": ["fake-questions"], "baseline": "answering"}
    model = {"model": "nobody/opt"}
    plan = plan_of(**asked, language_model=model, dry=True)
    assert [(cell.captioner.id, cell.route) for cell in plan.cells] == [
        ("answering", "features"),
        ("nearest", "caption"),
    ]
    both = plan_of(**asked, language_model=model, answering={"routes": ["features", "caption"]}, dry=True)
    assert [cell.route for cell in both.cells] == ["features", "caption", "caption"]
    assert kinds(both).count("read") == 2


def test_answers_are_compared_with_the_baselines_of_the_same_route(plan_of):
    """And the baseline's own answers from captions with those from its features."""
    plan = plan_of(
        captioners=["answering", "nearest"],
        tasks=["fake-questions"],
        baseline="answering",
        language_model={"model": "nobody/opt"},
        answering={"routes": ["features", "caption"]},
        dry=True,
    )
    own, read, nearest = plan.cells
    assert own.comparison is None
    assert (read.compared_route, nearest.compared_route) == ("features", "caption")
    assert read.comparison.inputs == (read.scoring, own.scoring)
    assert nearest.comparison.inputs == (nearest.scoring, read.scoring)


def test_answers_of_different_routes_are_not_compared_by_default(plan_of):
    """A captioner that is read is not set against a baseline that answers by itself."""
    plan = plan_of(
        captioners=["answering", "nearest"],
        tasks=["fake-questions"],
        baseline="answering",
        language_model={"model": "nobody/opt"},
        dry=True,
    )
    assert [(cell.route, cell.comparison) for cell in plan.cells] == [("features", None), ("caption", None)]


def test_a_plan_without_weights_is_for_looking_only(plan_of):
    """A dry run says what is missing; a run refuses to start."""
    asked = {"captioners": ["answering"], "tasks": ["fake-questions"], "baseline": "answering"}
    wanted = {**asked, "language_model": {"model": "nobody/opt"}, "answering": {"routes": ["caption"]}}
    assert "nobody/opt" in " ".join(plan_of(**wanted, dry=True).remarks)
    with pytest.raises(MissingWeightsError):
        plan_of(**wanted)


def test_a_captioner_that_only_captions_needs_a_reader(plan_of):
    """The message says how to name one."""
    with pytest.raises(ConfigError, match="no language model to read"):
        plan_of(captioners=["nearest"], tasks=["fake-questions"], baseline="nearest")


def test_answers_from_features_of_a_captioner_without_are_refused(plan_of):
    """It captions; the other route is named."""
    with pytest.raises(ConfigError, match="does not answer questions from its features"):
        plan_of(
            captioners=["nearest"], tasks=["fake-questions"], baseline="nearest", answering={"routes": ["features"]}
        )


def test_images_that_questions_share_are_encoded_once(plan_of):
    """Twenty questions about ten images."""
    plan = plan_of(captioners=["answering"], tasks=["fake-questions"], baseline="answering")
    [stage] = [stage for stage in plan.stages.values() if stage.kind == "image-features"]
    assert stage.label == "fake-questions, 10 images"


def test_tasks_with_the_same_images_share_their_features(plan_of):
    """Images count by content, whatever task they belong to."""
    plan = plan_of(tasks=["fake-task", "fake-grouped"])
    assert kinds(plan).count("image-features") == 1


def test_pairs_choose_the_combinations_of_corpus_and_task(plan_of):
    """Only what is listed becomes a cell."""
    pairs = [{"corpus": "fake-corpus", "task": "fake-grouped"}]
    plan = plan_of(tasks=["fake-task", "fake-grouped"], pairs=pairs, captioners=["fake"])
    assert [cell.task.id for cell in plan.cells] == ["fake-grouped"]


def test_a_pair_outside_the_matrix_is_refused(plan_of):
    """Its corpus and its task are of the matrix."""
    with pytest.raises(ConfigError, match="not of this matrix"):
        plan_of(pairs=[{"corpus": "fake-corpus", "task": "fake-grouped"}])


def test_settings_reach_a_task_that_has_some(plan_of):
    """A task without code of its own is told where its files are."""
    plan = plan_of(tasks=["fake-settable"], task_settings={"fake-settable": {"pictures": 4}})
    assert len(plan.cells[0].task.ids) == 4


def test_settings_for_a_task_that_has_none_are_refused(plan_of):
    """A typo is not ignored."""
    with pytest.raises(ConfigError, match="pictures"):
        plan_of(task_settings={"fake-task": {"pictures": 4}})


def test_every_stage_comes_after_its_inputs(plan_of):
    """The order of the plan can be executed."""
    seen = set()
    plan = plan_of(gap_models=[{"id": "fake-mean"}], seeds=[0, 1])
    for key, stage in plan.stages.items():
        assert seen.issuperset(stage.input_keys)
        seen.add(key)


def test_what_a_stage_depends_on_is_json(plan_of):
    """It is kept in the store beside the output, and is the same when it is read again."""
    for stage in plan_of(gap_models=[{"id": "fake-mean"}]).stages.values():
        assert json.loads(json.dumps(stage.depends_on)) == stage.depends_on


def test_a_comparison_the_other_way_round_is_another(plan_of):
    """A difference has a sign: the same two scores, in the other order, are other work."""
    found = [plan_of(captioners=["fake", "nearest"], baseline=baseline) for baseline in ("fake", "nearest")]
    one, other = (next(cell.comparison for cell in plan.cells if cell.comparison) for plan in found)
    assert one.input_keys == other.input_keys[::-1]
    assert one.key != other.key


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


def test_missing_images_are_counted_before_any_work(plan_of, world):
    """The run goes on without them, and says so."""
    for name in ("red", "gray"):
        (world / "images" / f"{name}.png").unlink()
    assert "2 of 10 images of fake-task are missing" in plan_of().remarks[0]


@pytest.mark.parametrize(("strict", "names"), [(True, ["red"]), (False, zsbench_fakes.COLOURS)])
def test_missing_images_end_a_strict_run_and_one_without_any(plan_of, world, strict, names):
    """The first is named, and the verb that lists all."""
    for name in names:
        (world / "images" / f"{name}.png").unlink()
    with pytest.raises(MissingDataError, match=r"of 10 images.*\.png"):
        plan_of(fail_on_error=strict)


@pytest.fixture
def without_files(monkeypatch):
    """The files of some fake tasks are not under the data root."""

    def _without(*tasks):
        def examples(_self):
            raise MissingDataError("There is no file.", "There is one.", "Get it.")

        for task in tasks:
            monkeypatch.setattr(task, "examples", examples)

    return _without


def test_a_task_without_files_ends_the_plan_or_is_left_out(plan_of, without_files):
    """As the matrix says; what is left out is told."""
    without_files(zsbench_fakes.GroupedTask)
    tasks = ["fake-grouped", "fake-task"]
    with pytest.raises(MissingDataError, match="There is no file"):
        plan_of(tasks=tasks)
    plan = plan_of(tasks=tasks, missing_tasks="leave-out")
    assert {cell.task.id for cell in plan.cells} == {"fake-task"}
    assert plan.remarks[0].startswith("fake-grouped is left out: There is no file.")


def test_a_plan_of_nothing_is_refused(plan_of, without_files):
    """Leaving out every task would be a run that says nothing."""
    without_files(zsbench_fakes.FakeTask)
    with pytest.raises(MissingDataError, match="There is no file"):
        plan_of(tasks=["fake-task"], missing_tasks="leave-out")


def test_a_gap_axis_may_name_another_gap_model_for_inference(plan_of):
    """Training and inference are set apart, and the cell's name tells both."""
    gaps = [{"id": "fake-none"}, {"id": "fake-none", "inference": {"id": "fake-mean"}}]
    plan = plan_of(gap_models=gaps, captioners=["fake"])
    both = [(cell.captioner.config.training.gap.id, cell.captioner.config.inference.gap.id) for cell in plan.cells]
    assert both == [("fake-none", "fake-none"), ("fake-none", "fake-mean")]
    assert [cell.gap_model for cell in plan.cells] == ["fake-none (defaults)", "fake-none (defaults) / fake-mean"]
    assert kinds(plan).count("train") == 1


def test_a_text_only_matrix_refuses_a_fit_on_pairs_and_says_how_to_allow_it(plan_of):
    """Without `gap_fit` nobody may look at images."""
    with pytest.raises(ConfigError, match=r"text-only.*gap_fit.*leave this gap model out"):
        plan_of(gap_models=[{"id": "fake-paired"}], captioners=["fake"])
