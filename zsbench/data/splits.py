"""Whether a task's data are the split that its card names: count, groups and ids.

Scores of another split are fine, and not comparable; so a difference is told before anything is scored, and kept in
the records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from zsbench.data.components import make_task
from zsbench.interfaces import Task, TaskCard, TaskSpec
from zsbench.registry import Registry

__all__ = ["OfficialSplits", "hash_ids"]


def hash_ids(ids: Iterable[str]) -> str:
    """SHA-256 of ids, sorted and joined by newlines: the ``ids_sha256`` of a card."""
    return hashlib.sha256("\n".join(sorted(ids)).encode("utf-8", "surrogatepass")).hexdigest()


class OfficialSplits:
    """The splits that the cards of all registered tasks name, to hold data against.

    Args:
        registry: Knows the tasks.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def check(self, task: Task) -> str:
        """In one sentence, how a task's data differ from the split that its card names; empty if they do not.

        Ids that are another task's official ones are told as such: a file may carry one split under the name of
        another. Of a split of another size, its size alone is told.

        Raises:
            DataError: Data are missing or corrupt.
        """
        card = task.card
        if card.examples is None and card.ids_sha256 is None:
            return _compare_groups(task)
        ids = [example.id for example in task.examples()]
        found = hash_ids(ids)
        if found == card.ids_sha256:
            return _compare_groups(task)
        other = self._by_ids.get(found)
        if other is not None and other != card.id:
            return f"{card.id} has the {len(ids):,} ids of {other} here, not those of its own split."
        if card.examples is not None and len(ids) != card.examples:
            return f"{card.id} has {len(ids):,} examples here; the official split has {card.examples:,}."
        if card.ids_sha256 is not None:
            return (
                f"{card.id} has other ids here than the official split "
                f"(SHA-256 {found[:12]}, official {card.ids_sha256[:12]})."
            )
        return _compare_groups(task)

    @cached_property
    def _by_ids(self) -> dict[str, str]:
        """Ids of tasks by the hash of their official ids; read on first need."""
        cards = (_card_of(id_, self._registry) for id_ in self._registry.ids(TaskSpec))
        return {card.ids_sha256: card.id for card in cards if card is not None and card.ids_sha256}


def _compare_groups(task: Task) -> str:
    """In one sentence, the groups that are not as large as the card says; empty if there are none."""
    card = task.card
    if not card.group_examples:
        return ""
    groups = task.groups()
    found = {grouping: {name: len(ids) for name, ids in parts.items()} for grouping, parts in groups.items()}
    differences = [
        f"{found.get(grouping, {}).get(group, 0):,} examples of {grouping} {group} (official: {count:,})"
        for grouping, official in card.group_examples.items()
        for group, count in official.items()
        if found.get(grouping, {}).get(group, 0) != count
    ]
    return f"{card.id} has here {', '.join(differences)}." if differences else ""


def _card_of(id_: str, registry: Registry) -> TaskCard | None:
    """The card of a registered task; None if it has none without settings, or a plugin fails to give it."""
    try:
        return make_task(id_, registry, Path(), {}).card
    except Exception:  # noqa: BLE001  another plugin's broken card must not cost this task its run
        return None
