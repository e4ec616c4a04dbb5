"""Checks of a captioner that trains: what it learned survives being saved, and depends on the seed alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from zsbench.interfaces import Captioner, GenerationSettings
from zsbench.registry import load_object
from zsbench.stages.training import without_inference
from zsbench.testing.captioner_checks import IMAGES, check_same_captions
from zsbench.testing.fakes import FakeLanguageModel
from zsbench.testing.journal import KilledTraining, RehearsedJournal
from zsbench.testing.kit import NotApplicable, check_for, conforms
from zsbench.testing.subjects import TRAINING_SEED, CaptionerSubject
from zsbench.testing.watch import disturbed_randomness, untouched_randomness

__all__: list[str] = []

SAFE = (".safetensors", ".json", ".jsonl", ".txt", ".npy", ".yaml")


@check_for("captioner")
def check_captioner_training_survives_saving(subject: CaptionerSubject) -> None:
    """``train``, then ``save`` and ``restore`` in a fresh captioner, gives the same captions."""
    with TemporaryDirectory(prefix="zsbench-check-") as folder:
        trained = subject.trained()
        trained.save(Path(folder))
        restored = subject.loaded()
        restored.restore(Path(folder))
    check_same_captions(
        trained.caption(subject.batch(range(IMAGES))),
        restored.caption(subject.batch(range(IMAGES))),
        "after `save` and `restore`",
        "Save everything that training changed, in full precision, and restore all of it",
    )


@check_for("captioner")
def check_captioner_checkpoint_safe(subject: CaptionerSubject) -> None:
    """``save`` writes safetensors, JSON and other plain files: nothing that runs code when it is read."""
    with TemporaryDirectory(prefix="zsbench-check-") as folder:
        subject.trained().save(Path(folder))
        written = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        unsafe = [path.name for path in written if path.suffix not in SAFE]
    conforms(
        written,
        "`save` wrote no file",
        "It writes what training learned",
        "Write it with safetensors and JSON",
    )
    conforms(
        not unsafe,
        f"`save` wrote {', '.join(unsafe)}",
        f"Files end in {', '.join(SAFE)}: pickles run code when they are read",
        "Use safetensors.torch.save_file and JSON",
    )


@check_for("captioner")
def check_captioner_training_reproducible(subject: CaptionerSubject) -> None:
    """Two trainings from equal seeds give the same captions, whatever the global random state."""
    with disturbed_randomness(1):
        first = subject.trained()
    with disturbed_randomness(2):
        second = subject.trained()
    check_same_captions(
        first.caption(subject.batch(range(IMAGES))),
        second.caption(subject.batch(range(IMAGES))),
        "by a second training from an equal seed",
        "Initialise, shuffle, drop out and add noise from the generator that `train` is given",
    )


@check_for("captioner")
def check_captioner_training_polite(subject: CaptionerSubject) -> None:
    """Training moves no global random state and writes to no feature of the corpus."""
    if not subject.needs.training:
        raise NotApplicable("It has no training.")
    before = subject.corpus.features.clone()
    with untouched_randomness():
        subject.trained()
    conforms(
        torch.equal(before, subject.corpus.features),
        "Training changed the features of the corpus",
        "They may be memory-mapped, and other captioners train on them",
        "Work on copies of the batches",
    )


@check_for("captioner")
def check_captioner_training_goes_on(subject: CaptionerSubject) -> None:
    """A training that was killed goes on from its journal and saves the same bytes as one that was not disturbed."""
    journal = RehearsedJournal()
    with suppress(KilledTraining):
        _train_with(subject, journal)
    if journal.state is None:
        raise NotApplicable("It has no training, or keeps no state: when it is killed, it begins anew.")
    with TemporaryDirectory(prefix="zsbench-check-") as folder:
        calm, resumed = Path(folder, "calm"), Path(folder, "resumed")
        for place, captioner in ((calm, subject.trained()), (resumed, _train_with(subject, journal))):
            place.mkdir()
            captioner.save(place)
        differing = sorted(_read_files(calm).items() ^ _read_files(resumed).items())
    conforms(
        not differing,
        f"A training that was killed after step {journal.state.steps} and went on saved another {_first(differing)}",
        "It ends with the same bytes as a training that was not disturbed",
        "Keep the weights, the optimiser's moments and the state of every generator, and restore all of them",
    )


@check_for("captioner")
def check_captioner_trainer_apart(subject: CaptionerSubject) -> None:
    """What the spec names as trainer trains without generating a text, and the captioner restores what it saved."""
    if not subject.resolved.trains_apart:
        raise NotApplicable("Its spec names no trainer.")
    trainer = load_object(subject.resolved.trainer)(without_inference(subject.config))
    model = MuteLanguageModel()
    model.load(subject.options.device)
    trainer.load(replace(subject.resources, language_model=model))
    generator = torch.Generator().manual_seed(TRAINING_SEED)
    trainer.train(subject.corpus, generator, progress=lambda done, total: None)  # noqa: ARG005
    conforms(
        not model.asked,
        "The trainer generated texts",
        "It uses `embed`, `logits` and `text_loss`: code that decodes is no part of a training's key",
        "Name no trainer in the spec, so that all of the captioner's code counts",
    )
    with TemporaryDirectory(prefix="zsbench-check-") as folder:
        trainer.save(Path(folder))
        captioner = subject.loaded()
        captioner.restore(Path(folder))
    check_same_captions(
        subject.ready.caption(subject.batch(range(IMAGES))),
        captioner.caption(subject.batch(range(IMAGES))),
        "after its trainer's training",
        "Let the trainer and the captioner's `train` learn the same from the same seed",
    )


class MuteLanguageModel(FakeLanguageModel):
    """Says nothing, and remembers that it was asked to."""

    asked = False

    def generate(
        self, prefix: Tensor, settings: GenerationSettings, *, prompts: Sequence[str] | None = None
    ) -> list[str]:
        """An empty text for each prefix."""
        self.asked = True
        return ["" for _ in prefix]


def _train_with(subject: CaptionerSubject, journal: RehearsedJournal) -> Captioner[Any]:
    """A fresh captioner after its training, with a journal."""
    if not subject.needs.training:
        raise NotApplicable("It has no training.")
    captioner = subject.make()
    captioner.load(replace(subject.resources, journal=journal))
    generator = torch.Generator().manual_seed(TRAINING_SEED)
    captioner.train(subject.corpus, generator, progress=lambda done, total: None)  # noqa: ARG005
    return captioner


def _read_files(folder: Path) -> dict[str, bytes]:
    """The content of every file in a folder, by relative path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _first(differing: Sequence[tuple[str, bytes]]) -> str:
    """The name of the first file that differs."""
    return differing[0][0] if differing else ""
