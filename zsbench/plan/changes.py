"""What changed in what a stage depends on since it was last made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zsbench.stages import Stage
from zsbench.store import MANIFEST, Store

__all__ = ["NEVER", "EarlierOutputs", "name_changes"]

NEVER = "not made before"
SHOWN_CHARACTERS = 32
HASH_SHOWN = 8


class EarlierOutputs:
    """What the outputs in a store depended on, to tell why a stage must be made again.

    Args:
        store: Where outputs of earlier runs are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kinds: dict[str, dict[str, list[Mapping[str, Any]]]] = {}

    def explain(self, stage: Stage) -> list[str]:
        """Why a stage must be made: in what its key differs from the nearest output of the same name.

        Returns:
            ``code of zsbench.images changed`` and the like; that it was not made before, if nothing has its name.
        """
        found = [name_changes(earlier, stage.depends_on) for earlier in self._find(stage)]
        return min(found, key=len, default=[NEVER]) or ["its output was not final"]

    def _find(self, stage: Stage) -> list[Mapping[str, Any]]:
        """What the outputs of the same kind and name depended on."""
        if stage.kind not in self._kinds:
            by_label = self._kinds.setdefault(stage.kind, {})
            for manifest in sorted((self._store.root / stage.kind).glob(f"*/{MANIFEST}")):
                found = _read(manifest)
                if isinstance(found.get("material"), dict):
                    by_label.setdefault(str(found.get("label")), []).append(found["material"])
        return self._kinds[stage.kind].get(stage.label, [])


def name_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """In what two stages of one kind differ, for people: inputs, settings, versions, code."""
    return [
        *(f"{name} changed" for name, _, _ in _iter_differences(before, now, "inputs")),
        *_name_settings(before.get("material", {}), now.get("material", {})),
        *(f"component {name} is another" for name in _components(before, now)),
        *(f"{name}: {old} -> {new}" for name, old, new in _iter_differences(before, now, "arithmetic")),
        *(f"version of {name}: {old} -> {new}" for name, old, new in _iter_differences(before, now, "libraries")),
        *(f"code of {name} {_verb(old, new)}" for name, old, new in _iter_differences(before, now, "code")),
    ]


def _read(manifest: Path) -> dict[str, Any]:
    """A manifest; empty if it cannot be read."""
    try:
        found = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _iter_differences(before: Mapping[str, Any], now: Mapping[str, Any], part: str) -> Iterator[tuple[str, str, str]]:
    """Name, old and new value of each entry of a part that is not the same."""
    old, new = before.get(part), now.get(part)
    old, new = (one if isinstance(one, dict) else {} for one in (old, new))
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield name, str(old.get(name, "none")), str(new.get(name, "none"))


def _name_settings(before: Any, now: Any, key: str = "") -> list[str]:
    """``setting training.steps: 2000 -> 3000`` and the like; long values and hashes are shortened."""
    if isinstance(before, dict) and isinstance(now, dict):
        names = sorted({*before, *now})
        inner = ((f"{key}.{name}" if key else name, before.get(name), now.get(name)) for name in names)
        return [change for name, old, new in inner if old != new for change in _name_settings(old, new, name)]
    return [f"{key.removeprefix('settings.')}: {_short(before)} -> {_short(now)}"]


def _components(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Components that one of two has."""
    return sorted({*before.get("components", ())} ^ {*now.get("components", ())})


def _verb(old: str, new: str) -> str:
    """What became of a module."""
    if old == "none":
        return "is new"
    return "is gone" if new == "none" else "changed"


def _short(value: Any) -> str:
    """A value for a line."""
    text = "none" if value is None else str(value)
    return text if len(text) < SHOWN_CHARACTERS else f"{text[:HASH_SHOWN]}..."
