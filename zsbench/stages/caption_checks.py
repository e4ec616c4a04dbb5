"""What a captioner gives, looked at before it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zsbench.errors import CaptionerError
from zsbench.interfaces.captioner import Caption, ImageBatch, Regions
from zsbench.stages.guard import told_owner

if TYPE_CHECKING:
    from zsbench.registry import Owner

__all__ = ["check_answers", "check_captions"]

LINE_SEPARATORS = set("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def check_captions(captions: Sequence[Caption], batch: ImageBatch, captioner: str, owner: Owner) -> None:
    """Refuse anything but one caption an image, each candidate one clean line.

    Raises:
        CaptionerError: With the id of the first image that has no proper caption.
    """
    problem = ""
    if not isinstance(captions, list) or len(captions) != len(batch):
        count = len(captions) if isinstance(captions, list) else type(captions).__name__
        problem = f"returned {count} captions for {len(batch)} images"
    else:
        for id_, caption in zip(batch.ids, captions, strict=True):
            if wrong := _wrong(caption):
                problem = f"returned {wrong} for image {id_}"
                break
    if problem:
        raise CaptionerError(
            f"Captioner {captioner!r} {problem}.",
            "It returns one Caption an image, each candidate one line of text.",
            f"See `zsbench plugins check {captioner}`; {told_owner(owner)}.",
            captioner=captioner,
        )


def _wrong(caption: object) -> str:
    """What is wrong with one caption; empty if nothing."""
    if not isinstance(caption, Caption):
        return repr(caption)
    if not caption.candidates or not 0 <= caption.chosen < len(caption.candidates):
        return "no chosen candidate"
    regions: object = caption.regions
    if not isinstance(regions, Regions | None):
        return f"the regions {regions!r}"
    texts: list[object] = [candidate.text for candidate in caption.candidates]
    for text in texts:
        if not isinstance(text, str):
            return f"the candidate {text!r}"
        if LINE_SEPARATORS & set(text):
            return f"a candidate of several lines, {text!r},"
    return ""


def check_answers(answers: Sequence[str], batch: ImageBatch, captioner: str, owner: Owner) -> None:
    """Refuse anything but one answer a question, each one clean line.

    Raises:
        CaptionerError: With the id of the first question that has no proper answer.
    """
    problem = ""
    if not isinstance(answers, list) or len(answers) != len(batch):
        count = len(answers) if isinstance(answers, list) else type(answers).__name__
        problem = f"returned {count} answers for {len(batch)} questions"
    else:
        texts: list[object] = list(answers)
        for id_, text in zip(batch.ids, texts, strict=True):
            if not isinstance(text, str) or LINE_SEPARATORS & set(text):
                problem = f"returned the answer {text!r} for question {id_}"
                break
    if problem:
        raise CaptionerError(
            f"Captioner {captioner!r} {problem}.",
            "It returns one line of text a question.",
            f"See `zsbench plugins check {captioner}`; {told_owner(owner)}.",
            captioner=captioner,
        )
