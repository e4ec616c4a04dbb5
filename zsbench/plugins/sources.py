"""Where plugins are: entry points of installed distributions, and local files. Nothing is imported to list them."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from zsbench.registry import Owner

__all__ = ["GROUP", "PluginSource", "iter_entry_points"]

GROUP = "zsbench"


@dataclass(frozen=True)
class PluginSource:
    """One plugin before it is imported.

    Attributes:
        owner: Its name, distribution, version and target.
        point: The entry point; None for a local file.
        path: The local file; None for an entry point.
    """

    owner: Owner
    point: metadata.EntryPoint | None = None
    path: Path | None = None

    @classmethod
    def from_point(cls, point: metadata.EntryPoint) -> PluginSource:
        """The plugin of an entry point."""
        distribution = point.dist
        name, version = ("", "") if distribution is None else (distribution.name, distribution.version)
        return cls(Owner(point.name, name, version, point.value), point=point)

    @classmethod
    def from_file(cls, path: Path) -> PluginSource:
        """The plugin of one local file."""
        return cls(Owner(path.stem, "", "", str(path)), path=path)

    def import_module(self) -> object:
        """The hook module; raises whatever importing it raises."""
        if self.point is not None:
            return self.point.load()
        assert self.path is not None  # noqa: S101  a source is one or the other
        name = _module_name(self.path)
        if name in sys.modules:
            return sys.modules[name]
        spec = importlib.util.spec_from_file_location(name, self.path)
        assert spec is not None  # noqa: S101  the name ends in .py
        assert spec.loader is not None  # noqa: S101  as above
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # its classes look themselves up there
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module


def iter_entry_points() -> list[metadata.EntryPoint]:
    """The entry points of the group, by name, without importing anything."""
    return sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.name, point.value))


def _module_name(path: Path) -> str:
    """A module name that no installed package has and that names the file alone."""
    return f"zsbench_local_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
