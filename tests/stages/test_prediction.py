"""Predictions: chunks that go on, times, and what is kept of a caption."""

from __future__ import annotations

from dataclasses import replace

import pytest

import zsbench_fakes
from zsbench.errors import PluginContractError
from zsbench.interfaces import Candidate, Caption, CaptionerNeeds, Regions
from zsbench.stages.prediction import _caption_row


def predictions(result):
    """The bytes of every cell's samples, by cell."""
    return {path.parent.name: path.read_bytes() for path in (result.folder / "cells").glob("*/samples.jsonl")}


def test_batches_are_timed_when_they_are_made(session):
    """Examples, seconds, size; a cached prediction keeps the times of when it was made."""
    first, again = session(batch_size=4).run(), session(batch_size=4).run()
    [timing, *_] = [row.timing for row in first.results]
    assert (timing.batch_size, timing.examples) == (4, 10)
    assert 0 < timing.median_batch_seconds < timing.seconds
    assert [row.timing for row in again.results] == [row.timing for row in first.results]


def test_predictions_do_not_depend_on_the_batch_size(session, tmp_path):
    """Batches of one and of seven give the same bytes."""
    first = session(batch_size=1).run()
    for kind in ("predict", "score", "compare"):
        for entry in (tmp_path / "cache" / "store" / kind).iterdir():
            for path in entry.iterdir():
                path.unlink()
            entry.rmdir()
    assert predictions(session(batch_size=7).run()) == predictions(first)


def test_an_interrupted_prediction_goes_on_from_its_chunks(session, tmp_path, monkeypatch):
    """A run killed in the middle of a cell keeps the chunks it finished and ends with the same bytes."""
    whole = session(captioners=["fake"]).run()
    entry = next((tmp_path / "cache" / "store" / "predict").iterdir())
    lines = (entry / "predictions.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    partial = tmp_path / "cache" / "store" / "partial" / f"predict-{entry.name}"
    partial.mkdir(parents=True)
    (partial / "part-0000000-0000004.jsonl").write_text("".join(lines[:4]), encoding="utf-8")
    for path in entry.iterdir():
        path.unlink()
    entry.rmdir()
    captioned = []
    monkeypatch.setattr(
        zsbench_fakes.FakeCaptioner,
        "caption",
        lambda self, batch: captioned.extend(batch.ids) or [self._one(g) for g in batch.generators],
    )
    assert predictions(session(captioners=["fake"]).run()) == predictions(whole)
    assert captioned == list(zsbench_fakes.COLOURS[4:])


def test_where_a_captioner_looked_is_kept_short():
    """With the encoder's fit, three digits of each weight; a row without regions has no key."""
    caption = Caption((Candidate("a dog"),), regions=Regions(7, (8, 3), (0.123456, 1 / 3)))
    kept = _caption_row("a", caption, "crop")["regions"]
    assert kept == {"side": 7, "cells": (8, 3), "weights": [0.123, 0.333], "fit": "crop"}
    assert "regions" not in _caption_row("a", Caption((Candidate("a dog"),)), "crop")


def test_a_spec_that_tells_other_needs_than_its_class_is_refused(session):
    """A plan made from wrong needs would starve the captioner."""
    stage = session(captioners=["nearest"], baseline=None).plan().cells[0].prediction
    told = replace(stage.captioner, told_needs=CaptionerNeeds(training=True))
    with pytest.raises(PluginContractError, match="other needs than its class"):
        replace(stage, captioner=told)._make()
