"""Stanford CoreNLP 3.6.0, whose parser SPICE needs: where it is looked for, and how it is fetched.

Its models weigh 380 MB and no package ships them. Nothing is fetched unless ``zsbench doctor --online`` is asked to.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import urllib.request
import zipfile
from pathlib import Path

from zsbench.errors import HashMismatchError, MissingDataError, MissingDependencyError
from zsbench.paths import default_cache

__all__ = ["ARCHIVE_SHA1", "ARCHIVE_URL", "JARS", "VARIABLE", "corenlp_cache", "fetch_corenlp", "find_corenlp"]

VARIABLE = "ZSBENCH_CORENLP"
"""Environment variable with the folder of both jars, if they are in neither usual place."""

JARS = ("stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar")

ARCHIVE_URL = "https://nlp.stanford.edu/software/stanford-corenlp-full-2015-12-09.zip"

ARCHIVE_SHA1 = "55c9d653eb30ace7d5a60eb3138e424f9442e539"
"""SHA-1 of the archive, as the installer of the DeepDive project checks it; its authors publish no checksum."""

_MAX_BYTES = 1_000_000_000
_CHUNK = 1 << 20
_SECONDS = 60.0


def corenlp_cache() -> Path:
    """The folder in zsbench's cache where both jars may lie."""
    return default_cache() / "corenlp-3.6.0"


def find_corenlp(library: Path) -> tuple[Path, Path]:
    """Both jars: in the folder that the variable names, else in the cache, else in SPICE's own library.

    Args:
        library: SPICE's own library.

    Raises:
        MissingDependencyError: One of them is in none of these places.
    """
    named = os.environ.get(VARIABLE)
    folders = [*([Path(named).expanduser()] if named else []), corenlp_cache(), library]
    code, models = (next((f / name for f in folders if (f / name).is_file()), None) for name in JARS)
    if code is None or models is None:
        raise MissingDependencyError(
            "The models of Stanford CoreNLP 3.6.0 are not installed.",
            f"SPICE expects {JARS[0]} and {JARS[1]}.",
            f"Put both, from {ARCHIVE_URL}, into a folder that {VARIABLE} names; "
            "`zsbench doctor` tells the usual place, and `zsbench doctor --online` fetches them.",
        )
    return code, models


def fetch_corenlp(folder: Path, *, url: str = ARCHIVE_URL, sha1: str = ARCHIVE_SHA1) -> None:
    """Download the archive, check it, and put both jars into a folder; takes minutes.

    Args:
        folder: Where to.
        url: Of the archive.
        sha1: What its SHA-1 must be.

    Raises:
        HashMismatchError: The archive is another one; it is deleted.
        MissingDataError: It cannot be fetched, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="partial-") as work:
            archive = Path(work) / "corenlp.zip"
            found = _download(url, archive)
            if found != sha1:
                raise HashMismatchError(
                    f"{url} has the SHA-1 {found}.",
                    f"Expected {sha1}.",
                    f"Nothing was kept. Get the archive elsewhere and put its two jars into {folder}.",
                    path=archive,
                )
            _unpack(archive, Path(work), folder)
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise MissingDataError(
            f"CoreNLP cannot be fetched into {folder} ({type(error).__name__}: {error}).",
            f"Expected to reach {url} and to have 1 GB of room.",
            f"Try again, or put {JARS[0]} and {JARS[1]} into {folder} by hand.",
            path=folder,
        ) from error


def _download(url: str, archive: Path) -> str:
    """Write what is behind an address to a file; its SHA-1."""
    digest = hashlib.sha1(usedforsecurity=False)
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer, archive.open("wb") as file:  # noqa: S310  our own
        while chunk := answer.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
            if file.tell() > _MAX_BYTES:
                raise OSError("the answer has more than 1 GB")
    return digest.hexdigest()


def _unpack(archive: Path, work: Path, folder: Path) -> None:
    """Take the two jars out of an archive, wherever in it they are, and nothing else."""
    with zipfile.ZipFile(archive) as content:
        members = {Path(info.filename).name: info for info in content.infolist() if not info.is_dir()}
        for name in JARS:
            with content.open(members[name]) as source, (work / name).open("wb") as target:
                shutil.copyfileobj(source, target, _CHUNK)
            (work / name).replace(folder / name)
