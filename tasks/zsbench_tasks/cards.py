"""Task cards: the facts of a task, from YAML, and whether a task's data agree with them.

A card is untrusted text: safe YAML, a size limit, no code.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import yaml
from pydantic import ValidationError

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.interfaces import Task, TaskCard

__all__ = ["check_card", "load_card", "read_card"]

CARDS = Path(__file__).parent / "cards"
MAX_BYTES = 65_536
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def load_card(id_: str) -> TaskCard:
    """The card of a task of this distribution.

    Raises:
        MissingDataError: There is no card of that id.
        CorruptDataError: The card is not what it should be.
    """
    if not KEBAB.fullmatch(id_):
        raise _missing(Path(f"{id_}.yaml"))
    return read_card(CARDS / f"{id_}.yaml")


def read_card(path: Path) -> TaskCard:
    """Read one card; the file is named for the id in it.

    Raises:
        MissingDataError: There is no such file.
        CorruptDataError: It is too large, not YAML, lacks a field, has an unknown one or contradicts itself.
    """
    if not path.is_file():
        raise _missing(path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise _corrupt(path, f"it has {size} bytes, at most {MAX_BYTES} are read")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        card = TaskCard.model_validate(data)
    except ValidationError as error:
        raise _corrupt(path, _first_problem(error)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _corrupt(path, str(error).splitlines()[0]) from None
    _check_consistency(card, path)
    return card


def check_card(task: Task) -> list[str]:
    """What differs between a task's data and its card, one remark each; empty where they agree.

    A small data set in the official layout is no error, but its scores are not those of the official split.

    Raises:
        MissingDataError: A file of the card is not under the data root.
        CorruptDataError: A file is not what it should be.
    """
    card, ids = task.card, [example.id for example in task.examples()]
    remarks = []
    if card.examples is not None and len(ids) != card.examples:
        remarks.append(f"{len(ids)} examples where the official split has {card.examples}")
    found = hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()
    if card.ids_sha256 is not None and found != card.ids_sha256:
        remarks.append(f"ids with SHA-256 {found[:12]} where the official split has {card.ids_sha256[:12]}")
    return remarks


def _check_consistency(card: TaskCard, path: Path) -> None:
    """Refuse a card whose fields contradict each other."""
    if card.id != path.stem:
        raise _corrupt(path, f"its id is {card.id!r}")
    if card.main_metric not in card.metrics:
        raise _corrupt(path, f"main_metric {card.main_metric!r} is none of its metrics")
    if card.ids_sha256 is not None and not re.fullmatch("[0-9a-f]{64}", card.ids_sha256):
        raise _corrupt(path, "ids_sha256 is not 64 hexadecimal digits")


def _first_problem(error: ValidationError) -> str:
    """The first of the things pydantic found, with its key."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"]) or "the whole"
    return f"{key}: {problem['msg']}"


def _missing(path: Path) -> MissingDataError:
    """The error of a card that is not there."""
    known = ", ".join(sorted(card.stem for card in CARDS.glob("*.yaml")))
    return MissingDataError(
        f"There is no task card {str(path)!r}.",
        f"Shipped: {known}.",
        "Run `zsbench ls tasks` to see every task.",
        path=path,
    )


def _corrupt(path: Path, what: str) -> CorruptDataError:
    """The error of a card that is not a card."""
    return CorruptDataError(
        f"The task card {str(path)!r} is not valid: {what}.",
        f"A card is a YAML mapping with the fields {', '.join(TaskCard.model_fields)}.",
        "Correct that field.",
        path=path,
    )
