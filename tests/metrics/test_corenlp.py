"""Where CoreNLP is looked for, and how it is fetched: checked, two files only, nothing left behind."""

from __future__ import annotations

import hashlib
import zipfile

import pytest

from zsbench.errors import HashMismatchError, MissingDataError, MissingDependencyError
from zsbench.metrics.corenlp import ARCHIVE_SHA1, ARCHIVE_URL, JARS, VARIABLE, fetch_corenlp, find_corenlp


@pytest.fixture
def archive(tmp_path):
    """An archive as the authors', much smaller: its address and its SHA-1."""
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as content:
        for name in (*JARS, "README.txt", "../../evil.jar"):
            content.writestr(f"stanford-corenlp-full-2015-12-09/{name}", f"content of {name}")
    return path.as_uri(), hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()


def test_both_jars_are_fetched_and_nothing_else(archive, tmp_path):
    """Other members stay in the archive, and the archive does not stay."""
    url, sha1 = archive
    folder = tmp_path / "models"
    fetch_corenlp(folder, url=url, sha1=sha1)
    assert sorted(path.name for path in folder.iterdir()) == sorted(JARS)
    assert (folder / JARS[1]).read_text(encoding="utf-8") == f"content of {JARS[1]}"
    assert find_corenlp(folder) == (folder / JARS[0], folder / JARS[1])


def test_other_archive_is_refused_and_deleted(archive, tmp_path):
    """A wrong checksum leaves nothing behind and names both sums."""
    url, sha1 = archive
    with pytest.raises(HashMismatchError, match=sha1) as caught:
        fetch_corenlp(tmp_path / "models", url=url)
    assert ARCHIVE_SHA1 in str(caught.value)
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize("content", [b"no archive", None])
def test_what_cannot_be_fetched_is_three_sentences(tmp_path, content):
    """No answer, or something else than an archive."""
    path = tmp_path / "archive.zip"
    if content is not None:
        path.write_bytes(content)
    sha1 = hashlib.sha1(content or b"", usedforsecurity=False).hexdigest()
    with pytest.raises(MissingDataError, match="by hand"):
        fetch_corenlp(tmp_path / "models", url=path.as_uri(), sha1=sha1)


def test_named_folder_stands_before_the_cache(tmp_path, monkeypatch):
    """The variable, then the cache, then SPICE's own library; without both jars anywhere the places are named."""
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(MissingDependencyError, match=r"corenlp-3\.6\.0") as caught:
        find_corenlp(tmp_path)
    assert ARCHIVE_URL in str(caught.value)
    for folder in (tmp_path / "own", tmp_path / "cache" / "corenlp-3.6.0", tmp_path / "named"):
        folder.mkdir(parents=True)
        for name in JARS:
            (folder / name).touch()
        if folder.name == "named":
            monkeypatch.setenv(VARIABLE, str(folder))
        assert find_corenlp(tmp_path / "own")[0].parent == folder
