"""A whole run on the fakes: records, resume, failures."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import time

import pytest

import zsbench_fakes
from zsbench.errors import ConfigError, MissingDataError, PluginContractError
from zsbench.interfaces import Engine
from zsbench.records import read_results, read_samples
from zsbench.runner import cells


def predictions(result):
    """The bytes of every cell's samples, by cell."""
    return {path.parent.name: path.read_bytes() for path in (result.folder / "cells").glob("*/samples.jsonl")}


def test_a_run_leaves_records_for_every_cell(session):
    """run.json, result.json, samples.jsonl and the table are there and agree."""
    result = session().run()
    run = json.loads((result.folder / "run.json").read_text(encoding="utf-8"))
    assert run["schema_version"] == 2
    assert run["cells"] == [cell.name for cell in result.plan.cells]
    assert run["provenance"]["plugins"][0]["used"]
    results = read_results(result.folder)
    assert [row.cell.captioner for row in results] == ["fake", "fake-one", "nearest"]
    assert all(row.status == "done" and len(row.metrics) == 2 for row in results)
    assert (result.folder / "tables" / "comparison.md").read_text(encoding="utf-8") == result.table


def test_values_of_single_examples_keep_every_digit(session, monkeypatch):
    """Rounded ones would tie examples that differ."""
    read = cells.read_values
    monkeypatch.setattr(cells, "read_values", lambda folder: {id_: array / 3e7 for id_, array in read(folder).items()})
    result = session().run()
    words = [sample.metrics["words"] for sample in read_samples(result.folder, result.plan.cells[0].name)]
    assert words == [number / 3e7 for number in (round(value * 3e7) for value in words)]
    assert all(words)


