"""Checks of a captioner's captions: one clean caption an image, whatever the batch, the order and the hour."""

from __future__ import annotations

import gc
import json
import math
import unicodedata
import weakref
from collections.abc import Sequence
from dataclasses import fields

import torch

from zsbench.interfaces import Caption, ImageBatch
from zsbench.testing.kit import NotApplicable, check_for, conforms
from zsbench.testing.subjects import CaptionerSubject
from zsbench.testing.watch import disturbed_randomness, find_tensors, untouched_randomness

__all__ = ["IMAGES", "check_same_captions"]

IMAGES = 6
SCORE_TOLERANCE = 1e-4
FREED_TOLERANCE = 1_000_000


@check_for("captioner")
def check_captioner_needs_told(subject: CaptionerSubject) -> None:
    """The needs in the spec, if told, are those of the class."""
    told = subject.resolved.told_needs
    if told is None:
        raise NotApplicable("Its spec tells no needs.")
    wrong = [one.name for one in fields(told) if getattr(told, one.name) != getattr(subject.needs, one.name)]
    conforms(
        not wrong,
        f"The spec tells other needs than the class: {', '.join(wrong)}",
        "The plan is made from the spec, so they are equal",
        "Share one CaptionerNeeds between `plugin.py` and the class",
    )


@check_for("captioner")
def check_captioner_one_caption_an_image(subject: CaptionerSubject) -> None:
    """``caption`` returns a list with exactly one Caption an image, also for one image alone."""
    captioner = subject.ready
    for count in (IMAGES, 1):
        captions = captioner.caption(subject.batch(range(count)))
        found = len(captions) if isinstance(captions, list) else type(captions).__name__
        conforms(
            isinstance(captions, list) and len(captions) == count,
            f"{count} images got {found} captions",
            "`caption` returns a list of one Caption an image, in the order of the batch",
            "Return exactly one for each of `batch.ids`",
        )
        wrong = next((caption for caption in captions if not isinstance(caption, Caption)), None)
        conforms(
            wrong is None,
            f"`caption` returned {wrong!r}",
            "Each element is a zsbench.interfaces.Caption",
            "Wrap the text: `Caption((Candidate(text),))`",
        )


@check_for("captioner")
def check_captioner_captions_clean(subject: CaptionerSubject) -> None:
    """Every candidate is one line of text without control characters, and the chosen one is there."""
    for id_, caption in zip(*_captioned(subject), strict=True):
        conforms(
            caption.candidates and 0 <= caption.chosen < len(caption.candidates),
            f"Image {id_} has {len(caption.candidates)} candidates, of which number {caption.chosen} is chosen",
            "There is at least one candidate, and `chosen` is the index of one",
            "Correct `chosen`",
        )
        for candidate in caption.candidates:
            conforms(
                _is_clean(candidate.text),
                f"Image {id_} has the candidate {candidate.text!r}",
                "A candidate's text is a str of one line without control characters",
                'Clean it: `" ".join(text.split())`',
            )


@check_for("captioner")
def check_captioner_scores_finite(subject: CaptionerSubject) -> None:
    """A candidate's score is a finite number, or None if it was not judged."""
    for id_, caption in zip(*_captioned(subject), strict=True):
        wrong = [c.score for c in caption.candidates if c.score is not None and not math.isfinite(c.score)]
        conforms(
            not wrong,
            f"Image {id_} has candidates with the score {wrong[0] if wrong else ''}",
            "Scores are finite numbers, higher is better, None if not judged",
            "Look for a division by zero, or give None",
        )


@check_for("captioner")
def check_captioner_batch_invariant(subject: CaptionerSubject) -> None:
    """A caption does not depend on which images are captioned together."""
    captioner = subject.ready
    whole = captioner.caption(subject.batch(range(IMAGES)))
    for sizes in ((4, IMAGES - 4), (1,) * IMAGES):
        starts = [sum(sizes[:index]) for index in range(len(sizes))]
        parts = [
            captioner.caption(subject.batch(range(start, start + size)))
            for start, size in zip(starts, sizes, strict=True)
        ]
        check_same_captions(
            whole,
            [caption for part in parts for caption in part],
            f"in batches of {' and '.join(map(str, dict.fromkeys(sizes)))}",
            "Let no image see the others: draw from its own generator, pad to one shape, use no batch statistics",
        )


