"""The stages train and predict."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zsbench.errors import CaptionerError, ConfigError, ZsbenchError
from zsbench.images import read_image
from zsbench.interfaces import Caption, Captioner, CaptionerResources, ImageBatch
from zsbench.plan import Prediction, Training
from zsbench.runner.features import ImageFeatureReader
from zsbench.runner.workbench import Workbench, generator
from zsbench.seeds import derive_seed
from zsbench.store import write_text

__all__ = ["check_captions", "predict", "read_predictions", "train"]

LINE_SEPARATORS = set("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def train(work: Training, folder: Path, bench: Workbench) -> None:
    """Train a captioner on text features; write its weights and ``training.json``."""
    with _guarded(work.captioner.id, "be made"):
        captioner = bench.captioner(work.captioner)
    needs = captioner.needs
    resources = CaptionerResources(
        device=work.device,
        encoder=bench.encoder(work.encoder, work.device) if needs.encoder else None,
        language_model=bench.language_model(work.language_model, work.device) if work.language_model else None,
        training_gap=bench.gap_model(work.gap),
    )
    with _guarded(work.captioner.id, "train"):
        captioner.load(resources)
        corpus = bench.corpus(work.corpus, work.texts, work.encoder.content)
        report = captioner.train(corpus, generator(derive_seed(work.seed, "train")), progress=bench.progress)
        captioner.save(folder)
    write_text(folder / "training.json", json.dumps(asdict(report), indent=1))


def predict(work: Prediction, folder: Path, bench: Workbench) -> None:
    """Caption every example; write ``predictions.jsonl``, chunk by chunk, so that an interrupted run goes on."""
    ids = work.task.ids
    parts: list[Path] = []
    loaded: tuple[Captioner[Any], ImageFeatureReader] | None = None
    start = 0
    while start < len(ids):
        part = _finished_part(folder, start)
        if part is None:
            loaded = loaded or (_load_captioner(work, bench), ImageFeatureReader(bench.places[work.images]))
            stop = min(start + work.batch_size, len(ids))
            captions = _caption_batch(*loaded, work, start, stop)
            part = folder / f"part-{start:07d}-{stop:07d}.jsonl"
            write_text(part, "".join(_lines(ids[start:stop], captions)))
        parts.append(part)
        start = int(part.stem.rpartition("-")[2])
        bench.progress(start, len(ids))
    write_text(folder / "predictions.jsonl", "".join(path.read_text(encoding="utf-8") for path in parts))
    for path in parts:
        path.unlink()


def read_predictions(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of a predict stage: id, prediction, candidates, chosen."""
    with (folder / "predictions.jsonl").open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def check_captions(captions: Sequence[Caption], batch: ImageBatch, captioner: str) -> None:
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
            f"Correct the plugin that provides {captioner!r}.",
            captioner=captioner,
        )


def _wrong(caption: object) -> str:
    """What is wrong with one caption; empty if nothing."""
    if not isinstance(caption, Caption):
        return repr(caption)
    if not caption.candidates or not 0 <= caption.chosen < len(caption.candidates):
        return "no chosen candidate"
    texts: list[object] = [candidate.text for candidate in caption.candidates]
    for text in texts:
        if not isinstance(text, str):
            return f"the candidate {text!r}"
        if LINE_SEPARATORS & set(text):
            return f"a candidate of several lines, {text!r},"
    return ""


class _guarded:  # noqa: N801  reads as a statement
    """Turns whatever a plugin raises, an exit included, into a CaptionerError that names it."""

    def __init__(self, captioner: str, verb: str) -> None:
        self.captioner = captioner
        self.verb = verb

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (Exception, SystemExit)) and not isinstance(error, ZsbenchError):
            first = (str(error).strip().splitlines() or [""])[0].rstrip(".")
            raise CaptionerError(
                f"Captioner {self.captioner!r} failed to {self.verb}: {type(error).__name__}: {first}.",
                "It raises nothing for valid input.",
                "Run again with --debug for the traceback.",
                captioner=self.captioner,
            ) from error


def _load_captioner(work: Prediction, bench: Workbench) -> Captioner[Any]:
    """The captioner with its resources, and its training taken over."""
    with _guarded(work.captioner.id, "be made"):
        captioner = bench.captioner(work.captioner)
    needs = captioner.needs
    resources = CaptionerResources(
        device=work.device,
        encoder=bench.encoder(work.encoder, work.device) if needs.encoder else None,
        language_model=bench.language_model(work.language_model, work.device) if work.language_model else None,
        inference_gap=bench.gap_model(work.gap),
        memory=bench.corpus(work.corpus, work.texts, work.encoder.content) if work.texts else None,
    )
    with _guarded(work.captioner.id, "load"):
        captioner.load(resources)
        if work.training is not None:
            captioner.restore(bench.places[work.training])
    return captioner


def _caption_batch(
    captioner: Captioner[Any], reader: ImageFeatureReader, work: Prediction, start: int, stop: int
) -> list[Caption]:
    """Captions of a slice of the examples."""
    examples = work.task.examples[start:stop]
    features = reader.read(start, stop)
    if captioner.needs.patches and (features.patches is None or features.attention is None):
        raise ConfigError(
            f"Captioner {work.captioner.id!r} needs patch tokens, and encoder {work.encoder.id!r} has none.",
            "Vision transformers have them; ResNet and pooled towers do not.",
            "Choose one that has, for example `--set encoder.settings.model=ViT-B-32`.",
            key="encoder",
        )
    batch = ImageBatch(
        ids=tuple(example.id for example in examples),
        features=features,
        generators=tuple(generator(derive_seed(work.seed, "caption", example.id)) for example in examples),
        images=tuple(read_image(e.image, id=e.id) for e in examples) if captioner.needs.pixels else None,
    )
    with _guarded(work.captioner.id, "caption"):
        captions = captioner.caption(batch)
    check_captions(captions, batch, work.captioner.id)
    return captions


def _lines(ids: Sequence[str], captions: Sequence[Caption]) -> Iterator[str]:
    """JSON Lines of a chunk."""
    for id_, caption in zip(ids, captions, strict=True):
        row = {
            "id": id_,
            "prediction": caption.text,
            "candidates": [[candidate.text, candidate.score] for candidate in caption.candidates],
            "chosen": caption.chosen,
        }
        yield json.dumps(row, ensure_ascii=False) + "\n"


def _finished_part(folder: Path, start: int) -> Path | None:
    """The chunk that begins with an example, if an interrupted run finished it."""
    return next(iter(sorted(folder.glob(f"part-{start:07d}-*.jsonl"))), None)
