"""What may be compared with what, and which rows compete for the best of a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zsbench.metrics.signature import Signature

__all__ = [
    "comparable_signature",
    "find_objection",
    "find_usual_signature",
    "is_apart",
    "is_beyond_text",
    "is_upper_bound",
    "is_zero_shot",
    "iter_setting_differences",
    "list_versions",
    "signature_differences",
]

_VERSION = "zsbench:"
"""The field of a signature that never forbids a comparison."""

_PARTIAL = ("n", "ids")
"""Fields of a signature that differ where one of two records has fewer examples."""

_BEYOND_TEXT = ("unpaired", "paired", "synthetic images")

_OTHER_SIGNATURE = "Its signature differs from the others': do not compare."
_UPPER_BOUND = "An upper bound: it saw what it is asked for, and is never the best."
_PAIRED = "Trained on pairs of images and captions: not zero-shot, and never the best of those that are."


def signature_differences(one: str, other: str, *, partial: bool = False) -> list[str]:
    """The fields that forbid to compare two scores, one line each; empty if they may be compared.

    The version of zsbench is told in a signature and forbids nothing: whatever changes a score has a field of its own
    (tokenizer, document frequencies, references, version of METEOR, examples), and a metric whose formula changes
    changes its title or a field.

    Args:
        one: The signature of one score, as it is printed.
        other: The signature of the other.
        partial: Whether the scores are compared on the examples of both, so that the examples may differ.
    """
    ignore = (_VERSION.rstrip(":"), *(_PARTIAL if partial else ()))
    return Signature.parse(one).differences(Signature.parse(other), ignore=ignore)


def comparable_signature(signature: str) -> str:
    """A signature without the fields that forbid nothing; empty without one."""
    return "|".join(part for part in signature.split("|") if not part.startswith(_VERSION))


def find_usual_signature(signatures: Iterable[str]) -> str:
    """What most of some signatures say, as ``comparable_signature``; empty if no one of them is the most frequent."""
    counts = Counter(comparable_signature(signature) for signature in signatures if signature)
    ranked = counts.most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return ""
    return ranked[0][0]


def list_versions(signatures: Iterable[str]) -> list[str]:
    """The versions of zsbench that some scores were made with, in order of appearance."""
    parts = (part for signature in signatures for part in signature.split("|") if part.startswith(_VERSION))
    return list(dict.fromkeys(part.removeprefix(_VERSION) for part in parts))


def is_upper_bound(data_used: str) -> bool:
    """Whether a system saw what it is asked for, by the data that it used beyond text."""
    return "upper bound" in data_used


def is_zero_shot(supervision: str, data_used: str = "") -> bool:
    """Whether a system saw no pair of image and caption, neither in training nor in a fit.

    Args:
        supervision: none, text, unpaired, paired or synthetic images; empty where a record does not say.
        data_used: What beyond text was used.
    """
    return supervision != "paired" and "on paired" not in data_used


def is_beyond_text(supervision: str) -> bool:
    """Whether the supervision of a captioner is more than text, which every table marks."""
    return supervision in _BEYOND_TEXT


def is_apart(signatures: Iterable[str], usual: str) -> bool:
    """Whether some scores, one a seed, must not be compared with those of the usual signature."""
    return bool({comparable_signature(signature) for signature in signatures} - {usual})


def find_objection(*, signatures: Iterable[str], usual: str, data_used: str = "", supervision: str = "") -> str:
    """Why a row does not compete with the others of its column, in a sentence; empty if it does.

    Args:
        signatures: Of its scores, one a seed; none without a score.
        usual: ``find_usual_signature`` of the column.
        data_used: What beyond text was used.
        supervision: What supervision the captioner had.
    """
    if is_apart(signatures, usual):
        return _OTHER_SIGNATURE
    if is_upper_bound(data_used):
        return _UPPER_BOUND
    return "" if is_zero_shot(supervision, data_used) else _PAIRED


def iter_setting_differences(name: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every setting that differs between two records of one captioner: dotted name, old value, new value."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in {**old, **new}:
            yield from iter_setting_differences(f"{name}.{key}", old.get(key), new.get(key))
    elif old != new:
        yield name, old, new
