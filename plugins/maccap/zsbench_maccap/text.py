"""What the language model writes, made clean captions and answers."""

from __future__ import annotations

__all__ = ["clean_answer", "clean_caption"]


def clean_caption(text: str) -> str:
    """Letters, digits, commas, full stops and single spaces of a text; nothing is cut."""
    spaced = (" " if character.isspace() else character for character in text)
    kept = (character for character in spaced if character.isalnum() or character in ",. ")
    return " ".join("".join(kept).split())


def clean_answer(text: str) -> str:
    """The first line of a text that says anything, with single spaces."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return next((line for line in lines if line), "")
