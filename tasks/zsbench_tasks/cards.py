"""Cards: the facts of a task or a text corpus, from YAML.

A card is untrusted text: safe YAML, a size limit, no code.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.interfaces import CorpusCard, TaskCard

__all__ = ["load_card", "load_corpus_card", "read_card"]

CARDS = Path(__file__).parent / "cards"
CORPUS_CARDS = CARDS / "corpora"
MAX_BYTES = 65_536
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CardT = TypeVar("CardT", TaskCard, CorpusCard)


def load_card(id_: str) -> TaskCard:
    """The card of a task of this distribution.

    Raises:
        MissingDataError: There is no card of that id.
        CorruptDataError: The card is not what it should be.
    """
    return read_card(_path_of(id_, CARDS), TaskCard)


def load_corpus_card(id_: str) -> CorpusCard:
    """The card of a corpus of this distribution.

    Raises:
        MissingDataError: There is no card of that id.
        CorruptDataError: The card is not what it should be.
    """
    return read_card(_path_of(id_, CORPUS_CARDS), CorpusCard)


def read_card(path: Path, kind: type[CardT]) -> CardT:
    """Read one card; the file is named for the id in it.

    Raises:
        MissingDataError: There is no such file.
        CorruptDataError: It is too large, not YAML, lacks a field, has an unknown one or contradicts itself.
    """
    if not path.is_file():
        raise _missing(path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise _corrupt(path, kind, f"it has {size} bytes, at most {MAX_BYTES} are read")
    try:
        card = kind.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise _corrupt(path, kind, _first_problem(error)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _corrupt(path, kind, str(error).splitlines()[0]) from None
    if card.id != path.stem:
        raise _corrupt(path, kind, f"its id is {card.id!r}")
    if isinstance(card, TaskCard):
        _check_task_card(card, path)
    return card


def _path_of(id_: str, folder: Path) -> Path:
    """The file of a card; an id that is no id names none."""
    if not KEBAB.fullmatch(id_):
        raise _missing(Path(f"{id_}.yaml"))
    return folder / f"{id_}.yaml"


def _check_task_card(card: TaskCard, path: Path) -> None:
    """Refuse a card whose fields contradict each other."""
    if card.main_metric not in card.metrics:
        raise _corrupt(path, TaskCard, f"main_metric {card.main_metric!r} is none of its metrics")
    if card.ids_sha256 is not None and not re.fullmatch("[0-9a-f]{64}", card.ids_sha256):
        raise _corrupt(path, TaskCard, "ids_sha256 is not 64 hexadecimal digits")
    for grouping in (*card.groupings, *filter(None, [card.headline_grouping])):
        if card.group_examples and grouping not in card.group_examples:
            raise _corrupt(path, TaskCard, f"it counts no examples of the grouping {grouping!r}")


def _first_problem(error: ValidationError) -> str:
    """The first of the things pydantic found, with its key."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"]) or "the whole"
    return f"{key}: {problem['msg']}"


def _missing(path: Path) -> MissingDataError:
    """The error of a card that is not there."""
    known = ", ".join(sorted(card.stem for card in CARDS.rglob("*.yaml")))
    return MissingDataError(
        f"There is no card {str(path)!r}.",
        f"Shipped: {known}.",
        "Run `zsbench data ls` to see every task and corpus.",
        path=path,
    )


def _corrupt(path: Path, kind: type[TaskCard | CorpusCard], what: str) -> CorruptDataError:
    """The error of a card that is not a card."""
    return CorruptDataError(
        f"The card {str(path)!r} is not valid: {what}.",
        f"A card is a YAML mapping with the fields {', '.join(kind.model_fields)}.",
        "Correct that field.",
        path=path,
    )
