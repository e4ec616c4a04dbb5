"""A captioner that keeps its contract, and one for each way to break it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from zsbench.interfaces import (
    Candidate,
    Caption,
    Captioner,
    CaptionerNeeds,
    CaptionerSpec,
    Frozen,
    GapSetting,
    GenerationSettings,
    TrainingReport,
    TrainingState,
)


class Training(Frozen):
    words: int = Field(default=4, ge=1)
    gap: GapSetting = GapSetting(id="none-of-these")


class Inference(Frozen):
    candidates: int = 2
    gap: GapSetting = GapSetting(id="none-of-these")


class CaptionerConfig(Frozen):
    training: Training = Training()
    inference: Inference = Inference()


class GoodCaptioner(Captioner[CaptionerConfig]):
    """Learns which words follow a random start, and says them with numbers from each image's generator."""

    needs: ClassVar[CaptionerNeeds] = CaptionerNeeds(
        training=True, memory=True, encoder=True, language_model=True, patches=True, gap_model=True, answers=True
    )

    def load(self, resources):
        self.resources = resources
        self.weight = torch.zeros(3)

    def train(self, corpus, generator, *, progress):
        journal = self.resources.journal
        state = journal.latest() if journal else None
        begun = self.take_up(state, generator) if state else 0
        for step in range(begun, 3):
            self.weight = self.weight + torch.randn(3, generator=generator)
            if journal and journal.is_due():
                tensors = {"weight": self.weight, "random": generator.get_state()}
                journal.keep(TrainingState(step + 1, tensors))
            progress(step + 1, 3)
        return TrainingReport(3, len(corpus), (1.0,))

    def take_up(self, state, generator):
        self.weight = state.tensors["weight"]
        generator.set_state(state.tensors["random"])
        return state.steps

    def save(self, folder):
        (folder / "weight.json").write_text(json.dumps(self.weight.tolist()), encoding="utf-8")

    def restore(self, folder):
        self.weight = torch.tensor(json.loads((folder / "weight.json").read_text(encoding="utf-8")))

    def caption(self, batch):
        pairs = zip(batch.features.pooled, batch.generators, strict=True)
        return [self.one(feature, generator) for feature, generator in pairs]

    def one(self, feature, generator):
        number = int(torch.randint(1000, (1,), generator=generator))
        nearest = int((self.resources.memory.features @ feature).argmax())
        text = f"{self.resources.memory.texts[nearest]} {number} {self.weight.sum():.4f}"
        return Caption((Candidate(text, 0.5), Candidate("something else", 0.25)))

    def answer(self, batch, questions):
        return [question.split()[-1].rstrip("?") for question in questions]


class ReadsInConstructor(GoodCaptioner):
    def __init__(self, config):
        super().__init__(config)
        self.source = Path(__file__).with_suffix(".py").parent.joinpath("fake_matrix.yaml").read_text(encoding="utf-8")


class CopiesConfig(GoodCaptioner):
    def __init__(self, config):
        super().__init__(config.model_copy())


class TooFew(GoodCaptioner):
    def caption(self, batch):
        return super().caption(batch)[: max(1, len(batch) - 1)]


class BareStrings(GoodCaptioner):
    def caption(self, batch):
        return [caption.text for caption in super().caption(batch)]


class MultiLine(GoodCaptioner):
    def one(self, feature, generator):
        return Caption((Candidate("one line\u2028and another"),))


class ScoresNan(GoodCaptioner):
    def one(self, feature, generator):
        return Caption((Candidate("a thing", float("nan")),))


class SeesTheBatch(GoodCaptioner):
    def caption(self, batch):
        return [Caption((Candidate(f"one of {len(batch)}"),)) for _ in batch.ids]


class SeesThePlace(GoodCaptioner):
    def caption(self, batch):
        return [Caption((Candidate(f"picture {place}"),)) for place in range(len(batch))]


class OwnRandomness(GoodCaptioner):
    def one(self, feature, generator):
        return Caption((Candidate(f"a thing {random.random()}"),))


class MovesGlobalState(GoodCaptioner):
    def one(self, feature, generator):
        np.random.rand()  # noqa: NPY002
        return super().one(feature, generator)


class WritesToBatch(GoodCaptioner):
    def caption(self, batch):
        batch.features.pooled.mul_(2)
        return super().caption(batch)


class ChangesTheEncoder(GoodCaptioner):
    def caption(self, batch):
        captions = super().caption(batch)
        self.resources.encoder.table.requires_grad_(True)
        return captions


class RemembersItself(GoodCaptioner):
    instances: ClassVar[list] = []

    def load(self, resources):
        super().load(resources)
        self.instances.append(self)


class LoneSurrogate(GoodCaptioner):
    def one(self, feature, generator):
        return Caption((Candidate("a thing \ud800"),))


class AnswersTogether(GoodCaptioner):
    def answer(self, batch, questions):
        return [f"{len(questions)}" for _ in questions]


class SavesHalf(GoodCaptioner):
    def save(self, folder):
        (folder / "weight.json").write_text(json.dumps([0.0, 0.0, 0.0]), encoding="utf-8")


class SavesPickle(GoodCaptioner):
    def save(self, folder):
        super().save(folder)
        (folder / "weight.pt").write_bytes(b"")


class TrainsByChance(GoodCaptioner):
    def train(self, corpus, generator, *, progress):
        report = super().train(corpus, generator, progress=progress)
        self.weight = self.weight + torch.randn(3)
        return report


class DrawsAgain(GoodCaptioner):
    def take_up(self, state, generator):
        self.weight = state.tensors["weight"]
        return state.steps


class TrainsOnTheSpot(GoodCaptioner):
    def train(self, corpus, generator, *, progress):
        corpus.features.mul_(0.5)
        return super().train(corpus, generator, progress=progress)


class GeneratesWhileTraining(GoodCaptioner):
    def train(self, corpus, generator, *, progress):
        self.resources.language_model.generate(torch.zeros(1, 0, 8), GenerationSettings())
        return super().train(corpus, generator, progress=progress)


def captioner(cls, **changes):
    values = {"id": "good", "config": CaptionerConfig, "summary": "a fake", "tags": ("fake",), "needs": cls.needs}
    values["trainer"] = GoodCaptioner
    return CaptionerSpec(**{**values, "factory": cls, **changes})
