"""A whole file of predictions or of references, checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zsbench.errors import ConfigError, ScoringError, few
from zsbench.fingerprints import hash_file
from zsbench.predictions.detection import PREDICTION_FORMS, REFERENCE_FORMS, find_form
from zsbench.predictions.rows import Form, Row

__all__ = ["PredictionFile", "ReferenceFile", "read_predictions", "read_references"]


@dataclass(frozen=True)
class ReferenceFile:
    """What is right, by example id.

    Attributes:
        path: The file.
        form: The form it was read as.
        references: Reference captions or human answers by id, in file order.
        names: Ids by other names of the examples, such as image files.
        subsets: The group of each example that has one, where a field was asked for.
        clusters: The image of each question that has one.
    """

    path: Path
    form: Form
    references: Mapping[str, Sequence[str]]
    names: Mapping[str, str] = field(default_factory=dict)
    subsets: Mapping[str, str] = field(default_factory=dict)
    clusters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PredictionFile:
    """What a system said.

    Attributes:
        path: The file.
        form: The form it was read as.
        sha256: Of its bytes.
        predictions: Captions or answers by id, in file order.
        inside: The references that the file itself holds; None without.
        subsets: The group of each example that has one, where a field was asked for.
    """

    path: Path
    form: Form
    sha256: str
    predictions: Mapping[str, str]
    inside: ReferenceFile | None = None
    subsets: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Gathered:
    """What is kept of the rows of a file."""

    ids: set[str] = field(default_factory=set)
    twice: list[str] = field(default_factory=list)
    predictions: dict[str, str] = field(default_factory=dict)
    references: dict[str, Sequence[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    subsets: dict[str, str] = field(default_factory=dict)
    clusters: dict[str, str] = field(default_factory=dict)

    def add(self, row: Row, subset_field: str) -> None:
        """Keep what is needed of a row."""
        if row.id in self.ids:
            self.twice.append(row.id)
            return
        self.ids.add(row.id)
        if row.prediction is not None:
            self.predictions[row.id] = row.prediction
        if row.references is not None:
            self.references[row.id] = row.references
        for name in {row.name, Path(row.name).stem} - {""}:
            if self.names.setdefault(name, row.id) != row.id:
                self.names[name] = ""  # two images of one name: it names neither
        if row.cluster:
            self.clusters[row.id] = row.cluster
        value = row.fields.get(subset_field) if subset_field else None
        if isinstance(value, str | int) and value != "":
            self.subsets[row.id] = str(value)


def read_predictions(path: Path, *, form: str = "", subset_field: str = "") -> PredictionFile:
    """Read a file of predictions, entry by entry.

    Args:
        path: The file.
        form: Its form; detected if empty.
        subset_field: A field of the entries that groups them, such as ``split``.

    Raises:
        CorruptDataError: The file is not of its form.
        MissingDataError: There is no such file.
        ConfigError: No form has this name.
        ScoringError: An id stands twice, or there is no prediction at all.
    """
    chosen = find_form(path, form, PREDICTION_FORMS)
    found = _gather(path, chosen.iter_rows(path), subset_field)
    if not found.predictions:
        raise ScoringError(
            f"{path.name} holds no prediction in {len(found.ids)} entries.",
            f"Expected {chosen.summary}.",
            "Check that it is the file of predictions and not of references.",
        )
    inside = _references(path, chosen, found) if found.references else None
    return PredictionFile(path, chosen, hash_file(path), found.predictions, inside, found.subsets)


def read_references(path: Path, *, form: str = "", split: str = "", subset_field: str = "") -> ReferenceFile:
    """Read a file of references, entry by entry.

    Args:
        path: The file.
        form: Its form; detected if empty.
        split: Which split of a file that holds several.
        subset_field: A field of the entries that groups them, such as ``domain``.

    Raises:
        ConfigError: No form has this name; or the file holds several splits and none is named, or another one is.
        CorruptDataError: The file is not of its form.
        MissingDataError: There is no such file.
        ScoringError: An id stands twice, or an example has no reference with text.
    """
    chosen = find_form(path, form, REFERENCE_FORMS)
    rows = chosen.iter_rows(path)
    if split or chosen.several_splits:
        rows = _iter_split(path, rows, split)
    return _references(path, chosen, _gather(path, rows, subset_field))


def _gather(path: Path, rows: Iterator[Row], subset_field: str) -> _Gathered:
    """What is kept of rows, if no id stands twice."""
    found = _Gathered()
    for row in rows:
        found.add(row, subset_field)
    if found.twice:
        raise ScoringError(
            f"{path.name} names {len(found.twice)} ids more than once: {few(found.twice)}.",
            "Every id stands once.",
            "Keep one entry an id; several systems go into files of their own.",
            ids=found.twice,
        )
    return found


def _references(path: Path, form: Form, found: _Gathered) -> ReferenceFile:
    """The references among what was gathered, each example with a text at least."""
    references = found.references
    blank = [id_ for id_ in found.ids if not any(text.strip() for text in references.get(id_, ()))]
    if blank or not references:
        raise ScoringError(
            f"{path.name} has {len(blank)} of {len(found.ids)} examples without a text to refer to: "
            f"{few(sorted(blank))}.",
            "Every example has at least one reference that is not blank.",
            "Add what is missing, or take these examples out of both files.",
            ids=sorted(blank),
        )
    return ReferenceFile(path, form, references, found.names, found.subsets, found.clusters)


def _iter_split(path: Path, rows: Iterator[Row], split: str) -> Iterator[Row]:
    """The rows of one split: of the one that is named, or of the only one."""
    found: dict[str, None] = {}
    for row in rows:
        own = str(row.fields.get("split"))
        found[own] = None
        if own == split or (not split and len(found) == 1):
            yield row
    if (split and split not in found) or (not split and len(found) > 1):
        named = f"no split {split!r}" if split else f"{len(found)} splits"
        raise ConfigError(
            f"{path.name} holds {named}.",
            f"It has: {', '.join(found)}.",
            f"Name one: `--split {'test' if 'test' in found else next(iter(found), 'test')}`.",
            key="split",
        )
