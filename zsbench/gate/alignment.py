"""Two records of one cell, example by example; what must not be compared is refused, and the field is named."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from zsbench.errors import IncomparableError, few
from zsbench.judgement.comparability import iter_setting_differences, signature_differences
from zsbench.judgement.pairing import ExamplePairs, ScoredExamples, pair_examples
from zsbench.records import CellRecord

__all__ = ["Pairing", "align", "scored_examples"]


@dataclass(frozen=True, eq=False)
class Pairing:
    """A new and an old record of one cell.

    Attributes:
        new: The run's.
        old: The baseline's.
        ids: Examples of both, in the order of the run.
        changed: Those whose prediction differs.
    """

    new: CellRecord
    old: CellRecord
    ids: tuple[str, ...]
    changed: tuple[str, ...]

    def pairs(self, key: str) -> ExamplePairs | None:
        """The rows of new and old under one ``row_key``; None if a record has none or no row is common."""
        if key not in self.new.statistics or key not in self.old.statistics:
            return None
        new, old = (scored_examples(side, key) for side in (self.new, self.old))
        return pair_examples(new, old) if set(new.ids) & set(old.ids) else None


def scored_examples(side: CellRecord, key: str) -> ScoredExamples:
    """What a record has under one ``row_key``."""
    images = {str(sample.id): str(sample.image) for sample in side.samples if sample.image}
    return ScoredExamples(int(side.result.cell.seed), side.member_ids(key), side.statistics[key], images)


def align(new: CellRecord, old: CellRecord, *, keys: Collection[str], allow: Collection[str] = ()) -> Pairing:
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
            _check_signatures(new, old, key, partial=partial)
    changed = tuple(id_ for id_, text in new.predictions.items() if text != old.predictions[id_])
    return Pairing(new, old, tuple(new.predictions), changed)


def _check_protocol(new: CellRecord, old: CellRecord, allow: Collection[str]) -> None:
    """Refuse records of other settings under one name."""
    for field in ("cell", "config", "encoder", "language_model", "data_used"):
        before, after = (cell.result.model_dump(include={field})[field] for cell in (old, new))
        found = list(iter_setting_differences(field, before, after))
        if found and field not in allow:
            name, before, after = found[0]
            change = f"`--allow {field}` if it is meant" if field != "cell" else "Give the changed one an id of its own"
            raise IncomparableError(
                f"{new.name}: {name} is {after!r}, and {before!r} in the baseline.",
                "A gate compares one captioner with itself under the same settings.",
                f"{change}, or write a new baseline with `--update-baseline`.",
                field=name,
            )


def _check_ids(new: CellRecord, old: CellRecord) -> None:
    """Refuse examples that the baseline does not know."""
    unknown = [id_ for id_ in new.predictions if id_ not in old.predictions]
    if unknown or not new.predictions:
        raise IncomparableError(
            f"{new.name}: ids differ, {len(unknown)} of {len(new.predictions)} are unknown: {few(unknown)}.",
            "A gate compares the same examples; a run may have fewer than its baseline, never others.",
            "Run on the same data and limit, or write a new baseline with `--update-baseline`.",
            field="ids",
        )


def _check_signatures(new: CellRecord, old: CellRecord, key: str, *, partial: bool) -> None:
    """Refuse scores of other metrics, references or document frequencies."""
    rows = new.rows[key], old.rows[key]
    if any(row.score is None for row in rows):
        return
    if differences := signature_differences(*(row.signature for row in rows), partial=partial):
        field = differences[0].partition(":")[0]
        raise IncomparableError(
            f"{new.name}: the signatures of {rows[0].title} differ in {'; '.join(differences)} in the baseline.",
            "Scores with different signatures are never compared.",
            "Use the data and the metric of the baseline, or write a new one with `--update-baseline`.",
            field=field,
        )
