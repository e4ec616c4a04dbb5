"""What each plugin owned when it was last read, so that a command imports only the owners of what it names.

One JSON file in the user's cache. An entry counts while the distribution's version and the files beside the hook module
are the same; it is never trusted further than that: a plugin that turns out to own something else is entered anew, and
an id that nobody owns makes every plugin be read before it is called unknown. Failures are not remembered.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zsbench import __version__
from zsbench.interfaces import specs
from zsbench.interfaces.specs import API_VERSION
from zsbench.plugins.reading import HOOKS
from zsbench.plugins.sources import PluginSource
from zsbench.store import write_text

__all__ = ["Catalogue", "Claim"]

Claim = tuple[type[specs.Spec], str]
"""Kind and id."""
LARGEST_FILE = 5_000_000
KINDS: dict[str, type[specs.Spec]] = {kind.kind: kind for kind in HOOKS.values()}


@dataclass
class Catalogue:
    """Claims by plugin, and the stamp they belong to.

    Attributes:
        path: The file; None keeps nothing.
    """

    path: Path | None = None
    _entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    _changed: bool = False

    @classmethod
    def read(cls, path: Path) -> Catalogue:
        """The catalogue in a file; an empty one if the file is missing, too large or not what it should be."""
        try:
            text = path.read_text(encoding="utf-8") if path.stat().st_size < LARGEST_FILE else "{}"
            content = json.loads(text)
        except (OSError, ValueError):
            content = {}
        entries = content.get(_edition(), {}) if isinstance(content, dict) else {}
        return cls(path, dict(entries) if isinstance(entries, dict) else {})

    def claims(self, source: PluginSource) -> list[Claim] | None:
        """What an unchanged plugin owns; None if it must be read."""
        entry = self._entry(source)
        stamp = source.stamp
        if not stamp or entry.get("stamp") != stamp or entry.get("version") != source.owner.version:
            return None
        return self.last_claims(source)

    def last_claims(self, source: PluginSource) -> list[Claim]:
        """What a plugin owned when it was last read, whatever became of it since."""
        found = self._entry(source).get("claims")
        pairs = found if isinstance(found, list) else []
        return [(KINDS[pair[0]], str(pair[1])) for pair in pairs if isinstance(pair, list) and pair[0] in KINDS]

    def remember(self, source: PluginSource, claims: Sequence[Claim]) -> None:
        """Note what a plugin owns."""
        told = [[kind.kind, id_] for kind, id_ in claims]
        entry = {"stamp": source.stamp, "version": source.owner.version, "claims": told}
        if entry["stamp"] and entry != self._entries.get(_key(source)):
            self._entries[_key(source)] = entry
            self._changed = True

    def forget_stamp(self, source: PluginSource) -> None:
        """Have a plugin read again next time, and keep what it owned."""
        entry = self._entry(source)
        if entry.get("stamp"):
            self._entries[_key(source)] = {**entry, "stamp": ""}
            self._changed = True

    def write(self) -> None:
        """Write what changed; a cache that cannot be written is no error."""
        if self.path is None or not self._changed:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self.path, json.dumps({_edition(): self._entries}, indent=1, sort_keys=True))
        except OSError:
            return
        self._changed = False

    def _entry(self, source: PluginSource) -> dict[str, Any]:
        """What is known of a plugin."""
        entry = self._entries.get(_key(source))
        return entry if isinstance(entry, dict) else {}


def _edition() -> str:
    """A catalogue belongs to one zsbench."""
    return f"zsbench {__version__}, contracts {API_VERSION}"


def _key(source: PluginSource) -> str:
    """A plugin's name in the file."""
    owner = source.owner
    return f"{owner.distribution} {owner.plugin} = {owner.target}"
