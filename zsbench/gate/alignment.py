"""Two records of one cell, example by example; what must not be compared is refused, and the field is named."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zsbench.errors import IncomparableError
from zsbench.gate.evidence import Evidence
from zsbench.metrics.signature import Signature
from zsbench.statistics import Clusters, cluster_codes

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat

__all__ = ["Pairing", "align"]

_SHOWN = 5
_PARTIAL = ("n", "ids")
"""Fields of a signature that differ where a run under a limit meets a baseline of the whole split."""
_OWN = ("zsbench",)


@dataclass(frozen=True, eq=False)
class Pairing:
    """A new and an old record of one cell.

    Attributes:
        new: The run's.
        old: The baseline's.
        ids: Examples of both, in the order of the run.
        changed: Those whose prediction differs.
    """

    new: Evidence
    old: Evidence
    ids: tuple[str, ...]
    changed: tuple[str, ...]

    def clusters(self, key: str) -> Clusters | None:
        """The images behind the rows of ``statistics``, as numbers; None where no two examples share one."""
        images = {str(sample["id"]): str(sample["image"]) for sample in self.new.samples if "image" in sample}
        known = set(self.old.member_ids(key))
        return cluster_codes([id_ for id_ in self.new.member_ids(key) if id_ in known], images)

    def statistics(self, key: str) -> tuple[NDArrayFloat, NDArrayFloat] | None:
        """``(n, k)`` statistics of new and old under one ``row_key``; None if a record has none or no row is common."""
        if key not in self.new.statistics or key not in self.old.statistics:
            return None
        old_rows = {id_: row for row, id_ in enumerate(self.old.member_ids(key))}
        pairs = [(row, old_rows[id_]) for row, id_ in enumerate(self.new.member_ids(key)) if id_ in old_rows]
        if not pairs:
            return None
        new, old = zip(*pairs, strict=True)
        return self.new.statistics[key][list(new)], self.old.statistics[key][list(old)]


def align(new: Evidence, old: Evidence, *, keys: Collection[str], allow: Collection[str] = ()) -> Pairing:
    """Pair two records of one cell.

    Args:
        new: The run's record.
        old: The baseline's; it may hold more examples.
        keys: Which rows will be compared, by ``row_key``.
        allow: Fields that may differ, of ``rules.ALLOWABLE``.

    Raises:
        IncomparableError: Ids, a signature or what captions were made with differ; the field is named.
    """
    _check_protocol(new, old, allow)
    _check_ids(new, old)
    partial = len(new.predictions) < len(old.predictions)
    for key in keys:
        if key in new.rows and key in old.rows:
            _check_signatures(new, old, key, ignore=(*_OWN, *(_PARTIAL if partial else ())))
    changed = tuple(id_ for id_, text in new.predictions.items() if text != old.predictions[id_])
    return Pairing(new, old, tuple(new.predictions), changed)


def _check_protocol(new: Evidence, old: Evidence, allow: Collection[str]) -> None:
    """Refuse records of other settings under one name."""
    for field in ("cell", "config", "encoder", "language_model", "data_used"):
        found = list(_iter_differences(field, old.result.get(field), new.result.get(field)))
        if found and field not in allow:
            name, before, after = found[0]
            change = f"`--allow {field}` if it is meant" if field != "cell" else "Give the changed one an id of its own"
            raise IncomparableError(
                f"{new.name}: {name} is {after!r}, and {before!r} in the baseline.",
                "A gate compares one captioner with itself under the same settings.",
                f"{change}, or write a new baseline with `--update-baseline`.",
                field=name,
            )


def _iter_differences(name: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every leaf that differs: dotted name, old value, new value."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in {**old, **new}:
            yield from _iter_differences(f"{name}.{key}", old.get(key), new.get(key))
    elif old != new:
        yield name, old, new


def _check_ids(new: Evidence, old: Evidence) -> None:
    """Refuse examples that the baseline does not know."""
    unknown = [id_ for id_ in new.predictions if id_ not in old.predictions]
    if unknown or not new.predictions:
        raise IncomparableError(
            f"{new.name}: ids differ, {len(unknown)} of {len(new.predictions)} are unknown: {_few(unknown)}.",
            "A gate compares the same examples; a run may have fewer than its baseline, never others.",
            "Run on the same data and limit, or write a new baseline with `--update-baseline`.",
            field="ids",
        )


def _check_signatures(new: Evidence, old: Evidence, key: str, *, ignore: Sequence[str]) -> None:
    """Refuse scores of other metrics, references or document frequencies."""
    rows = new.rows[key], old.rows[key]
    if any(row["score"] is None for row in rows):
        return
    after, before = (Signature.parse(row["signature"]) for row in rows)
    if differences := after.differences(before, ignore=ignore):
        field = differences[0].partition(":")[0]
        raise IncomparableError(
            f"{new.name}: the signatures of {rows[0]['title']} differ in {'; '.join(differences)} in the baseline.",
            "Scores with different signatures are never compared.",
            "Use the data and the metric of the baseline, or write a new one with `--update-baseline`.",
            field=field,
        )


def _few(ids: Sequence[str]) -> str:
    """The first ids, for a message."""
    return ", ".join(ids[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "") or "none"
