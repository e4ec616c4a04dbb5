"""Which code made a result: versions and source hashes that go into stage keys."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from importlib import metadata
from pathlib import Path

from zsbench.interfaces.specs import Factory

__all__ = ["library_versions", "source_hash"]

CORE = "zsbench"


def source_hash(factory: Factory) -> str:
    """Hash of the Python sources behind a factory: of its whole package, or of its room if it is the core's.

    Nothing is imported. A changed source gives another key, so results of old code are never taken for new ones.
    """
    module = factory.partition(":")[0] if isinstance(factory, str) else factory.__module__
    return _package_hash(module)


def library_versions(*names: str) -> dict[str, str]:
    """Installed versions of distributions that results depend on; ``absent`` for one that is not installed."""
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "absent"
    return versions


@functools.cache
def _package_hash(module: str) -> str:
    """Hash of every source file of the package (or core room, or single file) that holds a module."""
    parts = module.split(".")
    spec = importlib.util.find_spec(parts[0])
    if spec is None or spec.origin is None:
        return "unknown"
    folder = Path(spec.origin).parent
    if not spec.submodule_search_locations:
        files = [Path(spec.origin)]
    elif parts[0] == CORE and len(parts) > 1:
        room = folder / parts[1]
        files = sorted(room.rglob("*.py")) if room.is_dir() else [room.with_suffix(".py")]
    else:
        files = sorted(folder.rglob("*.py"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(folder.parent).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
