"""The stage predict: captions of images, or answers to questions about them."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zsbench.code.loading import load_object
from zsbench.errors import PluginContractError
from zsbench.files import write_text
from zsbench.fingerprints import hash_json
from zsbench.interfaces.captioner import Caption, Captioner, CaptionerResources
from zsbench.interfaces.paths import describe_settings
from zsbench.stages.batches import BatchReader
from zsbench.stages.caption_checks import check_answers, check_captions
from zsbench.stages.chunks import QUESTIONS_PER_IMAGE, Row, write_chunks
from zsbench.stages.guard import ask_fingerprint, guarded
from zsbench.stages.stage import GIGABYTE, Stage

if TYPE_CHECKING:
    from zsbench.components import CorpusChoice, EncoderChoice, Item, LanguageModelChoice, ReferenceTexts
    from zsbench.interfaces.encoder import ImageFit
    from zsbench.interfaces.specs import Factory
    from zsbench.registry import ResolvedCaptioner
    from zsbench.stages.context import StageContext
    from zsbench.stages.gap_fit import FittedGap
    from zsbench.stages.image_features import ImageEncoding
    from zsbench.stages.text_features import TextEncoding
    from zsbench.stages.training import Training

__all__ = ["Prediction", "read_timing"]

TIMING = "timing.json"


@dataclass(frozen=True, eq=False, kw_only=True)
class Prediction(Stage):
    """Writes ``predictions.jsonl`` in chunks, so that an interrupted run goes on.

    An item whose image could not be read has an error instead of a prediction. How long each batch took that was made
    here stands in ``timing.json``.

    Attributes:
        captioner: Captions or answers.
        task: What people call the items.
        items: What to caption or answer, in order.
        encoder: Whose features the captioner is given.
        language_model: If the captioner needs one.
        corpus: What the captioner reads, if it needs a memory.
        training: If the captioner is trained.
        gap: The gap model of inference.
        texts: The corpus's features, if the captioner needs a memory.
        images: The images' features.
        references: The items' reference captions and their features, for a captioner that looks at them.
        questions: Hash of the questions; empty for captions.
        seed: Of all randomness.
        batch_size: Images captioned together; changes no result.
    """

    kind: ClassVar[str] = "predict"
    turn: ClassVar[int] = 8
    memory: ClassVar[int] = 2 * GIGABYTE
    libraries: ClassVar[tuple[str, ...]] = ("torch", "numpy", "tokenizers", "transformers")

    captioner: ResolvedCaptioner
    task: str
    items: Sequence[Item]
    encoder: EncoderChoice
    language_model: LanguageModelChoice | None
    corpus: CorpusChoice
    training: Training | None
    gap: FittedGap | None
    texts: TextEncoding | None
    images: ImageEncoding
    references: tuple[ReferenceTexts, TextEncoding] | None
    questions: str
    seed: int
    batch_size: int

    @property
    def label(self) -> str:
        """Captioner, task and seed."""
        return f"{self.captioner.id} on {self.task}, seed {self.seed}"

    @property
    def inputs(self) -> tuple[Stage, ...]:
        """Everything that is made before."""
        return self._inputs(self.images)

    @property
    def seen(self) -> tuple[Stage, ...]:
        """Of images, global features alone where the captioner needs no others."""
        return self._inputs(self.images if self.captioner.needs.patches else self.images.pooled)

    @property
    def on_device(self) -> bool:
        """Yes."""
        return True

    @property
    def weights(self) -> Iterable[int]:
        """Of the models that the captioner uses."""
        if self.captioner.needs.encoder:
            yield self.encoder.encoder.weights_bytes
        if self.language_model is not None:
            yield self.language_model.model.weights_bytes

    def material(self) -> Mapping[str, Any]:
        """Settings, seed, the models, and what is asked of which image."""
        return {
            **describe_settings(self.captioner.config, self.setup.hashes),
            "seed": self.seed,
            "encoder": self.encoder.content,
            "language_model": self.language_model and self.language_model.content,
            "gap": self.gap and self.gap.gap.describe(self.setup.hashes),
            "items": hash_json([[item.id, item.row] for item in self.items]),
            "questions": self.questions,
            "pixels": self.images.task.images if self.captioner.needs.pixels else "",
            "references": self.references and [self.references[0].content, hash_json(self.references[0].counts)],
            "own_weights": ask_fingerprint(self._make, self.captioner) if self.captioner.needs.own_weights else "",
        }

    def components(self) -> Iterable[Factory]:
        """The captioner and its settings, and what it is given."""
        encoder = self.encoder if self.captioner.needs.encoder else None
        models = (encoder, self.language_model, self.gap.gap if self.gap else None)
        own = (self.captioner.factory, type(self.captioner.config))
        return (*own, *(part for model in models if model is not None for part in model.factories))

    def run(self, folder: Path, context: StageContext) -> bool:
        """Caption or answer every item; the captioner is loaded when the first that can be read is reached."""
        reader = BatchReader(self, context)
        loaded: list[Captioner[Any]] = []
        batches: list[tuple[int, float]] = []

        def make(start: int, stop: int) -> list[Row]:
            """Rows of some items."""
            items = self.items[start:stop]
            readable = [item for item in items if item.row not in reader.unreadable]
            if readable and not loaded:
                loaded.append(self._load(context))
            began = time.perf_counter()
            rows = {row["id"]: row for row in self._predict(loaded[0], reader, readable)} if readable else {}
            batches.append((len(readable), time.perf_counter() - began))
            return [rows.get(item.id) or {"id": item.id, "error": reader.unreadable[item.row]} for item in items]

        size = self.batch_size * (QUESTIONS_PER_IMAGE if self.questions else 1)
        write_chunks(folder, len(self.items), size, make, context.progress)
        write_text(folder / TIMING, json.dumps(_summarise(batches)))
        return True

    def _inputs(self, images: ImageEncoding) -> tuple[Stage, ...]:
        """The stages whose outputs are read."""
        fit = self.gap.fit if self.gap else None
        features = self.references[1] if self.references else None
        return tuple(stage for stage in (self.training, self.texts, images, fit, features) if stage is not None)

    def _make(self) -> Captioner[Any]:
        """A fresh captioner, nothing loaded.

        Raises:
            PluginContractError: Its class needs something else than its spec tells.
        """
        resolved = self.captioner
        made: Captioner[Any] = load_object(resolved.factory)(resolved.config)
        if resolved.needs != made.needs:
            raise PluginContractError(
                f"The spec of captioner {resolved.id!r} tells other needs than its class.",
                "They are equal.",
                f"Correct the plugin {resolved.owner.plugin!r}.",
                plugin=resolved.owner.plugin,
                distribution=resolved.owner.distribution,
            )
        return made

    def _load(self, context: StageContext) -> Captioner[Any]:
        """The captioner with its resources, and its training taken over."""
        with guarded(self.captioner, "be made"):
            captioner = self._make()
        resources = CaptionerResources(
            device=context.device,
            encoder=context.encoder(self.encoder) if captioner.needs.encoder else None,
            language_model=context.language_model(self.language_model),
            inference_gap=context.gap_model(self.gap),
            memory=context.corpus(self.corpus, self.texts) if self.texts else None,
        )
        with guarded(self.captioner, "load"):
            captioner.load(resources)
            if self.training is not None:
                captioner.restore(context.output(self.training))
        return captioner

    def _predict(self, captioner: Captioner[Any], reader: BatchReader, items: Sequence[Item]) -> list[Row]:
        """Rows of a slice of the items."""
        batch, resolved = reader.read(items, captioner.needs), self.captioner
        if items[0].question is not None:
            with guarded(resolved, "answer"):
                answers = captioner.answer(batch, [str(item.question) for item in items])
            check_answers(answers, batch, resolved.id, resolved.owner)
            return [{"id": id_, "prediction": answer} for id_, answer in zip(batch.ids, answers, strict=True)]
        with guarded(resolved, "caption"):
            captions = captioner.caption(batch)
        check_captions(captions, batch, resolved.id, resolved.owner)
        fit = self.encoder.encoder.image_fit if any(caption.regions for caption in captions) else None
        return [_caption_row(id_, caption, fit) for id_, caption in zip(batch.ids, captions, strict=True)]


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
