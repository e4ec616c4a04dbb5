"""Content hashes, and what is remembered of them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from zsbench import fingerprints
from zsbench.errors import MissingDataError
from zsbench.fingerprints import FileHashes, hash_file, hash_folder, hash_json

LONG_AGO = 1_600_000_000


def write_old(path, content):
    """A file whose last change is long past, so that its hash may be remembered."""
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


@pytest.fixture
def reads(monkeypatch):
    """The paths whose bytes are read."""
    seen = []

    def count(path):
        seen.append(path)
        return hash_file(path)

    monkeypatch.setattr(fingerprints, "hash_file", count)
    return seen


@pytest.mark.parametrize("size", [0, 5, (1 << 20) + 3])
def test_a_file_has_the_hash_of_its_bytes(tmp_path, size):
    """Small and large files, read in chunks."""
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "a").write_bytes(content[:size])
    assert hash_file(tmp_path / "a") == hashlib.sha256(content[:size]).hexdigest()


def test_what_is_not_there_is_named(tmp_path):
    """Missing files and folders, and files that are folders."""
    for call in (hash_file, hash_folder, FileHashes().hash_file):
        with pytest.raises(MissingDataError, match="gone"):
            call(tmp_path / "gone")
    with pytest.raises(MissingDataError):
        hash_file(tmp_path)


def test_a_folder_is_its_names_and_contents(tmp_path):
    """Place and order of writing do not enter; names, contents and depth do."""
    for folder, names in (("one", "abc"), ("two", "cba")):
        (tmp_path / folder / "sub").mkdir(parents=True)
        for name in names:
            (tmp_path / folder / "sub" / name).write_text(name)
    first = hash_folder(tmp_path / "one")
    assert first == hash_folder(tmp_path / "two")
    (tmp_path / "two" / "sub" / "a").rename(tmp_path / "two" / "a")
    assert first != hash_folder(tmp_path / "two")
    assert hash_folder(tmp_path / "one", patterns=["sub/b"]) != first


def test_json_hashes_ignore_the_order_of_keys():
    """Equal values have equal hashes; NaN has none."""
    assert hash_json({"a": 1, "b": [2.5]}) == hash_json({"b": [2.5], "a": 1})
    assert hash_json({"a": 1}) != hash_json({"a": "1"})
    with pytest.raises(ValueError, match="JSON"):
        hash_json({"a": float("nan")})


def test_an_unchanged_file_is_read_once(tmp_path, reads):
    """The memo serves the same object and the next one on the same cache."""
    path = write_old(tmp_path / "a", b"one")
    hashes = FileHashes(tmp_path / "cache")
    digest = hashes.hash_file(path)
    assert hashes.hash_file(path) == FileHashes(tmp_path / "cache").hash_file(path) == digest
    assert len(reads) == 1


def test_a_changed_file_is_read_again(tmp_path, reads):
    """Another size or another time of change is another file."""
    hashes = FileHashes(tmp_path / "cache")
    path = write_old(tmp_path / "a", b"one")
    first = hashes.hash_file(path)
    path.write_bytes(b"two")
    os.utime(path, (LONG_AGO + 1, LONG_AGO + 1))
    assert hashes.hash_file(path) != first
    write_old(path, b"four")
    assert hashes.hash_file(path) == hashlib.sha256(b"four").hexdigest()
    assert len(reads) == 3


def test_a_file_that_may_still_change_is_not_remembered(tmp_path):
    """Two contents written within one tick of the clock, with one size and time, are told apart."""
    hashes, path = FileHashes(tmp_path / "cache"), tmp_path / "a"
    path.write_bytes(b"one")
    first, status = hashes.hash_file(path), path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert hashes.hash_file(path) != first


def test_without_a_cache_nothing_is_written(tmp_path, reads):
    """The memo then lives as long as the object."""
    path, hashes = write_old(tmp_path / "a", b"one"), FileHashes()
    hashes.hash_file(path)
    hashes.hash_file(path)
    FileHashes().hash_file(path)
    assert len(reads) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_damaged_cache_is_begun_anew(tmp_path, reads):
    """Garbage in the cache's file costs the memo, nothing else."""
    path = write_old(tmp_path / "a", b"one")
    (tmp_path / "file-hashes.sqlite").write_bytes(b"garbage" * 999)
    assert FileHashes(tmp_path).hash_file(path) == hashlib.sha256(b"one").hexdigest()
    FileHashes(tmp_path).hash_file(path)
    assert len(reads) == 1


def test_hashes_of_files_and_folders_agree_with_the_plain_functions(tmp_path):
    """The memo changes no value."""
    paths = [write_old(tmp_path / name, name.encode()) for name in "abc"]
    hashes = FileHashes(tmp_path / "cache")
    assert hashes.hash_files(paths) == [hash_file(path) for path in paths]
    assert hashes.hash_folder(tmp_path, patterns=["?"]) == hash_folder(tmp_path, patterns=["?"])


def test_processes_share_a_cache(tmp_path):
    """Several processes that write at once lose nothing and fail nowhere."""
    for name in range(20):
        write_old(tmp_path / f"{name}.txt", str(name).encode())
    code = (
        "import sys, pathlib; from zsbench.fingerprints import FileHashes; folder = pathlib.Path(sys.argv[1]);"
        "print(FileHashes(folder / 'cache').hash_folder(folder, patterns=['*.txt']))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: subprocess.run(command, capture_output=True, text=True, check=True), range(4)))
    assert {run.stdout.strip() for run in runs} == {hash_folder(tmp_path, patterns=["*.txt"])}


def test_the_module_imports_nothing_heavy():
    """Planning hashes files before torch is needed."""
    code = "import sys, zsbench.fingerprints; print({'torch', 'numpy', 'PIL'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