def test_samples_hold_prediction_candidates_and_values(session):
    """One line an example, in the order of the task."""
    result = session().run()
    lines = (result.folder / "cells" / result.plan.cells[0].name / "samples.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in lines.splitlines()]
    assert [row["id"] for row in rows] == list(zsbench_fakes.COLOURS)
    assert rows[0]["prediction"] == rows[0]["candidates"][rows[0]["chosen"]][0]
    assert set(rows[0]["metrics"]) == {"words", "exact"}


def test_scores_are_what_the_predictions_deserve(session):
    """The nearest captioner says one of the references of one image in ten."""
    rows = {row.cell.captioner: row for row in session().run().results}
    scores = {metric.id: metric.score for metric in rows["nearest"].metrics}
    assert scores == {"words": 3.0, "exact": 0.1}


def test_latest_points_at_the_newest_run(session, tmp_path):
    """results/latest is the last run."""
    first = session().run().folder
    second = session().run().folder
    assert first != second
    assert (tmp_path / "results" / "latest").resolve() == second.resolve()


def test_a_second_run_makes_nothing_and_gives_the_same_bytes(session, notes):
    """Everything is cached, no model is loaded, predictions are equal to the byte."""
    first = session().run()
    notes.finished.clear()
    loads = zsbench_fakes.FakeEncoder.loads
    second = session().run()
    assert notes.finished == []
    assert second.outcome.count("done") == 0
    assert zsbench_fakes.FakeEncoder.loads == loads
    assert predictions(second) == predictions(first)


def test_seeds_change_what_is_random(session):
    """Another seed draws other numbers."""
    first, second = session(captioners=["fake"], seeds=[0, 1]).run().results
    assert first.keys["prediction"] != second.keys["prediction"]
    assert first.metrics[0].score == second.metrics[0].score


def test_a_failing_captioner_fails_its_cell_alone(session, notes):
    """The others finish, and the reason names the captioner."""
    result = session(captioners=["broken", "nearest"], baseline="nearest").run()
    assert [row.status for row in result.results] == ["failed", "done"]
    assert "'broken' failed to caption: RuntimeError: broken on purpose" in result.results[0].reason
    assert notes.failed[0][0] == "predict"


def test_a_captioner_that_exits_fails_its_cell_alone(session, monkeypatch):
    """sys.exit in a plugin does not end the run."""
    monkeypatch.setattr(zsbench_fakes.BrokenCaptioner, "caption", lambda self, batch: sys.exit(3))
    result = session(captioners=["broken", "nearest"], baseline="nearest").run()
    assert [row.status for row in result.results] == ["failed", "done"]
    assert "SystemExit" in result.results[0].reason


def test_too_few_captions_fail_the_cell(session):
    """A captioner cannot shift captions to other images."""
    result = session(captioners=["silent", "nearest"], baseline="nearest").run()
    assert "returned 9 captions for 10 images" in result.results[0].reason


def test_a_failed_baseline_leaves_the_others_scored(session):
    """Without a baseline there is no difference, but there are scores."""
    result = session(captioners=["broken", "nearest"], baseline="broken").run()
    assert result.results[1].status == "done"
    assert result.results[1].differences == ()


def test_a_corrupt_entry_is_reported_and_rebuilt(session, notes, tmp_path):
    """One changed byte in the store costs one stage, not the run."""
    first = session().run()
    path = next((tmp_path / "cache" / "store" / "predict").glob("*/predictions.jsonl"))
    path.write_text("{}", encoding="utf-8")
    notes.finished.clear()
    second = session().run()
    assert notes.finished == ["predict"]
    assert any("Corrupt store entry" in remark for remark in notes.remarks)
    assert predictions(second) == predictions(first)


def test_a_limit_scores_the_first_examples(session):
    """The first three, and no more."""
    result = session(limit=3).run()
    assert [row.n for row in result.results] == [3, 3, 3]


def test_gap_models_are_fitted_once(session):
    """Training and inference of one cell share a fit."""
    fits = zsbench_fakes.MeanGap.fits
    result = session(captioners=["fake"], gap_models=[{"id": "fake-mean"}]).run()
    assert zsbench_fakes.MeanGap.fits == fits + 1
    assert result.results[0].cell.gap_model == "fake-mean"


def test_an_encoder_without_patches_is_refused_by_name(session):
    """The message says which encoder would do."""
    result = session(**{"encoder.settings.patches": False, "captioners": ["fake"]}).run()
    assert "needs patch tokens" in result.results[0].reason
    assert "ViT-B-32" in result.results[0].reason


@pytest.fixture
def damaged_world(session, tmp_path):
    """The fake world with one image that is no image."""
    session(captioners=["nearest"], baseline="nearest").run()
    root = tmp_path / "cache" / "data" / "fake-world"
    (root / "images" / "navy.png").write_bytes(b"no image")
    return str(root)


def test_a_corrupt_image_costs_its_example(session, damaged_world):
    """The image is named by id, and the others are captioned and scored."""
    result = session(captioners=["nearest"], baseline="nearest", data_root=damaged_world).run()
    (cell,) = result.results
    assert cell.status == "done"
    assert [lost.id for lost in cell.unreadable] == ["navy"]
    assert "navy" in cell.unreadable[0].reason
    assert {row.n for row in cell.metrics} == {cell.n - 1}
    samples = {sample.id: sample for sample in read_samples(result.folder, cell.name)}
    assert samples["navy"].prediction is None
    assert samples["navy"].error == cell.unreadable[0].reason


def test_a_corrupt_image_fails_its_cells_where_asked(session, damaged_world):
    """With `fail_on_error` the reason names the image."""
    result = session(captioners=["nearest"], baseline="nearest", data_root=damaged_world, fail_on_error=True).run()
    assert [cell.status for cell in result.results] == ["failed"]
    assert "navy" in result.results[0].reason


def test_a_missing_data_root_is_refused(session, tmp_path):
    """A folder that is not there is named before anything is planned."""
    with pytest.raises(MissingDataError, match="nowhere"):
        session(data_root=str(tmp_path / "nowhere")).run()


def test_no_data_root_lists_what_there_is(session):
    """The message names the data roots that plugins offer."""
    with pytest.raises(ConfigError, match="fake-world"):
        session(data_root=None).run()


def test_training_is_done_once_for_captioners_that_share_it(session):
    """fake and fake-one train together."""
    trainings = zsbench_fakes.FakeCaptioner.trainings
    session().run()
    assert zsbench_fakes.FakeCaptioner.trainings == trainings + 1


def test_references_that_are_training_texts_are_counted(session, tmp_path):
    """Each cell with a corpus tells how much of the split stands in it."""
    result = session().run()
    root = tmp_path / "cache" / "data" / "fake-world"
    known = {text.lower() for text in zsbench_fakes.FakeCorpus(root).texts()}
    references = zsbench_fakes.FakeTask(root).references()
    shared = sum(text.lower() in known for texts in references.values() for text in texts)
    assert shared
    for cell in result.results:
        assert cell.training_overlap.shared == shared
        assert cell.training_overlap.images == len(references)


def test_data_that_are_not_the_official_split_are_told_before_and_after(session, notes, monkeypatch):
    """At the start of a run, in run.json and in each result of that task."""
    card = zsbench_fakes.FakeTask(None).card.model_copy(update={"examples": 5000})
    monkeypatch.setattr(zsbench_fakes.FakeTask, "card", card)
    result = session(captioners=["nearest"], baseline=None).run()
    remark = "fake-task has 10 examples here; the official split has 5,000."
    assert remark in notes.remarks
    assert remark in json.loads((result.folder / "run.json").read_text(encoding="utf-8"))["remarks"]
    assert [row.split_remark for row in result.results] == [remark]


def test_the_official_split_has_no_remark(session):
    """The key is there and empty."""
    assert {row.split_remark for row in session().run().results} == {""}


def test_a_cell_has_its_predictions_in_the_official_form(session):
    """Beside its samples, with those alone that could be made; ids are texts where they are no numbers."""
    result = session(captioners=["fake", "broken"], baseline="fake").run()
    done, failed = (result.folder / "cells" / cell.name for cell in result.plan.cells)
    rows = json.loads((done / "official.json").read_text(encoding="utf-8"))
    samples = read_samples(result.folder, done.name)
    assert rows == [{"image_id": sample.id, "caption": sample.prediction} for sample in samples]
    assert not (failed / "official.json").exists()


def test_a_sweep_over_numbers_leaves_a_plot(session):
    """Score against value, in the run's folder; a run without a sweep has none."""
    swept = session(captioners=["fake"], baseline=None, sweep={"fake.inference.candidates": [1, 2]}).run()
    assert sorted(path.suffix for path in (swept.folder / "plots").iterdir()) == [".png", ".svg"]
    assert not (session(captioners=["fake"]).run().folder / "plots").exists()


def test_a_profile_tells_where_time_went_and_changes_nothing(session, tmp_path):
    """Every stage that was made has its seconds; keys and samples are those of a run without."""
    plain = session().run()
    shutil.rmtree(tmp_path / "cache")
    profiled = session(options={"profile": True}).run()
    profile = json.loads((profiled.folder / "profile.json").read_text(encoding="utf-8"))
    done = {key for key, record in profiled.outcome.stages.items() if record.state == "done"}
    assert {row["key"] for row in profile["stages"]} == done
    assert set(profile["phases"]) == {"plan", "stages", "records"}
    assert list(plain.plan.stages) == list(profiled.plan.stages)
    assert predictions(plain) == predictions(profiled)
    assert profiled.profile.startswith("Profile: ")
    assert not (plain.folder / "profile.json").exists()


def test_a_clock_that_jumps_changes_nothing(session, tmp_path, monkeypatch):
    """An hour forth and back at every look: the same bytes, and every duration is one."""
    calm = predictions(session().run())
    shutil.rmtree(tmp_path / "cache")
    hours = itertools.cycle([1, -1, 0])
    now, now_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: now() + 3600 * next(hours))
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + 3600 * 10**9 * next(hours))
    result = session().run()
    assert predictions(result) == calm
    assert all(0 <= record.seconds < 600 for record in result.outcome.stages.values())
    assert session().run().outcome.count("done") == 0


def test_an_engine_that_leaves_stages_is_refused(session):
    """Its plugin is named, and nothing is recorded that was not made."""

    class Lazy(Engine):
        def run(self, work, resources):
            """Make the first stage, and go home."""
            stage = work.ready()[0]
            work.start(stage)
            work.finish(stage, work.make(stage))

    started = session(captioners=["nearest"], baseline=None)
    started.engine = Lazy(None)
    with pytest.raises(PluginContractError, match=r"'local' left 4 stages without a result.*--engine local"):
        started.run()
    assert not started.options.output.exists()
    assert not session(captioners=["nearest"], baseline=None).run().failed


def test_an_engine_is_given_the_run_as_its_command_gave_it(session, tmp_path):
    """With the data root found, so that another process plans the same."""
    started = session(options={"address": "somewhere:1", "store_url": "s3://b", "workers": 3, "profile": True})
    request = started.engine.request
    assert (request.address, request.store_url, request.workers, request.profile) == ("somewhere:1", "s3://b", 3, True)
    assert request.data_root == zsbench_fakes.write_world(tmp_path / "cache" / "data")
    assert request.matrix == started.matrix
