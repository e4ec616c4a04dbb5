"""For every check of the conformance kit a component that it must catch, and for every kind one that passes."""

from __future__ import annotations

import functools
import hashlib
import json
import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from PIL import Image
from pydantic import Field

from zsbench.interfaces import (
    Candidate,
    Caption,
    Captioner,
    CaptionerNeeds,
    CaptionerSpec,
    EncoderSpec,
    Example,
    Frozen,
    GapModel,
    GapModelSpec,
    GapSetting,
    ImageFeatures,
    Metric,
    MetricSpec,
    Spec,
    Task,
    TaskCard,
    TaskSpec,
    TrainingReport,
)
from zsbench.testing.fakes import FakeEncoder, NoSettings, unit


@dataclass(frozen=True)
class Case:
    """A component, the hook module it pretends to come from, and where its data are."""

    spec: Spec
    hooks: str = "zsbench_light_hooks"
    options: dict = field(default_factory=dict)


# --- captioners


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
        self.weight = torch.randn(3, generator=generator)
        progress(1, 1)
        return TrainingReport(1, len(corpus), (1.0,))

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


class TrainsOnTheSpot(GoodCaptioner):
    def train(self, corpus, generator, *, progress):
        corpus.features.mul_(0.5)
        return super().train(corpus, generator, progress=progress)


def captioner(cls, **changes):
    values = {"id": "good", "config": CaptionerConfig, "summary": "a fake", "tags": ("fake",), "needs": cls.needs}
    return CaptionerSpec(**{**values, "factory": cls, **changes})


# --- gap models


class GoodGap(GapModel):
    """Shifts by the difference of means, with noise."""

    requires = "unpaired"

    def __init__(self, config):
        self.config = config

    def fit(self, *, texts=None, images=None):
        self.shift = images.mean(0) - texts.mean(0)

    def state(self):
        return {"shift": self.shift}

    def load_state(self, state):
        self.shift = state["shift"]

    def text_to_image(self, features, generator):
        return unit(features + self.shift + 0.1 * torch.randn(features.shape, generator=generator))

    def image_to_text(self, features, generator):
        return unit(features - self.shift)


class GapWithTensor(GoodGap):
    def __init__(self, config):
        super().__init__(config)
        self.scale = torch.ones(3)


class HalfWidth(GoodGap):
    def image_to_text(self, features, generator):
        return features[..., ::2]


class Unnormalised(GoodGap):
    def image_to_text(self, features, generator):
        return 3 * features


class GapOwnRandomness(GoodGap):
    def text_to_image(self, features, generator):
        return unit(features + self.shift + torch.randn(features.shape))


class GapMovesState(GoodGap):
    def text_to_image(self, features, generator):
        random.random()
        return super().text_to_image(features, generator)


class GapInPlace(GoodGap):
    def image_to_text(self, features, generator):
        return unit(features.sub_(self.shift))


class GapFitsInPlace(GoodGap):
    def fit(self, *, texts=None, images=None):
        texts.sub_(1)
        super().fit(texts=texts, images=images)


class GapWantsMore(GoodGap):
    requires = "text"


class GapForgets(GoodGap):
    def load_state(self, state):
        self.shift = torch.zeros_like(state["shift"])


def gap(cls, **changes):
    values = {"id": "good", "factory": cls, "config": NoSettings, "summary": "a fake", "tags": ("fake",)}
    return GapModelSpec(**{**values, **changes})


# --- tasks

CAPTIONS = {
    "red": ["a red square in the middle of a white wall", "one square painted in bright red"],
    "green": ["a green field seen from high above", "grass as far as one can look"],
    "blue": ["the blue sky without a single cloud", "nothing but clear sky on a summer day"],
}


class GoodTask(Task):
    """Three pictures under the data root."""

    def __init__(self, data_root):
        self.root = data_root

    @property
    def card(self):
        return TaskCard(
            id="good",
            title="Good",
            kind="captioning",
            split="all",
            source="here",
            licence="none",
            revision="1",
            files=("red.png",),
            metrics=("bleu-1",),
            main_metric="bleu-1",
        )

    @property
    def content_hash(self):
        return hashlib.sha256(json.dumps(self.references()).encode()).hexdigest()

    def examples(self):
        from zsbench.errors import MissingDataError

        if not (self.root / "red.png").exists():
            raise MissingDataError("There is no red.png.", "It is under the data root.", "Draw it.", path=self.root)
        return [Example(id_, self.root / f"{id_}.png") for id_ in CAPTIONS]

    def references(self):
        return CAPTIONS

    def groups(self):
        return {"warmth": {"warm": ["red"], "cold": ["green", "blue"]}}


class ReadsAtOnce(GoodTask):
    def __init__(self, data_root):
        super().__init__(data_root)
        (data_root / "red.png").read_bytes()


