"""The import closure of some modules: everything that runs when they do, by content or by version.

Followed are all imports that stand in a file, in functions too; not those for type checkers, and not names that are
put together at run time. Inside zsbench, whose packages import their parts for no other effect than their names, a name
is followed to where it is defined.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from zsbench.code.modules import Module, ModuleFinder, installed_version, is_of_python
from zsbench.code.syntax import FORMAT, LISTED, Import, Syntax, parse_source
from zsbench.errors import PluginContractError
from zsbench.fingerprints import FileHashes, hash_json

__all__ = ["Code", "CodeHashes"]

CORE = "zsbench"
WORDS = frozenset({"zsbench.errors"})
"""Modules that only say what went wrong; no output depends on them."""
INERT = frozenset(
    {"annotated-types", "filelock", "pluggy", "pydantic", "pydantic-core", "rich", "typer", "typing-extensions"}
)
"""Libraries that check settings, hold locks and print; no output depends on them."""
NO_DATA = frozenset(
    {".py", ".pyc", ".pyi", ".pyo", ".typed", ".orig", ".rej", ".bak", ".swp", ".tmp", ".log", ".ipynb"}
)
"""Endings of code, and of what editors and tools leave."""
WORDS_FOR_PEOPLE = ("README", "CHANGELOG", "LICENSE", "NOTICE", "AUTHORS")


@dataclass(frozen=True)
class Code:
    """The code behind an output.

    Attributes:
        modules: Hash by name of each local module, and by path of each file that a local package carries.
        libraries: Version by distribution of what the local modules import.
    """

    modules: Mapping[str, str]
    libraries: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """Of the local code."""
        return hash_json(self.modules)[:32]


class CodeHashes:
    """Hashes of code, each file analysed once and remembered as long as it is unchanged.

    Args:
        hashes: Remembered hashes of files.
    """

    def __init__(self, hashes: FileHashes) -> None:
        self._hashes = hashes
        self._finder = ModuleFinder(hashes)
        self._syntax: dict[Path, Syntax] = {}
        self._data: dict[Path, dict[str, str]] = {}
        self._codes: dict[tuple[frozenset[str], frozenset[str]], Code] = {}

    def find(self, roots: Iterable[str], *, without: Iterable[str] = ()) -> Code:
        """The code of some modules and all that they import.

        Args:
            roots: Dotted names.
            without: Modules that are not followed, because what is made does not run them.

        Raises:
            PluginContractError: A module is not there, has no source, or cannot be read.
        """
        key = frozenset(roots), frozenset(without)
        if key not in self._codes:
            self._codes[key] = self._collect(*key)
        return self._codes[key]

    def versions(self, distributions: Iterable[str]) -> dict[str, str]:
        """Installed version by distribution; ``absent`` for one that is not installed."""
        return {name: installed_version(name) for name in distributions}

    def _collect(self, roots: frozenset[str], without: frozenset[str]) -> Code:
        """Walk from the roots."""
        own = {root.partition(".")[0] for root in roots}
        modules: dict[str, str] = {}
        libraries: dict[str, str] = {}
        seen = set(without | WORDS)
        waiting = [self._must_find(root) for root in sorted(roots) if not is_of_python(root)]
        while waiting:
            module = waiting.pop()
            if module.name in seen:
                continue
            seen.add(module.name)
            libraries |= module.libraries
            if module.libraries and module.name.partition(".")[0] not in own:
                continue
            modules |= {} if module.libraries else self._hash(module)
            waiting += self._follow(module)
        used = {name: version for name, version in libraries.items() if name not in INERT}
        return Code(dict(sorted(modules.items())), dict(sorted(used.items())))

    def _must_find(self, name: str) -> Module:
        """A root."""
        module = self._finder.find(name)
        if module is None or (module.path is None and not module.folders):
            raise _refused(name, "is not there", "Reinstall or correct the plugin that names it.")
        return module

    def _hash(self, module: Module) -> dict[str, str]:
        """The hash of a local module, and of the files beside it if it is a package."""
        found = {} if self._is_face(module) else self._hash_file(module)
        for folder in module.folders:
            found |= {f"{module.name}/{path}": digest for path, digest in self._hash_data(folder).items()}
        return found

    def _hash_file(self, module: Module) -> dict[str, str]:
        """The hash of a module's own file: nothing for a namespace package."""
        if module.path is None:
            return {}
        if module.is_source:
            return {module.name: self._read(module.path).digest[:32]}
        if module.is_extension:
            return {module.name: self._hashes.hash_file(module.path)[:32]}
        remedy = "Install it with its source, or as a wheel, which counts by its version."
        raise _refused(module.name, f"has no source, only {module.path}", remedy)

    def _is_face(self, module: Module) -> bool:
        """Whether a package of zsbench only names what its parts define; it is looked through."""
        core = module.name.partition(".")[0] == CORE
        return core and bool(module.folders) and module.path is not None and self._read(module.path).only_imports

    def _follow(self, module: Module) -> Iterator[Module]:
        """What a module runs: the packages around it, and its imports."""
        parent = module.name.rpartition(".")[0]
        if parent and (found := self._finder.find(parent)):
            yield found
        if not module.is_source or module.path is None or self._is_face(module):
            return
        for one in self._read(module.path).imports:
            if one.bound != LISTED:
                yield from self._resolve(one, module)
            elif module.folders and (part := self._finder.find(f"{module.name}.{one.name}")):
                yield part

    def _resolve(self, one: Import, module: Module) -> Iterator[Module]:
        """The modules behind one import: the module that is named, or the part of it that is taken."""
        name = _absolute(one, module)
        target = self._finder.find(name) if name else None
        if target is None:
            return
        part = self._finder.find(f"{name}.{one.name}") if one.name and target.folders and not target.libraries else None
        if part is not None:
            yield part
        elif self._is_face(target):
            yield from self._look_through(target, one.name)
        else:
            yield target

    def _look_through(self, face: Module, name: str) -> Iterator[Module]:
        """Where a package of zsbench takes a name from; everything it takes where all is asked for."""
        assert face.path is not None  # noqa: S101  a face is a file
        for one in self._read(face.path).imports:
            if name in {one.bound, "*", ""} and one.bound != LISTED:
                yield from self._resolve(one, face)

    def _read(self, path: Path) -> Syntax:
        """The syntax of a file."""
        if path not in self._syntax:
            self._syntax[path] = Syntax.from_json(self._hashes.remember(FORMAT, path, _analyse))
        return self._syntax[path]

    def _hash_data(self, folder: Path) -> dict[str, str]:
        """Hash by path of the files that a package carries beside its code."""
        if folder not in self._data:
            files = {path.relative_to(folder).as_posix(): path for path in sorted(_iter_data(folder))}
            self._data[folder] = {name: self._hashes.hash_file(path)[:32] for name, path in files.items()}
        return self._data[folder]


