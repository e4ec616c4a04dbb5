"""Captions made one clean line, so that no program that works line by line can shift them."""

from __future__ import annotations

__all__ = ["LINE_SEPARATORS", "sanitize_caption"]

LINE_SEPARATORS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""Every character that Python, Java or the PTB tokeniser may take for the end of a line."""

_TO_SPACE = str.maketrans(dict.fromkeys(LINE_SEPARATORS + "\t\0", " "))


def sanitize_caption(text: str) -> str:
    """One line of valid Unicode: separators, tabs and NULs become spaces, lone surrogates U+FFFD.

    Runs of spaces stay as they are; the length in characters never changes.
    """
    clean = text.translate(_TO_SPACE)
    return clean.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _has_surrogate(clean) else clean


def _has_surrogate(text: str) -> bool:
    """Whether the text cannot be written as UTF-8."""
    return any("\ud800" <= char <= "\udfff" for char in text)
