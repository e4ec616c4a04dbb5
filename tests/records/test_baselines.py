"""Committed baselines: one a cell, small, sealed; and the history of their scores."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest

from zsbench.errors import ConfigError, CorruptDataError, HashMismatchError, MissingDataError
from zsbench.gate import GateRules, find_baseline, judge_run
from zsbench.records import Sample, parsing, read_baselines, read_cells, read_history, write_baselines, writer
from zsbench_cells import build_cell, captions_of, make_metric, reseal, scores_of, write_run

SHADES = ["dark", "light"] * 10


@pytest.fixture
def cells(tmp_path):
    return read_cells(write_run(tmp_path / "runs", [build_cell(captions_of(20), scores_of(20), groups=SHADES)]))


@pytest.fixture
def written(cells, tmp_path):
    """The folder of one baseline."""
    return write_baselines(cells, tmp_path / "results")[0]


def test_a_baseline_holds_what_the_run_held(cells, written, tmp_path):
    """Statistics to the last bit, those of groups too."""
    [back] = read_baselines(tmp_path / "results", make_metric)
    assert back.predictions == cells[0].predictions
    assert set(back.statistics) == set(cells[0].statistics)
    assert all(np.array_equal(back.statistics[key], cells[0].statistics[key]) for key in back.statistics)
    assert (back.revision, back.started, back.result) == ("a" * 12, cells[0].started, cells[0].result)
    assert back.run.provenance.processor == "a processor"


def test_the_run_that_made_the_baseline_passes_whatever_its_settings_name(tmp_path):
    """Paths are cut once, where records are written, so that a run and its baseline say the same."""
    config = {"inference": {"weights": "/models/weights/head.safetensors", "prompts": ["/a/b", "a/b"]}}
    run = write_run(tmp_path / "runs", [build_cell(captions_of(20), scores_of(20), config=config)])
    write_baselines(read_cells(run), tmp_path / "results")
    assert judge_run(read_cells(run), find_baseline(tmp_path / "results"), make_metric, GateRules()).exit_code == 0
    told = read_cells(run)[0].result.config
    assert told == {"inference": {"weights": "head.safetensors", "prompts": ["b", "a/b"]}}
    assert "/models" not in "".join(path.read_text("utf-8") for path in run.rglob("*.json"))


def test_a_data_root_that_is_a_folder_is_never_taken_for_an_id(tmp_path):
    """Of the folder the last part is told, with a mark."""
    run = write_run(tmp_path / "runs", [build_cell(captions_of(20), scores_of(20))], data_root="/models/fake-world")
    assert read_cells(run)[0].run.matrix.data_root == ".../fake-world"


def test_the_newest_baseline_takes_the_place_of_the_last_and_both_are_in_the_history(tmp_path):
    """A revision that is written again stands once."""
    for day, commit in ((1, "b"), (2, "a"), (2, "a")):
        cell = build_cell(captions_of(5), scores_of(5, good=0.5 + day / 10))
        run = write_run(tmp_path / "runs", [cell], commit=commit * 40, started=f"2026-01-0{day}T00:00:00Z")
        [folder] = write_baselines(read_cells(run), tmp_path / "results")
    history = read_history(tmp_path / "results")
    assert [row.revision for row in history] == ["b" * 12, "a" * 12]
    [back] = read_baselines(tmp_path / "results")
    assert back.revision == "a" * 12
    score, low, high = history[1].scores["exact"]
    row = back.rows["exact"]
    assert (score, low, high, history[1].signature) == (row.score, row.low, row.high, row.signature)
    names = ["baseline.json", "samples.jsonl.gz", "statistics.safetensors.gz"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("name", ["../up", "", "a/b", ".hidden", "abc-dirty", "a b"])
def test_a_revision_is_one_plain_name(cells, tmp_path, name):
    """Uncommitted changes have no name that can be found again."""
    with pytest.raises(ConfigError, match="revision"):
        write_baselines([replace(cells[0], revision=name)], tmp_path / "results", revision=name)


def test_a_run_folder_is_a_baseline_too(tmp_path):
    """Two runs can be compared without committing anything."""
    run = write_run(tmp_path, [build_cell(captions_of(5), scores_of(5))])
    assert [cell.name for cell in find_baseline(run)] == ["fake__fake-task__seed0"]
    assert [cell.name for cell in find_baseline(tmp_path / "latest")] == ["fake__fake-task__seed0"]


def test_nothing_to_compare_with_says_how_to_write_it(tmp_path):
    """An empty folder is no baseline."""
    with pytest.raises(MissingDataError, match="--update-baseline"):
        find_baseline(tmp_path)


@pytest.mark.parametrize("name", ["samples.jsonl.gz", "statistics.safetensors.gz"])
def test_an_edited_file_is_named_with_its_checksum(written, tmp_path, name):
    """Somebody polished a score."""
    path = written / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(HashMismatchError, match="SHA-256") as caught:
        read_baselines(tmp_path / "results")
    assert caught.value.path == str(path)


def test_an_edited_note_breaks_its_seal(written, tmp_path):
    """The checksums themselves are sealed."""
    note = json.loads((written / "baseline.json").read_text())
    note["revision"] = "better"
    (written / "baseline.json").write_text(json.dumps(note))
    with pytest.raises(HashMismatchError, match=r"baseline\.json"):
        read_baselines(tmp_path / "results")


def test_a_baseline_of_another_cell_is_refused(written, tmp_path):
    """The folder names the cell."""
    written.rename(written.with_name("other"))
    with pytest.raises(CorruptDataError, match="names the cell"):
        read_baselines(tmp_path / "results")


def test_version_1_is_told_how_to_be_migrated(written, tmp_path):
    """There every revision had a folder of its own."""
    written.rename(tmp_path / "moved")
    written.mkdir()
    (tmp_path / "moved").rename(written / "abc")
    damaged = []
    assert read_baselines(tmp_path / "results", damaged=damaged) == []
    assert f"`zsbench records migrate {tmp_path / 'results'}`" in damaged[0]


def test_a_missing_file_is_named(written, tmp_path):
    """A half-committed baseline."""
    (written / "samples.jsonl.gz").unlink()
    with pytest.raises(MissingDataError, match=r"samples\.jsonl\.gz"):
        read_baselines(tmp_path / "results")


def test_a_file_that_unpacks_to_too_much_is_refused(written, monkeypatch, tmp_path):
    """Compressed files are untrusted."""
    monkeypatch.setattr(parsing, "INFLATED_LIMIT", 10)
    with pytest.raises(CorruptDataError, match="far too large"):
        read_baselines(tmp_path / "results")


def test_a_cut_gzip_is_refused(tmp_path):
    """Half a file is no file."""
    with pytest.raises(CorruptDataError, match="cut short"):
        parsing.unpack(tmp_path, gzip.compress(b"0123456789" * 99)[:-9])


def test_a_thousand_examples_fit(tmp_path):
    """The limit is for repositories, not for tests."""
    texts = {str(n): f"a caption number {n} with quite a few words in it {n * 7919 % 1000}" for n in range(1000)}
    random = np.random.default_rng(0)
    result, samples, statistics = build_cell(texts, random.random(1000))
    for place, sample in enumerate(samples):
        weights = [float(f"{weight:.3g}") for weight in random.random(10)]
        regions = {"side": 14, "cells": random.permutation(196)[:10].tolist(), "weights": weights, "fit": "crop"}
        samples[place] = Sample.model_validate({**sample.model_dump(), "regions": regions})
    run = write_run(tmp_path / "runs", [(result, samples, statistics)])
    [folder] = write_baselines(read_cells(run), tmp_path / "results")
    assert read_baselines(tmp_path / "results")[0].samples[999].regions == samples[999].regions
    assert 10_000 < sum(path.stat().st_size for path in folder.iterdir()) < writer.BASELINE_LIMIT


def test_a_baseline_too_large_is_refused(cells, monkeypatch, tmp_path):
    """And nothing of it is left behind."""
    monkeypatch.setattr(writer, "BASELINE_LIMIT", 100)
    with pytest.raises(CorruptDataError, match="--limit"):
        write_baselines(cells, tmp_path / "results")
    assert not read_baselines(tmp_path / "results")
    assert not read_history(tmp_path / "results")


def test_failed_cells_are_not_baselines(tmp_path):
    """A failure is nothing to keep up with."""
    failed = build_cell(captions_of(5), scores_of(5), status="failed", reason="x", metrics=[])
    run = write_run(tmp_path / "runs", [failed])
    assert write_baselines(read_cells(run), tmp_path / "results") == []


def test_statistics_that_do_not_fit_the_samples_are_refused(tmp_path):
    """A line was taken out of a run's samples, and its checksum put right."""
    from zsbench.records.seal import hash_bytes

    run = write_run(tmp_path, [build_cell(captions_of(5), scores_of(5))])
    path = run / "cells" / "fake__fake-task__seed0" / "samples.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    note = path.with_name("result.json")
    checksums = {**json.loads(note.read_text("utf-8"))["sha256"], "samples.jsonl": hash_bytes(path.read_bytes())}
    reseal(note, sha256=checksums)
    with pytest.raises(CorruptDataError, match=r"5 rows of statistics of \w+ for 4 samples"):
        read_cells(run)
