"""A world small enough for unit tests: an encoder of words, a language model that reads its prefix, a trained MacCap."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from zsbench.interfaces import (
    CaptionerResources,
    CorpusFeatures,
    Encoder,
    GapModel,
    GenerationSettings,
    ImageBatch,
    ImageFeatures,
    LanguageModel,
    TokenBatch,
)
from zsbench_maccap.captioner import MacCap
from zsbench_maccap.config import MacCapConfig

D, E, P = 32, 24, 12
CAPTIONS = (
    "a red ball on the beach",
    "two cats near a house",
    "a boat at night",
    "the blue car is next to a tree",
    "a bird above the snow",
    "one small clock",
    "a yellow hat left of a lamp",
    "three apples in a room",
)
WORDS = sorted({word for caption in CAPTIONS for word in caption.split()})


def unit(x: Tensor) -> Tensor:
    return torch.nn.functional.normalize(x, dim=-1)


class WordEncoder(Encoder):
    """A text is the mean of fixed random vectors of its words."""

    def __init__(self) -> None:
        self.weights = torch.randn(64, D, generator=torch.Generator().manual_seed(1))
        self.calls: list[list[str]] = []

    fingerprint = "word-encoder"
    dim = D
    has_patches = True

    def load(self, device: str = "cpu") -> None:
        """Nothing to load."""

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        self.calls.append(list(texts))
        return torch.stack([unit(self._vector(text)) for text in texts])

    def encode_images(self, images: Sequence[object]) -> ImageFeatures:
        raise NotImplementedError

    def _vector(self, text: str) -> Tensor:
        rows = [hashlib.sha256(word.encode()).digest()[0] % 64 for word in re.findall(r"\w+", text)]
        return self.weights[rows].sum(0) if rows else self.weights[0]


class PointerModel(LanguageModel):
    """A causal model whose t-th token is read off its t-th prefix embedding and, faintly, the token before it."""

    LEAD, END, OFFSET = 0, 1, 2
    fingerprint = "pointer-model"
    width = E

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(2)
        self.table = torch.nn.Parameter(torch.randn(len(WORDS) + 2, E, generator=generator), requires_grad=False)
        self.prompts: list[str] = []

    def load(self, device: str = "cpu") -> None:
        """Nothing to load."""

    def tokenize(self, texts: Sequence[str], *, max_tokens: int, add_end: bool = True) -> TokenBatch:
        rows = [[self.LEAD, *(WORDS.index(word) + self.OFFSET for word in text.split())] for text in texts]
        rows = [[*row[: max_tokens - add_end], *[self.END] * add_end] for row in rows]
        width = max(map(len, rows))
        ids = torch.tensor([[*row, *[self.END] * (width - len(row))] for row in rows])
        return TokenBatch(ids, torch.arange(width) < torch.tensor([len(row) for row in rows])[:, None])

    def embed(self, ids: Tensor) -> Tensor:
        return self.table[ids]

    def logits(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        Q = self.queries
        words = embeddings.shape[1] - Q
        pointed = torch.nn.functional.pad(embeddings[:, :Q], (0, 0, 0, max(0, words - Q)))[:, :words]
        hidden = torch.cat((embeddings[:, :Q], pointed + 0.1 * embeddings[:, Q:]), dim=1)
        return hidden @ self.table.T

    queries = 12

    def generate(
        self, prefix: Tensor, settings: GenerationSettings, *, prompts: Sequence[str] | None = None
    ) -> list[str]:
        self.prompts = list(prompts or ())
        ids = torch.full((len(prefix), 1), self.LEAD)
        for _ in range(settings.max_new_tokens):
            seen = torch.cat((prefix, self.embed(ids)), dim=1)
            scores = self.logits(seen, torch.ones(seen.shape[:2], dtype=torch.bool))[:, -1]
            ids = torch.cat((ids, scores.argmax(-1, keepdim=True)), dim=1)
        return [self._text(row[1:].tolist()) for row in ids]

    def _text(self, ids: list[int]) -> str:
        ended = ids[: ids.index(self.END)] if self.END in ids else ids
        return " ".join(WORDS[token - self.OFFSET] for token in ended if token >= self.OFFSET)


class PlainNoise(GapModel):
    """Gaussian noise of a standard deviation, at unit norm; 0 draws nothing."""

    def __init__(self, noise_std: float = 0.0) -> None:
        self.noise_std = noise_std

    def text_to_image(self, features: Tensor, generator: torch.Generator) -> Tensor:
        if not self.noise_std:
            return unit(features)
        return unit(features + self.noise_std * torch.randn(features.shape, generator=generator))

    image_to_text = text_to_image


def make_config(training: dict[str, object] | None = None, inference: dict[str, object] | None = None) -> MacCapConfig:
    """Small settings, changed by the two dictionaries."""
    small = {"queries": 12, "heads": 4, "feed_forward": 64, "region_copies": 3, "max_tokens": 12}
    fast = {"dropout": 0.0, "batch_size": 8, "steps": 40, "learning_rate": 3e-3, "warmup_steps": 2, "cosine": "step"}
    return MacCapConfig.model_validate(
        {"training": {**small, **fast, **(training or {})}, "inference": {"regions": 3, **(inference or {})}}
    )


class World:
    """What tests build on; every call gives fresh objects."""

    captions = CAPTIONS
    D, E, P = D, E, P
    unit = staticmethod(unit)
    config = staticmethod(make_config)
    PlainNoise = PlainNoise

    def __init__(self) -> None:
        self.encoder = WordEncoder()
        self.language_model = PointerModel()

    def corpus(self) -> CorpusFeatures:
        return CorpusFeatures(CAPTIONS, self.encoder.encode_texts(CAPTIONS), self.encoder.fingerprint)

    def resources(self, *, training: float = 0.0, inference: float = 0.0) -> CaptionerResources:
        """Resources with noise of two standard deviations."""
        gaps = {"training_gap": PlainNoise(training), "inference_gap": PlainNoise(inference)}
        return CaptionerResources(encoder=self.encoder, language_model=self.language_model, **gaps)

    def captioner(self, config: MacCapConfig, *, training: float = 0.0, inference: float = 0.0) -> MacCap:
        """A loaded captioner."""
        captioner = MacCap(config)
        captioner.load(self.resources(training=training, inference=inference))
        return captioner

    def trained(self, config: MacCapConfig, *, training: float = 0.0, inference: float = 0.0, seed: int = 3) -> MacCap:
        """A captioner after its training."""
        captioner = self.captioner(config, training=training, inference=inference)
        captioner.train(self.corpus(), torch.Generator().manual_seed(seed), progress=lambda done, total: None)
        return captioner

    def images(self, count: int, *, seed: int = 4, of: Tensor | None = None) -> ImageBatch:
        """Images with random patches and attention; the pooled feature is random, or given."""
        g = torch.Generator().manual_seed(seed)
        pooled = unit(torch.randn(count, D, generator=g)) if of is None else of
        patches = unit(torch.randn(count, P, D, generator=g))
        attention = torch.randn(count, 1 + P, 1 + P, generator=g).softmax(-1)
        features = ImageFeatures(pooled, patches, pooled, attention)
        ids = tuple(f"image-{row}" for row in range(count))
        return ImageBatch(ids, features, tuple(torch.Generator().manual_seed(100 + row) for row in range(count)))


def take(batch: ImageBatch, rows: slice) -> ImageBatch:
    """Some images of a batch, with fresh generators."""
    generators = tuple(torch.Generator().manual_seed(g.initial_seed()) for g in batch.generators[rows])
    return ImageBatch(batch.ids[rows], batch.features.select(rows), generators)


@pytest.fixture
def world() -> World:
    """A fresh world."""
    return World()


@pytest.fixture
def select():
    """Some images of a batch, with fresh generators."""
    return take
