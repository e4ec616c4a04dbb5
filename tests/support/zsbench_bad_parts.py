"""A gap model, a task, an encoder and a metric that keep their contracts, and one for each way to break them."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch

from zsbench.errors import MissingDataError
from zsbench.interfaces import (
    EncoderSpec,
    Example,
    GapModel,
    GapModelSpec,
    ImageFeatures,
    Metric,
    MetricSpec,
    Task,
    TaskCard,
    TaskSpec,
)
from zsbench.testing.fakes import FakeEncoder, NoSettings, unit

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
    passes: ClassVar[list] = []

    def examples(self):
        self.passes.append(1)
        first = len(self.passes) % 3  # chance might give one order three times
        return [*super().examples()[first:], *super().examples()[:first]]


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


class GuessesAhead(GoodEncoder):
    def encode_prepared(self, prepared, *, patches=True):
        return super().encode_prepared(prepared[::-1], patches=patches)


class BareIsAnother(GoodEncoder):
    def encode_prepared(self, prepared, *, patches=True):
        features = super().encode_prepared(prepared, patches=patches)
        return features if patches else ImageFeatures(unit(features.pooled + 1e-6))


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
