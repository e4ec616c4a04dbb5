"""A disk that is full in the middle of a run, and a store that is read-only: on file systems of their own."""

from __future__ import annotations

import subprocess
import time

import pytest

import zsbench_faults as faults

pytestmark = pytest.mark.slow
SIZE = "620m"
CHUNK = 1 << 20


@pytest.fixture
def disk(tmp_path):
    """A small file system in memory; where it may not be mounted, the test is skipped."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no `mount` here")
    if done.returncode:
        pytest.skip(f"no tmpfs may be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path):
    """Take all room that is left."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * CHUNK) == CHUNK:
                pass
        except OSError:
            return


def wait_for(process, folder, pattern):
    """Wait until a run has written something."""
    deadline = time.monotonic() + faults.TIME_LIMIT
    while not list(folder.glob(pattern)):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    "moment",
    ["store/partial/*", "store/references/*/entry.json", "store/train/*/entry.json", "store/partial/predict-*"],
)
def test_a_disk_that_gets_full_is_told_and_nothing_is_lost(calm, disk, tmp_path, moment):
    """Full from a certain stage on; with room again, the same command goes on to the same bytes."""
    place = faults.Place(disk / "cache", tmp_path / "results")
    process = calm.start(place)
    wait_for(process, place.cache, moment)
    fill(disk / "ballast")
    code, said = faults.end(process)
    assert code in {2, 4}, said
    assert "cannot be written" in said
    assert "Traceback" not in said
    (disk / "ballast").unlink()
    calm.check_resumed(place)


def test_a_read_only_store_serves_what_it_has(calm, disk, tmp_path):
    """A run whose stages are all there needs to write nothing to it; one that lacks some says what to do."""
    place = faults.Place(disk / "cache", tmp_path / "results")
    calm.check_resumed(place)
    remount(disk, "ro")
    calm.check_resumed(place)
    code, said = calm.finish(place, "--seeds", "1")
    assert code == 4, said
    assert "cannot be written: it is read-only. " in said
    assert "Traceback" not in said
    remount(disk, "rw")
    calm.check_resumed(place)


def remount(folder, mode):
    """Make the file system read-only, or writable again."""
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)
