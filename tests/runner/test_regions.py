"""Sub-regions in the store: selected once for all that select alike, in shards that are mapped and go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import zsbench_fakes
from zsbench.runner import regions, shards
from zsbench.runner.features import ImageFeatureReader
from zsbench.runner.regions import RegionReader


@pytest.fixture(autouse=True)
def selections(monkeypatch):
    """How many images each call selected in."""
    monkeypatch.setattr(zsbench_fakes.SelectingCaptioner, "selections", [])
    return zsbench_fakes.SelectingCaptioner.selections


@pytest.fixture
def run(session, tmp_path):
    """Run captioners; the folders of their region features in the order of the plan, and the result."""

    def _run(*captioners, **changes):
        result = session(captioners=list(captioners), baseline=captioners[0], **changes).run()
        keys = [key for key, stage in result.plan.stages.items() if stage.kind == "region-features"]
        return [tmp_path / "cache" / "store" / "region-features" / key for key in keys], result

    return _run


def read_captions(result):
    rows = (folder / "samples.jsonl" for folder in sorted((result.folder / "cells").iterdir()))
    return [[json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in rows]


def test_captioners_that_select_alike_share_their_regions(run, selections):
    """Another number of patches is another selection; another voice is not."""
    folders, result = run("selecting", "selecting-louder", "selecting-more")
    assert len(folders) == 2
    assert selections == [10, 10]
    assert {row["status"] for row in result.results} == {"done"}
    assert [RegionReader(folder).read([0]).features.shape[1] for folder in folders] == [2, 3]


def test_what_is_stored_is_what_was_selected(run, tmp_path):
    """Features to the bit, and places with every digit, in any order."""
    [folder], result = run("selecting")
    [key] = [key for key, stage in result.plan.stages.items() if stage.kind == "image-features"]
    features = ImageFeatureReader(tmp_path / "cache" / "store" / "image-features" / key).read([7, 0, 1])
    found = RegionReader(folder).read([7, 0, 1])
    assert torch.equal(found.features, features.patches[:, :2])
    assert found.shown[1] is None
    assert (found.shown[0].cells, found.shown[0].weights) == ((3,), (0.1 + 7 / 3,))


def test_a_shard_of_regions_is_mapped_and_not_read(run):
    """Asking for one row copies that row alone."""
    [folder], _ = run("selecting")
    row = RegionReader(folder)
    assert row.read([3]).features.untyped_storage().nbytes() == row.read([3]).features.nbytes
    assert f"{folder.name}/shard-0000000" in Path("/proc/self/maps").read_text(encoding="utf-8")


def test_an_interrupted_selection_keeps_its_shards(run, selections, monkeypatch):
    """Only what is missing is selected again, to the same bytes."""
    monkeypatch.setattr(shards, "IMAGES_PER_SHARD", 4)
    monkeypatch.setattr(regions, "IMAGES_AT_ONCE", 3)
    [folder], result = run("selecting")
    assert selections == [3, 1, 3, 1, 2]
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "entry.json"}
    captions = read_captions(result)
    for stage in ("predict", "score"):
        [made] = (folder.parents[1] / stage).iterdir()
        made.rename(made.with_name("gone"))
    partial = folder.parents[1] / "partial" / f"region-features-{folder.name}"
    folder.rename(partial)
    (partial / "entry.json").unlink()
    (partial / "shard-0000004.safetensors").unlink()
    selections.clear()
    _, again = run("selecting")
    assert selections == [3, 1]
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "entry.json"} == before
    assert read_captions(again) == captions


def test_regions_of_a_wrong_shape_fail_the_cell(run):
    """The reason names the captioner and what it returns."""
    _, result = run("misselecting")
    [row] = result.results
    assert row["status"] == "failed"
    assert "Captioner 'misselecting' selected features of shape (9, 2, " in row["reason"]


def test_an_encoder_without_patches_is_told_before_anything_is_selected(run, selections):
    """As for any captioner that needs them."""
    _, result = run("selecting", **{"encoder.settings.patches": False})
    assert "Captioner 'selecting' needs patch tokens" in result.results[0]["reason"]
    assert not selections


def test_a_captioner_without_such_settings_reads_patches(run):
    """Nothing is stored for it."""
    folders, result = run("fake")
    assert not folders
    assert result.results[0]["status"] == "done"
