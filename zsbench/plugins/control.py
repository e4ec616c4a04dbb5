"""Which plugins are wanted, which are blocked, and how strictly: from the environment, then from the command line.

==========================  =============================================================================
``-p NAME``                 the plugin must be there and active, or nothing starts
``-p no:NAME``              it is blocked before anything of it is imported
``-p path/to/file.py``      one file with hooks is a plugin
``--plugins-dir DIR``       so is every ``*.py`` of a folder whose name has no leading underscore
``--strict-plugins``        any plugin that is failed or incompatible stops the command
``ZSBENCH_PLUGINS``         comma-separated, each as after ``-p``
``ZSBENCH_DISABLE_PLUGINS`` comma-separated names to block; ``all`` leaves the built-in one and those named by ``-p``
==========================  =============================================================================

A name is that of the entry point or of the distribution. The command line wins over the environment.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path

from zsbench.errors import ConfigError

__all__ = ["BUILT_IN", "PluginControl", "current_control", "use_control"]

BUILT_IN = "core"
"""The plugin of the core itself, which cannot be blocked."""


@dataclass(frozen=True)
class PluginControl:
    """What the user wants of plugins.

    Attributes:
        wanted: Names that must be active.
        blocked: Names that must not be imported, each with who said so.
        files: Local plugins, one file each.
        only_wanted: Block whatever is neither built in nor wanted.
        strict: Stop at any plugin that is not as it should be.
        tolerant: Stop at none, not even at one that is wanted: for listing what is wrong.
    """

    wanted: tuple[str, ...] = ()
    blocked: tuple[tuple[str, str], ...] = ()
    files: tuple[Path, ...] = ()
    only_wanted: bool = False
    strict: bool = False
    tolerant: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> PluginControl:
        """What ``ZSBENCH_PLUGINS`` and ``ZSBENCH_DISABLE_PLUGINS`` say.

        Raises:
            ConfigError: A file that is named is not there.
        """
        variables = os.environ if environment is None else environment
        disabled = _split(variables.get("ZSBENCH_DISABLE_PLUGINS", ""))
        everything = {"all", "1"} & set(disabled)
        blocked = [(_blockable(name), "ZSBENCH_DISABLE_PLUGINS") for name in disabled if name not in everything]
        control = cls(blocked=tuple(blocked), only_wanted=bool(everything))
        return control.adjusted(_split(variables.get("ZSBENCH_PLUGINS", "")), said_by="ZSBENCH_PLUGINS")

    def adjusted(
        self,
        names: Iterable[str] = (),
        *,
        folders: Iterable[Path] = (),
        strict: bool = False,
        said_by: str = "-p no:NAME",
    ) -> PluginControl:
        """The same with more said; what is said last wins.

        Args:
            names: Each a plugin, ``no:`` and a plugin, or a file that ends in ``.py``.
            folders: Folders of local plugins.
            strict: Whether to stop at any broken plugin.
            said_by: Who says so, for the reason of what is blocked.

        Raises:
            ConfigError: A file or folder is not there, or the built-in plugin is to be blocked.
        """
        wanted, blocked, files = list(self.wanted), dict(self.blocked), list(self.files)
        for name in names:
            if name.startswith("no:"):
                blocked[_blockable(name[3:])] = said_by
                wanted = [other for other in wanted if other != name[3:]]
            elif name.endswith(".py"):
                files.append(_existing(Path(name).expanduser()))
            else:
                blocked.pop(name, None)
                wanted.append(name)
        for folder in folders:
            files += _iter_files(folder.expanduser())
        unique = tuple(dict.fromkeys(path.resolve() for path in files))
        chosen = replace(self, wanted=tuple(dict.fromkeys(wanted)), blocked=tuple(blocked.items()), files=unique)
        return replace(chosen, strict=self.strict or strict)

    def why_blocked(self, name: str, distribution: str, *, local: bool = False) -> str:
        """Who blocks a plugin; empty if nobody does. A local file is always named, so only its own name blocks it."""
        said = dict(self.blocked)
        for known in (name, distribution):
            if known in said:
                return said[known].replace("NAME", known)
        if self.only_wanted and not local and name != BUILT_IN and not {name, distribution} & set(self.wanted):
            return "ZSBENCH_DISABLE_PLUGINS"
        return ""


_CONTROL: ContextVar[PluginControl | None] = ContextVar("zsbench_plugin_control", default=None)


def current_control() -> PluginControl:
    """What the command line said in this context; what the environment says if there was none."""
    return _CONTROL.get() or PluginControl.from_environment()


@contextmanager
def use_control(control: PluginControl) -> Iterator[None]:
    """Within the block, ``load_plugins()`` does as the control says."""
    before = _CONTROL.get()
    _CONTROL.set(control)
    try:
        yield
    finally:
        _CONTROL.set(before)


def _split(text: str) -> list[str]:
    """``a, b`` -> ``[a, b]``."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _blockable(name: str) -> str:
    """A name that may be blocked.

    Raises:
        ConfigError: It is the built-in plugin's.
    """
    if name == BUILT_IN:
        raise ConfigError(
            f"The plugin {BUILT_IN!r} is to be blocked.",
            "It is built in: metrics, encoder and engine come from it.",
            "Leave it, and block others: `zsbench plugins` lists them.",
            source="-p",
            key="plugins",
        )
    return name


def _existing(path: Path) -> Path:
    """A file that is there.

    Raises:
        ConfigError: It is not.
    """
    if not path.is_file():
        raise ConfigError(
            f"There is no file {str(path)!r}.",
            "A name that ends in .py is a local plugin: one Python file with hooks.",
            "Check the path after -p, or name an installed plugin: `zsbench plugins` lists them.",
            source="-p",
            key="plugins",
        )
    return path


def _iter_files(folder: Path) -> list[Path]:
    """The plugins of a folder, by name.

    Raises:
        ConfigError: There is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(
            f"There is no folder {str(folder)!r}.",
            "--plugins-dir names a folder whose *.py files are plugins.",
            "Check the path.",
            source="--plugins-dir",
            key="plugins",
        )
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
