"""What captions are like, beside how good they are.

These are figures of a whole set of captions, not sums over examples: they have no interval and no signature.
"""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["CaptionDescription", "TextOverlap", "describe_captions", "measure_overlap", "plain_texts"]

_MARKS_AS_SPACES = str.maketrans(dict.fromkeys(string.punctuation, " "))
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True)
class CaptionDescription:
    """Descriptive figures of a set of captions.

    Attributes:
        mean_length: Words a caption.
        vocabulary: Distinct words.
        distinct_1: Distinct words a word (Li et al. 2016).
        distinct_2: Distinct word pairs a word pair.
        repeated_share: Share of captions that are a training text, case, punctuation and white space aside; None
            without texts.
    """

    mean_length: float
    vocabulary: int
    distinct_1: float
    distinct_2: float
    repeated_share: float | None = None


@dataclass(frozen=True)
class TextOverlap:
    """How much of what is tested on also stands in the training text, case, punctuation and white space aside.

    Attributes:
        references: Reference captions of the split.
        shared: Those of them that are a training text.
        images: Images of the split.
        images_touched: Images with at least one such reference.
    """

    references: int
    shared: int
    images: int
    images_touched: int


def plain_texts(texts: Iterable[str]) -> frozenset[str]:
    """Texts as they are compared: lower case, without punctuation, white space collapsed."""
    return frozenset(map(_plain, texts))


def measure_overlap(references: Mapping[str, Sequence[str]], known: Collection[str]) -> TextOverlap:
    """Count the references that are training texts.

    Args:
        references: Reference captions by id, for the whole split.
        known: What ``plain_texts`` made of the training texts.
    """
    hits = [sum(_plain(text) in known for text in texts) for texts in references.values()]
    total = sum(len(texts) for texts in references.values())
    return TextOverlap(total, sum(hits), len(references), sum(hit > 0 for hit in hits))


def describe_captions(captions: Sequence[str], known: Collection[str] | None = None) -> CaptionDescription:
    """Describe a set of captions.

    Args:
        captions: The captions, one an image.
        known: What ``plain_texts`` made of the texts that the captioner was trained on or reads.
    """
    words = [WORD.findall(caption.lower()) for caption in captions]
    singles = [word for row in words for word in row]
    pairs = [pair for row in words for pair in itertools.pairwise(row)]
    return CaptionDescription(
        mean_length=len(singles) / max(len(captions), 1),
        vocabulary=len(set(singles)),
        distinct_1=len(set(singles)) / max(len(singles), 1),
        distinct_2=len(set(pairs)) / max(len(pairs), 1),
        repeated_share=None if known is None else _share_repeated(captions, known),
    )


def _share_repeated(captions: Sequence[str], known: Collection[str]) -> float:
    """The share of captions that are one of the texts."""
    return sum(_plain(caption) in known for caption in captions) / max(len(captions), 1)


def _plain(text: str) -> str:
    """Lower case, punctuation as spaces, white space collapsed."""
    return " ".join(text.lower().translate(_MARKS_AS_SPACES).split())
