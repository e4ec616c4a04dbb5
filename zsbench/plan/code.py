"""Which code made a result: versions and source hashes that go into stage keys."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from zsbench.interfaces.specs import Factory, MetricSpec
from zsbench.registry import Registry

__all__ = ["STAGE_VERSION", "library_versions", "references_material", "scoring_code", "source_hash"]

CORE = "zsbench"
STAGE_VERSION = 3
"""Raised when a stage of the core changes what it writes."""


def source_hash(factory: Factory) -> str:
    """Hash of the Python sources behind a factory: of its whole package, or of its room if it is the core's.

    Nothing is imported. A changed source gives another key, so results of old code are never taken for new ones.
    """
    module = factory.partition(":")[0] if isinstance(factory, str) else factory.__module__
    return _package_hash(module)


def library_versions(*names: str) -> dict[str, str]:
    """Installed versions of distributions that results depend on; ``absent`` for one that is not installed."""
    return {name: _version(name) for name in names}


def scoring_code(metrics: Sequence[str], registry: Registry) -> list[str]:
    """Hashes of the code that computes scores: of the core's rooms, and of each metric's package."""
    factories = [registry.get(MetricSpec, id_).factory for id_ in metrics]
    core = ("zsbench.metrics.scoring:score_predictions", "zsbench.statistics.bootstrap:bootstrap_all")
    return sorted({source_hash(factory) for factory in (*core, *factories)})


def references_material(content: str, metrics: Sequence[str], registry: Registry) -> dict[str, Any]:
    """What the tokenised references of a split are made from: their content, the metrics that want them, the code."""
    code = scoring_code(metrics, registry)
    return {"references": content, "metrics": list(metrics), "code": code, "version": STAGE_VERSION}


@functools.cache
def _version(name: str) -> str:
    """The version of one distribution, looked up once: a plan asks for the same few at every stage."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


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