@check_for("captioner")
def check_captioner_order_invariant(subject: CaptionerSubject) -> None:
    """A caption does not depend on the place of its image in the batch."""
    captioner = subject.ready
    forward = captioner.caption(subject.batch(range(IMAGES)))
    backward = captioner.caption(subject.batch(list(reversed(range(IMAGES)))))
    check_same_captions(
        forward,
        backward[::-1],
        "in reverse order",
        "Return captions in the order of the batch, and draw for image i from `batch.generators[i]`",
    )


@check_for("captioner")
def check_captioner_seed_reproducible(subject: CaptionerSubject) -> None:
    """Equal generators give equal captions, whatever the global random state."""
    with disturbed_randomness(1):
        first = subject.ready.caption(subject.batch(range(IMAGES)))
    with disturbed_randomness(2):
        second = subject.ready.caption(subject.batch(range(IMAGES)))
    check_same_captions(
        first,
        second,
        "a second time, from equal seeds,",
        "Draw from `batch.generators` alone: no `random`, no `numpy.random`, no torch call without `generator=`",
    )


@check_for("captioner")
def check_captioner_global_randomness_untouched(subject: CaptionerSubject) -> None:
    """Captioning moves no global random state."""
    captioner, batch = subject.ready, subject.batch(range(IMAGES))
    with untouched_randomness():
        captioner.caption(batch)


@check_for("captioner")
def check_captioner_inputs_unmodified(subject: CaptionerSubject) -> None:
    """Neither the features of the batch nor those of the corpus are written to."""
    captioner, batch = subject.ready, subject.batch(range(IMAGES))
    held = [*find_tensors(batch), subject.corpus.features]
    before = [tensor.clone() for tensor in held]
    pixels = [image.tobytes() for image in batch.images or ()]
    captioner.caption(batch)
    same = all(torch.equal(now, then) for now, then in zip(held, before, strict=True))
    conforms(
        same and pixels == [image.tobytes() for image in batch.images or ()],
        "Captioning changed the batch or the corpus",
        "Inputs are not modified: other captioners get the same tensors",
        "Work on copies: no in-place operation (`mul_`, `+=`, item assignment) on what was passed in",
    )


@check_for("captioner")
def check_captioner_shared_models_left_alone(subject: CaptionerSubject) -> None:
    """The encoder and the language model that it was lent are as they were: values, device, gradients."""
    lent = [subject.encoder, subject.language_model]
    before = [(t.clone(), t.device, t.requires_grad) for model in lent for t in find_tensors(model)]
    subject.ready.caption(subject.batch(range(IMAGES)))
    after = [tensor for model in lent for tensor in find_tensors(model)]
    same = len(after) == len(before) and all(
        now.device == device and now.requires_grad == grad and torch.equal(now, then)
        for now, (then, device, grad) in zip(after, before, strict=True)
    )
    conforms(
        same,
        "The encoder or the language model was changed, moved to another device or made to want gradients",
        "They are lent, and other captioners use them next",
        "Move features to the model, not the model to the features, and train only what is yours",
    )


@check_for("captioner")
def check_captioner_memory_freed(subject: CaptionerSubject) -> None:
    """A captioner that is no longer used is freed, and on an accelerator its memory with it."""
    taken = _taken()
    captioner = subject.ready
    captioner.caption(subject.batch(range(IMAGES)))
    alive = weakref.ref(captioner)
    del captioner
    gc.collect()
    conforms(
        alive() is None,
        "The captioner is still held by somebody after its last use",
        "Nothing global holds it, so that the next captioner has room",
        "Keep no instance, tensor or bound method in a module, a class or a functools.cache",
    )
    conforms(
        _taken() <= taken + FREED_TOLERANCE,
        f"{(_taken() - taken) // 1_000_000} MB of the accelerator are still taken after its last use",
        "All of it is given back",
        "Keep no tensor in a module or a class",
    )


