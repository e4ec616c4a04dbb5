"""Fits of gap models: on global features, gathered in a file that takes its room at once."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest
import torch

import zsbench_fakes
from zsbench.stages.gap_fit import create_array
from zsbench.stages.gap_states import STATE, read_gap_state


def test_a_fit_on_pairs_sees_an_image_for_each_of_its_texts(session):
    """Ten images of two references each; the file in which they were gathered is gone."""
    given = {"captioners": ["fake"], "gap_models": [{"id": "fake-paired"}], "gap_fit": {"task": "fake-grouped"}}
    result = session(**given).run()
    [fit] = [stage for stage in result.plan.stages.values() if stage.kind == "gap-fit"]
    folder = result.outcome.outputs[fit.key]
    model = zsbench_fakes.PairedGap(zsbench_fakes.NoSettings())
    read_gap_state(folder / STATE, model, fit.fitted_on)
    assert model.seen.equal(torch.tensor([20]))
    assert sorted(path.name for path in folder.iterdir()) == ["entry.json", STATE]


def test_a_fit_on_an_image_that_cannot_be_read_is_refused(session, tmp_path):
    """A fit sees every image it names; the reason tells what to do."""
    world = zsbench_fakes.write_world(tmp_path)
    (world / "images" / "navy.png").write_bytes(b"no image")
    given = {"captioners": ["fake"], "gap_models": [{"id": "fake-paired"}], "gap_fit": {"task": "fake-grouped"}}
    [row] = session(**given, data_root=str(world)).run().results
    assert "1 images of a gap model's fit cannot be read" in row.reason
    assert "navy" in row.reason


def test_an_array_takes_its_room_at_once(tmp_path):
    """Every block is there before anything is filled in, and the file reads back as an array."""
    array = create_array(tmp_path / "a.npy", (300, 200))
    array[7] = 1.0
    array.flush()
    assert (tmp_path / "a.npy").stat().st_blocks * 512 >= 300 * 200 * 4
    assert np.load(tmp_path / "a.npy").sum() == 200


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system takes room as it is filled")
def test_an_array_for_which_there_is_no_room_is_an_error(tmp_path, monkeypatch):
    """Not a bus error when it is filled."""

    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        create_array(tmp_path / "a.npy", (3, 2))


def test_an_array_without_rows_takes_no_room(tmp_path):
    """A corpus may be empty."""
    assert create_array(tmp_path / "a.npy", (0, 2)).shape == (0, 2)
