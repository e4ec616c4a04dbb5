"""Which scores of a column may be compared, and which are the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from zsbench.judgement.comparability import find_objection, find_usual_signature, is_apart
from zsbench.judgement.difference import is_zero

__all__ = ["ColumnScore", "Standing", "judge_column"]


@dataclass(frozen=True)
class ColumnScore:
    """One system in a column of one metric of one task or group.

    Attributes:
        score: On the metric's own scale; NaN without one.
        factor: What printed scores are multiplied by.
        signatures: Of its scores, one a seed; none without a score.
        data_used: What beyond text was used; empty if nothing.
        supervision: What supervision the captioner had; empty where a record does not say.
    """

    score: float
    factor: float
    signatures: Sequence[str] = ()
    data_used: str = ""
    supervision: str = ""


@dataclass(frozen=True)
class Standing:
    """How a system stands in a column.

    Attributes:
        objection: Why it does not compete, in a sentence; empty if it does.
        apart: Whether its signature is not that of most, so that nothing may be compared with it.
        alone: Whether no signature is that of most, so that every row is apart.
        best: Whether it has the best score.
    """

    objection: str
    apart: bool
    alone: bool
    best: bool


def judge_column(column: Sequence[ColumnScore]) -> list[Standing]:
    """How each system of a column stands.

    Upper bounds, scores of another signature and captioners that are not zero-shot do not compete for the best score.
    Scores that print alike are best together; where all of them do, or fewer than two compete, none is.

    Args:
        column: The systems, in any order.
    """
    usual = find_usual_signature([one.signatures[0] for one in column if one.signatures])
    objections = [
        find_objection(signatures=one.signatures, usual=usual, data_used=one.data_used, supervision=one.supervision)
        for one in column
    ]
    best = _find_best(column, objections)
    return [
        Standing(objection, is_apart(one.signatures, usual), not usual, top)
        for one, objection, top in zip(column, objections, best, strict=True)
    ]


def _find_best(column: Sequence[ColumnScore], objections: Sequence[str]) -> list[bool]:
    """Whether each score is the best of those without an objection."""
    competes = [not told and not math.isnan(one.score) for one, told in zip(column, objections, strict=True)]
    top = max((one.score for one, may in zip(column, competes, strict=True) if may), default=math.nan)
    best = [may and is_zero(top - one.score, one.factor) for one, may in zip(column, competes, strict=True)]
    return best if sum(best) < sum(competes) else [False] * len(column)
