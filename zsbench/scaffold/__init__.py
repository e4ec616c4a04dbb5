"""``zsbench plugins new``: a small distribution that works and conforms, to be filled with somebody's own idea."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from zsbench import __version__
from zsbench.errors import ConfigError, UnknownIdError
from zsbench.files import write_text
from zsbench.interfaces.specs import API_VERSION
from zsbench.registry import KEBAB

__all__ = ["KINDS", "write_distribution"]

KINDS = ("captioner", "gap-model", "task", "encoder", "metric")
SUFFIX = ".jinja"
LONGEST_NAME = 60


@dataclass(frozen=True)
class _Names:
    """What a plugin's parts are called.

    Attributes:
        id: Of the component and its entry point.
        distribution: For pip.
        package: For Python.
        class_name: Of the component's class.
    """

    id: str
    distribution: str
    package: str
    class_name: str


def write_distribution(name: str, kind: str, folder: Path) -> Path:
    """Write ``zsbench-<name>`` with one component of a kind.

    Args:
        name: The component's id, in kebab-case.
        kind: One of ``KINDS``.
        folder: Where the distribution's folder goes; made if it is not there.

    Returns:
        The distribution's folder.

    Raises:
        UnknownIdError: There is no such kind.
        ConfigError: The name is not kebab-case, or the folder is there already.
    """
    if kind not in KINDS:
        raise UnknownIdError("kind of plugin", kind, KINDS)
    names = _make_names(name)
    target = folder.expanduser() / names.distribution
    if target.exists():
        raise ConfigError(
            f"{target} is there already.",
            "Nothing is overwritten.",
            "Choose another name or --dir, or remove the folder.",
            source="the command line",
            key="dir",
        )
    templates = resources.files("zsbench.scaffold") / "templates"
    for room in ("shared", kind):
        _render_tree(templates / room, target, names, kind)
    return target


def _make_names(name: str) -> _Names:
    """What everything is called after the component's id.

    Raises:
        ConfigError: It is not kebab-case, or too long.
    """
    short = name.removeprefix("zsbench-")
    if not KEBAB.fullmatch(short) or len(short) > LONGEST_NAME or short == "core":
        raise ConfigError(
            f"The name {name!r} cannot be used.",
            f"Names are kebab-case, at most {LONGEST_NAME} signs, and not 'core'.",
            "Example: `zsbench plugins new my-captioner`.",
            source="the command line",
            key="name",
        )
    words = short.split("-")
    class_name = "".join(word.capitalize() for word in words)
    return _Names(
        short,
        f"zsbench-{short}",
        f"zsbench_{'_'.join(words)}",
        class_name if class_name[0].isalpha() else f"The{class_name}",
    )


def _render_tree(source: Traversable, target: Path, names: _Names, kind: str) -> None:
    """Render every template below a folder and copy what is none.

    In a path ``package`` stands for the package's name, and a leading ``dot-`` for a dot.
    """
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir(), key=lambda one: one.name):
        plain = re.sub("^dot-", ".", entry.name.removesuffix(SUFFIX))
        path = target / (names.package if plain == "package" else plain)
        if entry.is_dir():
            _render_tree(entry, path, names, kind)
        elif entry.name.endswith(SUFFIX):
            write_text(path, _render(entry.read_text(encoding="utf-8"), names, kind))
        else:
            path.write_bytes(entry.read_bytes())


def _render(template: str, names: _Names, kind: str) -> str:
    """One file; a name that a template does not know is an error."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701  Python, not HTML
    values: dict[str, Any] = {
        "id": names.id,
        "distribution": names.distribution,
        "package": names.package,
        "class_name": names.class_name,
        "kind": kind,
        "api_version": API_VERSION,
        "zsbench_version": ".".join(__version__.split(".")[:2]),
        "quoted": json.dumps,
    }
    return environment.from_string(template).render(values)