def _iter_data(folder: Path) -> Iterator[Path]:
    """Files of a package's folder and of all folders in it, packages too: resources often lie in one of their own.

    Those of zsbench's rooms belong to their room alone.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            if entry.name.startswith((".", "__pycache__")) or entry.name.endswith((".egg-info", ".dist-info", "~")):
                continue
            if entry.is_dir():
                yield from () if _is_apart(path) else _iter_data(path)
            elif path.suffix not in NO_DATA and not entry.name.startswith(WORDS_FOR_PEOPLE) and entry.is_file():
                yield path


def _is_apart(folder: Path) -> bool:
    """Whether a folder in a package is a room of zsbench, or holds results of runs."""
    room = folder.parent.name == CORE and (folder / "__init__.py").exists()
    return room or any(folder.glob("*/run.json"))


def _absolute(one: Import, module: Module) -> str:
    """The dotted name of what an import names; empty if it reaches above the top."""
    if not one.level:
        return one.module
    package = module.name if module.folders else module.name.rpartition(".")[0]
    parts = package.split(".")
    if one.level > len(parts):
        return ""
    return ".".join([*parts[: len(parts) - one.level + 1], *filter(None, [one.module])])


def _analyse(path: Path) -> str:
    """The syntax of a file, to be remembered."""
    try:
        return parse_source(path.read_bytes()).to_json()
    except OSError as error:
        remedy = "Let this user read it, or leave the plugin out with `-p no:NAME`."
        raise _refused(path.stem, f"cannot be read: {path}: {error.strerror}", remedy) from error


def _refused(name: str, problem: str, remedy: str) -> PluginContractError:
    """The error of code that cannot be hashed."""
    return PluginContractError(
        f"The module {name!r} {problem}.",
        "Results are kept under a hash of the code that makes them.",
        remedy,
        plugin=name.partition(".")[0],
    )
