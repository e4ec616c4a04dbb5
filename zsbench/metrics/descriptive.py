"""What captions are like, beside how good they are.

These are figures of a whole set of captions, not sums over examples: they have no interval and no signature.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CaptionDescription", "describe_captions"]

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True)
class CaptionDescription:
    """Descriptive figures of a set of captions.

    Attributes:
        mean_length: Words a caption.
        vocabulary: Distinct words.
        distinct_1: Distinct words a word (Li et al. 2016).
        distinct_2: Distinct word pairs a word pair.
        repeated_share: Share of captions that are a training text, case and white space aside; None without texts.
    """

    mean_length: float
    vocabulary: int
    distinct_1: float
    distinct_2: float
    repeated_share: float | None = None


def describe_captions(captions: Sequence[str], training_texts: Sequence[str] | None = None) -> CaptionDescription:
    """Describe a set of captions.

    Args:
        captions: The captions, one an image.
        training_texts: What the captioner was trained on or reads.
    """
    words = [WORD.findall(caption.lower()) for caption in captions]
    singles = [word for row in words for word in row]
    pairs = [pair for row in words for pair in itertools.pairwise(row)]
    return CaptionDescription(
        mean_length=len(singles) / max(len(captions), 1),
        vocabulary=len(set(singles)),
        distinct_1=len(set(singles)) / max(len(singles), 1),
        distinct_2=len(set(pairs)) / max(len(pairs), 1),
        repeated_share=None if training_texts is None else _share_repeated(captions, training_texts),
    )


def _share_repeated(captions: Sequence[str], training_texts: Sequence[str]) -> float:
    """The share of captions that are one of the texts."""
    known = {_plain(text) for text in training_texts}
    return sum(_plain(caption) in known for caption in captions) / max(len(captions), 1)


def _plain(text: str) -> str:
    """Lower case, white space collapsed."""
    return " ".join(text.lower().split())