class OtherCard(GoodTask):
    @property
    def card(self):
        return super().card.model_copy(update={"main_metric": "cider-d"})


class ShuffledTask(GoodTask):
    def examples(self):
        return random.sample(super().examples(), 3) if random.random() < 0.9 else super().examples()[::-1]


class UnstableIds(GoodTask):
    passes: ClassVar[list] = []

    def examples(self):
        self.passes.append(1)
        return [replace(example, id=f"{example.id}-{len(self.passes)}") for example in super().examples()]


class DoubleIds(GoodTask):
    def examples(self):
        return [*super().examples(), super().examples()[0]]


class NoReference(GoodTask):
    def references(self):
        return {"red": CAPTIONS["red"], "green": CAPTIONS["green"]}


class UnknownGroup(GoodTask):
    def groups(self):
        return {"warmth": {"warm": ["pink"]}}


class AsksInCaptioning(GoodTask):
    def examples(self):
        return [replace(example, question="what is it?") for example in super().examples()]


class ImagesGone(GoodTask):
    def examples(self):
        return [replace(example, image=self.root / "gone.png") for example in super().examples()]


class PlainError(GoodTask):
    def examples(self):
        (self.root / "red.png").stat()
        return super().examples()


class EmptyReferences(GoodTask):
    def references(self):
        return {"red": ["."], "green": ["!"], "blue": ["?"]}


def task(cls, **changes):
    return TaskSpec(**{"id": "good", "factory": cls, "summary": "a fake", "tags": ("fake",), **changes})


# --- encoders


class GoodEncoder(FakeEncoder):
    """The kit's fake with a factory's signature."""

    def __init__(self, config, *, online=False):
        super().__init__(dim=16)


class EncoderWithTensor(GoodEncoder):
    def __init__(self, config, *, online=False):
        super().__init__(config)
        self.table = torch.ones(3)


class NewFingerprint(GoodEncoder):
    asked: ClassVar[list] = []

    @property
    def fingerprint(self):
        self.asked.append(1)
        return f"number {len(self.asked)}"


class NotUnit(GoodEncoder):
    def encode_texts(self, texts):
        return 2 * super().encode_texts(texts)


class HidesPatches(GoodEncoder):
    @property
    def has_patches(self):
        return False


class Centres(GoodEncoder):
    def encode_texts(self, texts):
        features = super().encode_texts(texts)
        return unit(features - 0.5 * features.mean(0))


class DropsOut(GoodEncoder):
    def encode_texts(self, texts):
        return unit(torch.nn.functional.dropout(super().encode_texts(texts), 0.1))


class EncoderMovesState(GoodEncoder):
    def encode_images(self, images):
        torch.rand(1)
        return super().encode_images(images)


class DrawsOnImages(GoodEncoder):
    def encode_images(self, images):
        for image in images:
            image.putpixel((0, 0), (1, 2, 3))
        return super().encode_images(images)


class UnevenAttention(GoodEncoder):
    def encode_images(self, images):
        features = super().encode_images(images)
        return ImageFeatures(features.pooled, features.patches, features.class_token, 2 * features.attention)


def encoder(cls, **changes):
    values = {"id": "good", "factory": cls, "config": NoSettings, "summary": "a fake", "tags": ("fake",)}
    return EncoderSpec(**{**values, **changes})


# --- metrics


class GoodMetric(Metric):
    """Share of words that stand in a reference, from two counts."""

    id = "good"
    title = "Good"
    tokenizer = "none"

    def prepare(self, references):
        return {id_: {word for text in texts for word in text.split()} for id_, texts in references.items()}

    def statistics(self, predictions, prepared):
        return np.array([self.row(text.split(), prepared[id_]) for id_, text in predictions.items()], dtype=np.float64)

    def row(self, words, known):
        return [float(sum(word in known for word in words)), float(len(words))]

    def aggregate_sums(self, sums, count):
        return sums[:, 0] / np.maximum(sums[:, 1], 1)


class MetricWithTensor(GoodMetric):
    def __init__(self):
        self.weights = torch.ones(3)


class OtherName(GoodMetric):
    id = "another"


class OneRow(GoodMetric):
    def statistics(self, predictions, prepared):
        return super().statistics(predictions, prepared).sum(0)


class InAnyOrder(GoodMetric):
    def statistics(self, predictions, prepared):
        return super().statistics(dict(sorted(predictions.items())), prepared)


class LooksAround(GoodMetric):
    def statistics(self, predictions, prepared):
        return super().statistics(predictions, prepared) / len(predictions)


class NotFromSums(GoodMetric):
    def aggregate(self, statistics):
        return float((statistics[:, 0] / statistics[:, 1]).max())


class Distance(GoodMetric):
    def row(self, words, known):
        return [float(sum(word not in known for word in words)), float(len(words))]


