"""A disk that takes no more: at any write of a run."""

from __future__ import annotations

import errno
import os
import shutil

import pytest

from zsbench.errors import CaptionerError, DataError
from zsbench.runner.disk import disk_error

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FullDisk:
    """Takes so many writes and refuses all that follow."""

    def __init__(self, writes):
        self.left = writes
        self.refused = 0

    def __call__(self, descriptor):
        if self.left == 0:
            self.refused += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.left -= 1


def run_to_its_end(session):
    """The cells that failed, and the number of the error that the run ended with."""
    try:
        return session.run().failed, None
    except OSError as error:
        return [], error.errno


def predictions(result):
    """The bytes of every cell's samples, by cell."""
    return {path.parent.name: path.read_bytes() for path in (result.folder / "cells").glob("*/samples.jsonl")}


@pytest.mark.parametrize("writes", [0, 1, 3, 7, 12, 20, 30, 45])
def test_a_full_disk_is_told_and_the_same_run_goes_on(session, tmp_path, monkeypatch, writes):
    """Whichever write is the first that fails; afterwards the bytes are those of a run that nothing happened to."""
    calm = predictions(session().run())
    shutil.rmtree(tmp_path / "cache")
    disk = FullDisk(writes)
    with monkeypatch.context() as patched:
        patched.setattr("zsbench.files.os.fsync", disk)
        failed, error = run_to_its_end(session())
    reasons = [cell["reason"] for cell in failed]
    assert bool(reasons or error) == bool(disk.refused)
    assert error in {None, errno.ENOSPC}  # outside a stage: the command tells it and ends with code 2
    assert all("cannot be written: the disk is full. " in reason for reason in reasons)
    assert all("run the same command again" in reason for reason in reasons)
    result = session().run()
    assert not result.failed
    assert predictions(result) == calm


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (FULL, "the disk is full"),
        (OSError(errno.EROFS, "x"), "it is read-only"),
        (ValueError("Error while serializing: I/O error: No space left on device (os error 28)"), "the disk is full"),
    ],
)
def test_what_the_system_says_of_the_disk_is_told_in_our_words(tmp_path, error, told):
    """Found, expected, what to do; also where a library only passes the words on."""
    found = disk_error(error, tmp_path)
    assert isinstance(found, DataError)
    assert told in found.found
    assert "ZSBENCH_CACHE" in found.remedy


def test_a_captioner_is_not_blamed_for_the_disk(tmp_path):
    """What it was writing when the disk got full is told as the disk's."""
    blamed = CaptionerError("Captioner 'x' failed to train.", "It raises nothing.", "Ask.", captioner="x")
    blamed.__cause__ = FULL
    assert "the disk is full" in disk_error(blamed, tmp_path).found


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "x"), ValueError("x"), ValueError("(os error 2)")])
def test_other_errors_are_not_the_disks(tmp_path, error):
    """They are told as they are."""
    assert disk_error(error, tmp_path) is None
