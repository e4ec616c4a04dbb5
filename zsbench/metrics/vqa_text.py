"""What the official VQA evaluation takes two answers for the same: punctuation, numbers, articles, contractions.

Source: the behaviour of the official VQA evaluation (Antol et al. 2015; Goyal et al. 2017), odd corners included.
"""

from __future__ import annotations

import functools
import re

__all__ = ["normalize_answer", "strip_answer"]

MARKS = ';/[]"{}()=+\\_-><@`,?!'
"""Signs that are taken out of answers, in the order in which they are looked at."""
DIGIT_COMMA_DIGIT = re.compile(r"\d,\d", re.ASCII)
LONE_PERIOD = re.compile(r"(?!<=\d)\.(?!\d)", re.ASCII)
"""A full stop with no digit after it; what was meant to look at the digit before it never refuses.

Digits are those of ASCII, as in the Python that the official evaluation was written for.
"""
MOST_PERIODS = 32
"""So many full stops, and no more, are taken out: the value of a flag that was passed as a count."""
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBER_WORDS = {word: str(number) for number, word in enumerate(_NUMBERS)} | {"none": "0"}
ARTICLES = frozenset({"a", "an", "the"})

_CONTRACTED = """\
ain't aren't can't could've couldn't didn't doesn't don't hadn't hasn't haven't he'd he's how'd how'll how's isn't
it'd it'll ma'am mightn't might've mustn't must've needn't not've o'clock oughtn't shan't should've shouldn't
somebody'll somebody's someone'd someone'll someone's something'd something'll that's there'd there're there's they'd
they'll they're they've 'twas wasn't we've weren't what'll what're what's what've when's where'd where's where've
who'd who'll who's who've why'll why're why's won't would've wouldn't y'all you'd you'll you're you've
"""
"""Contractions that are put for themselves without apostrophes."""

_TWICE = """\
couldn't've hadn't've he'd've it'd've mightn't've she'd've shouldn't've somebody'd've someone'd've something'd've
there'd've they'd've we'd've who'd've wouldn't've you'd've
"""
"""Contractions that are put for themselves without one of their two apostrophes."""

_ODD = {
    "Id've": "I'd've",
    "I'dve": "I'd've",
    "Im": "I'm",
    "Ive": "I've",
    "let's": "let's",
    "ow's'at": "'ow's'at",
    "'ows'at": "'ow's'at",
    "'ow'sat": "'ow's'at",
    "she's": "she's",
    "somebody'd": "somebodyd",
    "yall'll": "y'all'll",
    "y'allll": "y'all'll",
    "yall'd've": "y'all'd've",
    "y'alld've": "y'all'd've",
    "y'all'dve": "y'all'd've",
}
"""The rest as it stands in the official table: capitals that lower-cased words never meet, and one entry that goes
the wrong way."""


def _drop_first(word: str) -> str:
    """Without its first apostrophe."""
    return word.replace("'", "", 1)


def _drop_last(word: str) -> str:
    """Without its last apostrophe."""
    head, _, tail = word.rpartition("'")
    return head + tail


CONTRACTIONS = (
    {word.replace("'", ""): word for word in _CONTRACTED.split()}
    | {_drop_first(word): word for word in _TWICE.split()}
    | {_drop_last(word): word for word in _TWICE.split()}
    | _ODD
)


def strip_answer(text: str) -> str:
    """Line ends and tabs as spaces, no space around: what is always done."""
    return text.replace("\n", " ").replace("\t", " ").strip()


@functools.lru_cache(maxsize=200_000)
def normalize_answer(text: str) -> str:
    """A stripped answer as it is compared where the human answers are not all equal."""
    words = (NUMBER_WORDS.get(word, word) for word in _drop_marks(text).lower().split())
    return " ".join(CONTRACTIONS.get(word, word) for word in words if word not in ARTICLES)


def _drop_marks(text: str) -> str:
    """Without punctuation: a sign at the edge of any word goes without trace, one within words becomes a space.

    A comma between digits anywhere lets every sign go without trace.
    """
    between_digits = DIGIT_COMMA_DIGIT.search(text) is not None
    kept = text
    for mark in MARKS:
        if mark in text:
            at_edge = f"{mark} " in text or f" {mark}" in text
            kept = kept.replace(mark, "" if at_edge or between_digits else " ")
    return LONE_PERIOD.sub("", kept, count=MOST_PERIODS)