class LowersInPlace(GoodMetric):
    def statistics(self, predictions, prepared):
        rows = super().statistics(predictions, prepared)
        predictions.update({id_: text.upper() for id_, text in predictions.items()})
        return rows


class NumberInSignature(GoodMetric):
    def signature_fields(self, prepared):
        return {"version": 2}


def metric(cls, **changes):
    return MetricSpec(**{"id": "good", "factory": cls, "summary": "a fake", "tags": ("fake",), **changes})


MAKERS = {
    "captioner": (captioner, GoodCaptioner, ReadsInConstructor),
    "gap-model": (gap, GoodGap, GapWithTensor),
    "task": (task, GoodTask, ReadsAtOnce),
    "encoder": (encoder, GoodEncoder, EncoderWithTensor),
    "metric": (metric, GoodMetric, MetricWithTensor),
}
GOOD = {kind: Case(make(good)) for kind, (make, good, _) in MAKERS.items()}
BY_CHECK = {
    "captioner": {
        "needs-told": captioner(GoodCaptioner, needs=CaptionerNeeds()),
        "one-caption-an-image": captioner(TooFew),
        "captions-clean": captioner(MultiLine),
        "scores-finite": captioner(ScoresNan),
        "batch-invariant": captioner(SeesTheBatch),
        "order-invariant": captioner(SeesThePlace),
        "seed-reproducible": captioner(OwnRandomness),
        "global-randomness-untouched": captioner(MovesGlobalState),
        "inputs-unmodified": captioner(WritesToBatch),
        "shared-models-left-alone": captioner(ChangesTheEncoder),
        "memory-freed": captioner(RemembersItself),
        "record-round-trip": captioner(LoneSurrogate),
        "answers-clean": captioner(AnswersTogether),
        "training-survives-saving": captioner(SavesHalf),
        "checkpoint-safe": captioner(SavesPickle),
        "training-reproducible": captioner(TrainsByChance),
        "training-polite": captioner(TrainsOnTheSpot),
    },
    "gap-model": {
        "shape-kept": gap(HalfWidth),
        "norm-kept": gap(Unnormalised),
        "seed-reproducible": gap(GapOwnRandomness),
        "global-randomness-untouched": gap(GapMovesState),
        "inputs-unmodified": gap(GapInPlace),
        "requirement-honoured": gap(GapWantsMore),
        "state-round-trip": gap(GapForgets),
    },
    "task": {
        "card-consistent": task(OtherCard),
        "ids-stable": task(UnstableIds),
        "ids-unique": task(DoubleIds),
        "references-complete": task(NoReference),
        "groups-known": task(UnknownGroup),
        "questions-asked": task(AsksInCaptioning),
        "images-there": task(ImagesGone),
        "missing-data-told": task(PlainError),
        "references-score": task(EmptyReferences),
    },
    "encoder": {
        "fingerprint-stable": encoder(NewFingerprint),
        "features-well-formed": encoder(NotUnit),
        "patches-declared": encoder(HidesPatches),
        "batch-invariant": encoder(Centres),
        "reproducible": encoder(DropsOut),
        "global-randomness-untouched": encoder(EncoderMovesState),
        "inputs-unmodified": encoder(DrawsOnImages),
    },
    "metric": {
        "named": metric(OtherName),
        "statistics-shape": metric(OneRow),
        "permutation-equivariant": metric(InAnyOrder),
        "subset-equal": metric(LooksAround),
        "aggregates-sums": metric(NotFromSums),
        "right-beats-wrong": metric(Distance),
        "inputs-unmodified": metric(LowersInPlace),
        "record-round-trip": metric(NumberInSignature),
    },
}
BROKEN = {(kind, check): Case(spec) for kind, specs in BY_CHECK.items() for check, spec in specs.items()}
for kind, (make, good, stores_more) in MAKERS.items():
    BROKEN[kind, "hook-module-light"] = Case(make(good), hooks="zsbench_heavy_hooks")
    BROKEN[kind, "spec-tidy"] = Case(make(good, tags=("Not Kebab",)))
    BROKEN[kind, "constructor-stores-only"] = Case(make(stores_more))
ALSO_BROKEN = [
    ("captioner", "one-caption-an-image", captioner(BareStrings)),
    ("captioner", "constructor-stores-only", captioner(CopiesConfig)),
    ("gap-model", "inputs-unmodified", gap(GapFitsInPlace)),
    ("task", "ids-stable", task(ShuffledTask)),
    ("task", "spec-tidy", task(GoodTask, id="good", summary="")),
    ("encoder", "patches-declared", encoder(UnevenAttention)),
]


@functools.cache
def draw_pictures(folder):
    """The data root of the tasks."""
    for id_ in CAPTIONS:
        Image.new("RGB", (8, 8), id_).save(folder / f"{id_}.png")
    return folder
