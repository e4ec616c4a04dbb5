"""The stages train and predict."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zsbench.errors import CaptionerError
from zsbench.interfaces import (
    Caption,
    Captioner,
    CaptionerResources,
    CorpusFeatures,
    Encoder,
    ImageBatch,
    ImageFit,
    Regions,
)
from zsbench.plan import Item, Prediction, Training
from zsbench.registry import Owner
from zsbench.runner.batches import BatchReader
from zsbench.runner.chunks import QUESTIONS_PER_IMAGE, Row, write_chunks
from zsbench.runner.deferred_encoder import DeferredEncoder
from zsbench.runner.guard import guarded, told_owner
from zsbench.runner.journal import JOURNAL, StoredJournal
from zsbench.runner.workbench import Workbench, generator
from zsbench.seeds import derive_seed
from zsbench.store import write_text

__all__ = ["check_answers", "check_captions", "predict", "read_timing", "train"]

TIMING = "timing.json"

NOBODY = Owner("unknown")
LINE_SEPARATORS = set("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def train(work: Training, folder: Path, bench: Workbench) -> None:
    """Train a captioner on text features; write its weights and ``training.json``.

    What a killed training kept in its journal is taken up; the journal goes when the weights are there.
    """
    with guarded(work.captioner, "be made"):
        captioner = bench.captioner(work.captioner)
    corpus = bench.corpus(work.corpus, work.texts, work.encoder.content)
    journal = StoredJournal(folder / JOURNAL, work.checkpoint_seconds, bench.remark)
    bench.release_encoders()
    resources = CaptionerResources(
        device=work.device,
        encoder=_deferred(work, corpus, bench) if captioner.needs.encoder else None,
        language_model=bench.language_model(work.language_model, work.device) if work.language_model else None,
        training_gap=bench.gap_model(work.gap),
        journal=journal,
    )
    with guarded(work.captioner, "train"):
        captioner.load(resources)
        report = captioner.train(
            corpus,
            generator(derive_seed(work.seed, "train")),
            progress=lambda done, total: bench.progress(done, total, journal.tokens),
        )
        captioner.save(folder)
    write_text(folder / "training.json", json.dumps(asdict(report), indent=1))
    journal.clear()


def _deferred(work: Training, corpus: CorpusFeatures, bench: Workbench) -> Encoder:
    """The encoder of a training: the features of its texts are in the store, so its weights need not be in memory."""
    return DeferredEncoder(
        work.encoder.encoder.fingerprint,
        int(corpus.features.shape[1]),
        lambda: bench.encoder(work.encoder, work.device),
    )


def predict(work: Prediction, folder: Path, bench: Workbench) -> None:
    """Caption or answer every item; write ``predictions.jsonl`` in chunks, so that an interrupted run goes on.

    An item whose image could not be read has an error instead of a prediction. How long each batch took that was made
    here stands in ``timing.json``.
    """
    reader = BatchReader(work, bench)
    loaded: list[Captioner[Any]] = []
    batches: list[tuple[int, float]] = []

    def make(start: int, stop: int) -> list[Row]:
        """Rows of some items; the captioner is loaded when the first of them can be read."""
        items = work.items[start:stop]
        readable = [item for item in items if item.row not in reader.unreadable]
        if readable and not loaded:
            loaded.append(_load_captioner(work, bench))
        began = time.perf_counter()
        rows = {row["id"]: row for row in _predict_batch(loaded[0], reader, work, readable)} if readable else {}
        batches.append((len(readable), time.perf_counter() - began))
        return [rows.get(item.id) or {"id": item.id, "error": reader.unreadable[item.row]} for item in items]

    asks = bool(work.items) and work.items[0].question is not None
    size = work.batch_size * (QUESTIONS_PER_IMAGE if asks else 1)
    write_chunks(folder, len(work.items), size, make, bench.progress)
    write_text(folder / TIMING, json.dumps(_summarise(batches)))


def read_timing(folder: Path) -> dict[str, float] | None:
    """How fast a predict stage went; None where it was made of nothing, or is no predict stage."""
    path = folder / TIMING
    found: dict[str, float] | None = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    return found


def _summarise(batches: Sequence[tuple[int, float]]) -> dict[str, float] | None:
    """Examples, seconds and size of the batches, and the median batch's seconds; nothing is loaded in them."""
    timed = [(count, seconds) for count, seconds in batches if count]
    if not timed:
        return None
    return {
        "batch_size": max(count for count, _ in timed),
        "examples": sum(count for count, _ in timed),
        "seconds": float(f"{sum(seconds for _, seconds in timed):.4g}"),
        "median_batch_seconds": float(f"{statistics.median(seconds for _, seconds in timed):.4g}"),
    }


def check_captions(captions: Sequence[Caption], batch: ImageBatch, captioner: str, owner: Owner = NOBODY) -> None:
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


def check_answers(answers: Sequence[str], batch: ImageBatch, captioner: str, owner: Owner = NOBODY) -> None:
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


def _load_captioner(work: Prediction, bench: Workbench) -> Captioner[Any]:
    """The captioner with its resources, and its training taken over."""
    with guarded(work.captioner, "be made"):
        captioner = bench.captioner(work.captioner)
    needs = captioner.needs
    resources = CaptionerResources(
        device=work.device,
        encoder=bench.encoder(work.encoder, work.device) if needs.encoder else None,
        language_model=bench.language_model(work.language_model, work.device) if work.language_model else None,
        inference_gap=bench.gap_model(work.gap),
        memory=bench.corpus(work.corpus, work.texts, work.encoder.content) if work.texts else None,
    )
    with guarded(work.captioner, "load"):
        captioner.load(resources)
        if work.training is not None:
            captioner.restore(bench.places[work.training])
    return captioner


def _predict_batch(
    captioner: Captioner[Any], reader: BatchReader, work: Prediction, items: Sequence[Item]
) -> list[Row]:
    """Rows of a slice of the items."""
    batch = reader.read(items, captioner.needs)
    if items[0].question is not None:
        with guarded(work.captioner, "answer"):
            answers = captioner.answer(batch, [str(item.question) for item in items])
        check_answers(answers, batch, work.captioner.id, work.captioner.owner)
        return [{"id": id_, "prediction": answer} for id_, answer in zip(batch.ids, answers, strict=True)]
    with guarded(work.captioner, "caption"):
        captions = captioner.caption(batch)
    check_captions(captions, batch, work.captioner.id, work.captioner.owner)
    fit = work.encoder.encoder.image_fit if any(caption.regions for caption in captions) else None
    return [_caption_row(id_, caption, fit) for id_, caption in zip(batch.ids, captions, strict=True)]


def _caption_row(id_: str, caption: Caption, fit: ImageFit | None) -> Row:
    """What is kept of a caption."""
    row = {
        "id": id_,
        "prediction": caption.text,
        "candidates": [[candidate.text, candidate.score] for candidate in caption.candidates],
        "chosen": caption.chosen,
    }
    if caption.regions is not None:
        weights = [float(f"{weight:.3g}") for weight in caption.regions.weights]
        row["regions"] = {"side": caption.regions.side, "cells": caption.regions.cells, "weights": weights, "fit": fit}
    return row
