"""Where modules are, without importing them: their files, or the library and version that they belong to."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import metadata
from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path

from zsbench.fingerprints import FileHashes

__all__ = ["Module", "ModuleFinder", "installed_version", "is_bytecode", "is_of_python"]

SITE_FOLDERS = frozenset({"site-packages", "dist-packages"})
BUILT_INTO_PYTHON = frozenset({"__future__", *sys.stdlib_module_names})
STANDARD = frozenset(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
ABSENT = "absent"


@dataclass(frozen=True)
class Module:
    """One module.

    Attributes:
        name: The dotted name.
        path: Its file; None for a namespace package, which has none.
        folders: Where its submodules are, if it is a package.
        libraries: Version by distribution if it belongs to installed libraries; empty for local code.
    """

    name: str
    path: Path | None = None
    folders: tuple[Path, ...] = ()
    libraries: tuple[tuple[str, str], ...] = ()

    @property
    def is_source(self) -> bool:
        """Whether its file is Python source."""
        return self.path is not None and self.path.suffix in SOURCE_SUFFIXES

    @property
    def is_extension(self) -> bool:
        """Whether its file is a compiled extension."""
        return self.path is not None and self.path.name.endswith(tuple(EXTENSION_SUFFIXES))


class ModuleFinder:
    """Finds modules by their dotted names, each once.

    Args:
        hashes: Remembers which distribution owns which package of a site folder.
    """

    def __init__(self, hashes: FileHashes) -> None:
        self._hashes = hashes
        self._found: dict[str, Module | None] = {}

    def find(self, name: str) -> Module | None:
        """A module; None for what belongs to Python itself. One that is not installed is a library that is absent."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> Module | None:
        top, parent, _ = name.partition(".")[0], *name.rpartition(".")[:2]
        if is_of_python(name):
            return None
        holder = self.find(parent) if parent else None
        spec = _find_spec(name, holder.folders if holder else ())
        if spec is None:
            return Module(name, libraries=((top, ABSENT),)) if holder is None else None
        path = Path(spec.origin) if spec.has_location and spec.origin else None
        folders = tuple(Path(folder) for folder in spec.submodule_search_locations or ())
        where = path or next(iter(folders), None)
        return Module(name, path, folders, self._libraries(top, where) if where else ())

    def _libraries(self, top: str, path: Path) -> tuple[tuple[str, str], ...]:
        """Version by name of the distributions that brought a file from an index; empty for local code."""
        sites = [folder for folder in path.parents if folder.name in SITE_FOLDERS]
        if not sites:
            return ()
        owners = self._owners.get(str(sites[-1])) or self._read_owners(sites[-1])
        return owners.get(top, ())

    def _read_owners(self, site: Path) -> dict[str, tuple[tuple[str, str], ...]]:
        """By top-level package, the distributions of a site folder that own it, if all came from an index."""
        rows = json.loads(self._hashes.remember("distributions 1", site, _list_owners))
        owners = {top: tuple((name, version) for name, version in found) for top, found in rows.items()}
        self._owners[str(site)] = owners
        return owners

    @cached_property
    def _owners(self) -> dict[str, dict[str, tuple[tuple[str, str], ...]]]:
        return {}


@cache
def is_of_python(name: str) -> bool:
    """Whether a module comes with Python itself, and no local module of its name stands before it."""
    top = name.partition(".")[0]
    if top not in BUILT_INTO_PYTHON:
        return False
    spec = PathFinder.find_spec(top)
    origin = Path(spec.origin) if spec is not None and spec.has_location and spec.origin else None
    return top in sys.builtin_module_names or origin is None or any(folder in origin.parents for folder in STANDARD)


def is_bytecode(name: str) -> bool:
    """Whether a local module is there as bytecode alone; nothing is imported."""
    folders: tuple[str, ...] = ()
    spec: ModuleSpec | None = None
    parts = name.split(".")
    for depth in range(len(parts)):
        spec = _find_spec(".".join(parts[: depth + 1]), map(Path, folders))
        if spec is None:
            return False
        folders = tuple(spec.submodule_search_locations or ())
    origin = Path(spec.origin or "") if spec is not None else Path()
    return origin.suffix in BYTECODE_SUFFIXES and not SITE_FOLDERS & {folder.name for folder in origin.parents}


@cache
def installed_version(distribution: str) -> str:
    """The version of a distribution; ``absent`` if it is not installed. Looked up once: every stage asks for some."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ABSENT


def _find_spec(name: str, folders: Iterable[Path]) -> ModuleSpec | None:
    """The spec of a module, found in its package's folders; that of a top-level one wherever Python finds it."""
    if "." in name:
        return PathFinder.find_spec(name, [str(folder) for folder in folders])
    try:
        return importlib.util.find_spec(name)
    except ImportError:
        return None
    except ValueError:  # a module without a spec, such as the script that runs
        file = getattr(sys.modules[name], "__file__", None)
        return importlib.util.spec_from_file_location(name, file) if file else None


def _list_owners(site: Path) -> str:
    """By top-level package, name and version of each distribution that owns it, as JSON.

    Left out is what pip installed from a folder, a repository or a file: its version says nothing of its content.
    """
    owners: dict[str, list[tuple[str, str]]] = {}
    local: set[str] = set()
    for distribution in metadata.distributions(path=[str(site)]):
        tops = _top_levels(distribution)
        if distribution.read_text("direct_url.json") is not None:
            local |= tops
        for top in tops:
            owners.setdefault(top, []).append((_canonical(distribution.name), distribution.version))
    return json.dumps({top: sorted(found) for top, found in owners.items() if top not in local})


def _top_levels(distribution: metadata.Distribution) -> set[str]:
    """The packages and modules that a distribution puts on the path."""
    listed = (distribution.read_text("top_level.txt") or "").split()
    if listed:
        return set(listed)
    files = [path.parts for path in distribution.files or ()]
    names = {parts[0] if len(parts) > 1 else parts[0].partition(".")[0] for parts in files}
    return {name for name in names if name.isidentifier()}


def _canonical(name: str) -> str:
    """A distribution's name as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()
