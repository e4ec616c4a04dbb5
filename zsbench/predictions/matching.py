"""Predictions laid on the examples they are for, however a file spells their ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

__all__ = ["Matching", "match_ids"]

_NUMBER = re.compile(r"(\d+)\D*$")


@dataclass(frozen=True)
class Matching:
    """Which given id is which known one.

    Attributes:
        rule: How ids were compared, in words.
        known: Known id by given id, for those that have one.
        unknown: The given ids that have none.
        clashes: The given ids whose known id another given id has already.
    """

    rule: str
    known: Mapping[str, str]
    unknown: tuple[str, ...]
    clashes: tuple[str, ...] = ()


def match_ids(given: Sequence[str], known: Sequence[str], names: Mapping[str, str]) -> Matching:
    """Match by the first of three rules that knows every id, else by the one that knows most of them.

    The rules: ids as they are; image files with or without folder and ending; the number at the end of a name, as in
    ``COCO_val2014_000000000042.jpg``.

    Args:
        given: The ids of a file of predictions.
        known: The ids of the examples.
        names: Known ids by other names, such as image files.
    """
    ids = set(known)
    numbers = _unique_numbers(known)
    rules: dict[str, Callable[[str], str | None]] = {
        "as they are": lambda id_: id_ if id_ in ids else None,
        "by the image's name": lambda id_: _by_name(id_, ids, names),
        "by the number at the end": lambda id_: numbers.get(_number(id_) or ""),
    }
    matchings = [_match(rule, given, find) for rule, find in rules.items()]
    return max(matchings, key=lambda matching: len(matching.known))


def _match(rule: str, given: Sequence[str], find: Callable[[str], str | None]) -> Matching:
    """What one rule makes of the given ids."""
    known: dict[str, str] = {}
    taken: set[str] = set()
    unknown, clashes = [], []
    for id_ in given:
        found = find(id_)
        if found is None:
            unknown.append(id_)
        elif found in taken:
            clashes.append(id_)
        else:
            taken.add(found)
            known[id_] = found
    return Matching(rule, known, tuple(unknown), tuple(clashes))


def _by_name(id_: str, ids: set[str], names: Mapping[str, str]) -> str | None:
    """The known id that has this name, folder and ending aside."""
    path = PurePath(id_)
    for name in (id_, path.name, path.stem):
        if name in ids:
            return name
        if names.get(name):
            return names[name]
    return None


def _number(name: str) -> str | None:
    """The last number of a name, without leading zeros."""
    found = _NUMBER.search(PurePath(name).stem)
    return str(int(found[1])) if found else None


def _unique_numbers(known: Sequence[str]) -> dict[str, str]:
    """Known ids by their last number, where no two share it."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    for id_ in known:
        number = _number(id_)
        if number is not None and found.setdefault(number, id_) != id_:
            shared.add(number)
    return {number: id_ for number, id_ in found.items() if number not in shared}