@check_for("captioner")
def check_captioner_record_round_trip(subject: CaptionerSubject) -> None:
    """Captions survive being written to a record and read back, to the byte."""
    for id_, caption in zip(*_captioned(subject), strict=True):
        row = {"id": id_, "candidates": [[c.text, c.score] for c in caption.candidates], "chosen": caption.chosen}
        try:
            read = json.loads(json.dumps(row, ensure_ascii=False, allow_nan=False).encode().decode())
        except (TypeError, ValueError) as error:
            read = error
        conforms(
            read == row,
            f"The caption of image {id_} cannot be recorded: {read}",
            "Texts are valid Unicode, scores are finite floats or None, and `chosen` is an int",
            "Convert tensors and numpy numbers with float() and int(), and drop lone surrogates",
        )


@check_for("captioner")
def check_captioner_answers_clean(subject: CaptionerSubject) -> None:
    """A captioner that answers gives one line of text a question, in order, whatever the batch."""
    if not subject.needs.answers:
        raise NotApplicable("It does not answer questions.")
    questions = [f"is there a {word}?" for word in ("ball", "cat", "boat", "car")]
    captioner = subject.ready
    answers = captioner.answer(subject.batch(range(4)), questions)
    conforms(
        isinstance(answers, list) and len(answers) == len(questions) and all(map(_is_clean, answers)),
        f"{len(questions)} questions got {answers!r}",
        "`answer` returns a list of one line of text a question",
        "Return exactly one str for each question, cleaned",
    )
    alone = [captioner.answer(subject.batch([row]), [question])[0] for row, question in enumerate(questions)]
    conforms(
        answers == alone,
        f"Questions asked together got {answers!r}, and one by one {alone!r}",
        "An answer does not depend on the other questions",
        "Let no row see the others",
    )


def check_same_captions(first: Sequence[Caption], second: Sequence[Caption], how: str, fix: str) -> None:
    """Refuse captions that differ: other texts, another choice, or scores that are not nearly equal.

    Raises:
        ConformanceError: They differ.
    """
    differing = [index for index, (a, b) in enumerate(zip(first, second, strict=False)) if not _same(a, b)]
    shown = differing[0] if differing else 0
    conforms(
        len(first) == len(second) and not differing,
        f"Captioned {how} {len(differing)} of {len(first)} images got another caption, first "
        f"{[c.text for c in (first[shown], second[shown])] if differing else 'none'}",
        "The same image, config and seed give the same caption",
        fix,
    )


def _captioned(subject: CaptionerSubject) -> tuple[Sequence[str], list[Caption]]:
    """Ids and captions of the drawn images."""
    batch: ImageBatch = subject.batch(range(IMAGES))
    captions: list[Caption] = subject.ready.caption(batch)
    return batch.ids[: len(captions)], captions


def _is_clean(text: object) -> bool:
    """Whether a text is one line without control characters."""
    if not isinstance(text, str):
        return False
    return len(text.splitlines()) <= 1 and not any(unicodedata.category(sign) == "Cc" for sign in text)


def _same(first: Caption, second: Caption) -> bool:
    """Whether two captions are the same, scores within a tolerance."""
    pairs = list(zip(first.candidates, second.candidates, strict=False))
    return (
        len(first.candidates) == len(second.candidates)
        and first.chosen == second.chosen
        and all(a.text == b.text and _near(a.score, b.score) for a, b in pairs)
    )


def _near(first: float | None, second: float | None) -> bool:
    """Whether two scores are nearly equal."""
    if first is None or second is None:
        return first is second
    return abs(first - second) <= SCORE_TOLERANCE * max(1.0, abs(first)) or first == second


def _taken() -> int:
    """Bytes of the accelerator that tensors take."""
    return torch.cuda.memory_allocated() if torch.cuda.is_available() else 0
