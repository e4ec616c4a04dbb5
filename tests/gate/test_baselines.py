"""Committed baselines: small, sealed, never written twice."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest

from zsbench.errors import ConfigError, CorruptDataError, HashMismatchError, MissingDataError
from zsbench.gate import baselines, read_baselines, read_history, read_run_evidence, write_baselines
from zsbench_cells import build_cell, captions_of, scores_of, write_run

SHADES = ["dark", "light"] * 10


@pytest.fixture
def evidence(tmp_path):
    return read_run_evidence(write_run(tmp_path / "runs", [build_cell(captions_of(20), scores_of(20), groups=SHADES)]))


@pytest.fixture
def written(evidence, tmp_path):
    """The folder of one baseline."""
    return write_baselines(evidence, tmp_path / "results")[0]


def test_a_baseline_holds_what_the_run_held(evidence, written, tmp_path):
    """Statistics to the last bit, those of groups too."""
    [back] = read_baselines(tmp_path / "results")
    assert back.predictions == evidence[0].predictions
    assert set(back.statistics) == set(evidence[0].statistics)
    assert all(np.array_equal(back.statistics[key], evidence[0].statistics[key]) for key in back.statistics)
    assert (back.revision, back.started, back.result) == ("a" * 12, evidence[0].started, evidence[0].result)
    assert back.run["provenance"]["processor"] == "a processor"


def test_paths_of_this_machine_stay_out(evidence, tmp_path):
    """Of a path the last part is kept, wherever it stands in the record; all else is as it was."""
    one = next(iter(evidence))
    run = {"matrix": {"encoder": {"model": str(tmp_path / "weights" / "encoder")}, "name": "a/b"}}
    (folder,) = write_baselines([replace(one, run=run)], tmp_path / "results", revision="r1")
    note = json.loads((folder / "baseline.json").read_text(encoding="utf-8"))
    assert note["run"] == {"matrix": {"encoder": {"model": "encoder"}, "name": "a/b"}}


def test_a_revision_is_never_written_twice(evidence, written, tmp_path):
    """Nor is any cell written if one of them exists."""
    with pytest.raises(ConfigError, match="never overwritten"):
        write_baselines(evidence, tmp_path / "results")
    assert write_baselines(evidence, tmp_path / "results", revision="r2")[0].name == "r2"


@pytest.mark.parametrize("name", ["../up", "", "a/b", ".hidden", "abc-dirty", "a b"])
def test_a_revision_is_one_plain_name(evidence, tmp_path, name):
    """Uncommitted changes have no name that can be found again."""
    cell = evidence[0]
    object.__setattr__(cell, "revision", name)
    with pytest.raises(ConfigError, match="revision"):
        write_baselines([cell], tmp_path / "results", revision=name)


def test_the_newest_revision_is_the_baseline_and_all_are_the_history(tmp_path):
    """By the time the run began."""
    for day, commit in ((1, "b"), (2, "a")):
        cell = build_cell(captions_of(5), scores_of(5))
        run = write_run(tmp_path / "runs", [cell], commit=commit * 40, started=f"2026-01-0{day}T00:00:00Z")
        write_baselines(read_run_evidence(run), tmp_path / "results")
    assert [cell.revision for cell in read_history(tmp_path / "results")] == ["b" * 12, "a" * 12]
    assert [cell.revision for cell in read_baselines(tmp_path / "results")] == ["a" * 12]


def test_a_run_folder_is_a_baseline_too(tmp_path):
    """Two runs can be compared without committing anything."""
    run = write_run(tmp_path, [build_cell(captions_of(5), scores_of(5))])
    assert [cell.name for cell in read_baselines(run)] == ["fake__fake-task__seed0"]
    assert [cell.name for cell in read_baselines(tmp_path / "latest")] == ["fake__fake-task__seed0"]


def test_nothing_to_compare_with_says_how_to_write_it(tmp_path):
    """An empty folder is no baseline."""
    with pytest.raises(MissingDataError, match="--update-baseline"):
        read_baselines(tmp_path)


@pytest.mark.parametrize("name", ["result.json", "samples.jsonl.gz", "statistics.safetensors.gz"])
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


@pytest.mark.parametrize("text", ["{", "[]", "{}", '"x"'])
def test_a_note_that_is_none_is_refused(written, tmp_path, text):
    """Cut files are not taken for baselines."""
    (written / "baseline.json").write_text(text)
    with pytest.raises(CorruptDataError, match="cannot be read"):
        read_baselines(tmp_path / "results")


def test_another_schema_version_says_what_to_run(written, tmp_path):
    """Version first, checksum later."""
    note = json.loads((written / "baseline.json").read_text())
    (written / "baseline.json").write_text(json.dumps({**note, "schema_version": 99}))
    with pytest.raises(CorruptDataError, match=r"version 99.*--update-baseline"):
        read_baselines(tmp_path / "results")


def test_a_missing_file_is_named(written, tmp_path):
    """A half-committed baseline."""
    (written / "samples.jsonl.gz").unlink()
    with pytest.raises(CorruptDataError, match=r"samples\.jsonl\.gz"):
        read_baselines(tmp_path / "results")


def test_a_file_that_unpacks_to_too_much_is_refused(written, monkeypatch, tmp_path):
    """Compressed files are untrusted."""
    monkeypatch.setattr(baselines, "_INFLATED_LIMIT", 10)
    with pytest.raises(CorruptDataError, match="far too large"):
        read_baselines(tmp_path / "results")


def test_a_cut_gzip_is_refused():
    """Half a file is no file."""
    with pytest.raises(CorruptDataError, match="cut short"):
        baselines._unpack(baselines.Path("x"), gzip.compress(b"0123456789" * 99)[:-9])


def test_a_thousand_examples_fit(tmp_path):
    """The limit is for repositories, not for tests."""
    texts = {str(n): f"a caption number {n} with quite a few words in it {n * 7919 % 1000}" for n in range(1000)}
    random = np.random.default_rng(0)
    cell = build_cell(texts, random.random(1000))
    for sample in cell[1]:
        weights = [float(f"{weight:.3g}") for weight in random.random(10)]
        cells = random.permutation(196)[:10].tolist()
        sample["regions"] = {"side": 14, "cells": cells, "weights": weights, "fit": "crop"}
    [folder] = write_baselines(read_run_evidence(write_run(tmp_path / "runs", [cell])), tmp_path / "results")
    assert read_baselines(tmp_path / "results")[0].samples[999]["regions"] == cell[1][999]["regions"]
    assert 10_000 < sum(path.stat().st_size for path in folder.iterdir()) < baselines.BASELINE_LIMIT


def test_a_baseline_too_large_is_refused(evidence, monkeypatch, tmp_path):
    """And nothing of it is left behind."""
    monkeypatch.setattr(baselines, "BASELINE_LIMIT", 100)
    with pytest.raises(CorruptDataError, match="--limit"):
        write_baselines(evidence, tmp_path / "results")
    assert not read_history(tmp_path / "results")


def test_failed_cells_are_not_baselines(tmp_path):
    """A failure is nothing to keep up with."""
    result, samples, _ = build_cell(captions_of(5), scores_of(5), status="failed", reason="x", metrics=[])
    run = write_run(tmp_path / "runs", [(result, samples, None)])
    assert write_baselines(read_run_evidence(run), tmp_path / "results") == []


def test_statistics_that_do_not_fit_the_samples_are_refused(tmp_path):
    """A line was taken out of a run's samples."""
    run = write_run(tmp_path, [build_cell(captions_of(5), scores_of(5))])
    path = run / "cells" / "fake__fake-task__seed0" / "samples.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(CorruptDataError, match="5 rows of statistics of exact for 4 samples"):
        read_run_evidence(run)
