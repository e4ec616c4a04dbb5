"""Base and ablations side by side on one tiny world."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from zsbench.interfaces import (
    Caption,
    CaptionerResources,
    CorpusFeatures,
    Encoder,
    GapModel,
    GapSetting,
    GenerationSettings,
    ImageBatch,
    ImageFeatures,
    LanguageModel,
    TokenBatch,
)
from zsbench.registry import Owner, Registry, load_object
from zsbench_ablations import plugin as ablations
from zsbench_gaps import plugin as gaps
from zsbench_maccap import plugin as maccap
from zsbench_maccap.config import MacCapConfig

D, E, P, V, IMAGES = 16, 12, 9, 11, 12
FAST = {"learning_rate": 1e-2, "warmup_steps": 5, "cosine": "step"}
SMALL = {
    "training": {
        "queries": 6,
        "heads": 4,
        "feed_forward": 32,
        "region_copies": 4,
        "batch_size": 5,
        "steps": 80,
        **FAST,
    },
    "inference": {"regions": 4, "decoding": {"beams": 1, "max_new_tokens": 5}},
}


def unit(x: Tensor) -> Tensor:
    return torch.nn.functional.normalize(x, dim=-1)


class NumberEncoder(Encoder):
    """A text of number words is the mean of their vectors."""

    fingerprint = "number-encoder"
    dim = D
    has_patches = True

    def __init__(self) -> None:
        self.table = torch.randn(V, D, generator=torch.Generator().manual_seed(1))
        self.asked = 0

    def load(self, device: str = "cpu") -> None:
        """Nothing to load."""

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        self.asked += 1
        return torch.stack([unit(self.table[[int(word) for word in text.split()] or [0]].sum(0)) for text in texts])

    def encode_images(self, images: Sequence[object]) -> ImageFeatures:
        raise NotImplementedError


class NumberModel(LanguageModel):
    """Reads token t off prefix embedding t; the tokens are numbers."""

    fingerprint = "number-model"
    width = E

    def __init__(self) -> None:
        self.table = torch.randn(V, E, generator=torch.Generator().manual_seed(2))

    def load(self, device: str = "cpu") -> None:
        """Nothing to load."""

    def tokenize(self, texts: Sequence[str], *, max_tokens: int, add_end: bool = True) -> TokenBatch:
        ids = torch.tensor([[0, *map(int, text.split())] for text in texts])
        return TokenBatch(ids, torch.ones_like(ids, dtype=torch.bool))

    def embed(self, ids: Tensor) -> Tensor:
        return self.table[ids]

    def logits(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        words = embeddings.shape[1] - 6
        return torch.cat((embeddings[:, :6], embeddings[:, :words] + 0.1 * embeddings[:, 6:]), dim=1) @ self.table.T

    def generate(
        self, prefix: Tensor, settings: GenerationSettings, *, prompts: Sequence[str] | None = None
    ) -> list[str]:
        best = (prefix @ self.table.T).argmax(-1)
        return [" ".join(map(str, row)) for row in best[:, : settings.max_new_tokens].tolist()]


class Bench:
    """Resolves captioners as the core does, and runs them on the same images."""

    def __init__(self) -> None:
        self.registry = Registry()
        for spec in (*maccap.zsbench_captioners(), *ablations.zsbench_captioners(), *gaps.zsbench_gap_models()):
            self.registry.add(spec, Owner("test"))
        self.encoder = NumberEncoder()

    def config(self, id_: str, settings: dict[str, object] | None = None) -> MacCapConfig:
        """The config of a captioner; the settings are given to the base, `maccap`."""
        resolved = self.registry.resolve_captioner(id_, {"maccap": SMALL if settings is None else settings})
        assert isinstance(resolved.config, MacCapConfig)
        return resolved.config

    def captions(self, id_: str) -> list[Caption]:
        """Train a captioner and caption the images."""
        config = self.config(id_)
        captioner = load_object(self.registry.resolve_captioner(id_, {}).factory)(config)
        gap, after = self._gap(config.training.gap), self._gap(config.inference.gap)
        resources = {"encoder": self.encoder, "language_model": NumberModel()}
        captioner.load(CaptionerResources(**resources, training_gap=gap, inference_gap=after))
        texts = ["1 2 3", "4 5 6", "7 8 9", "2 4 6", "9 1 5"]
        corpus = CorpusFeatures(texts, self.encoder.encode_texts(texts), self.encoder.fingerprint)
        captioner.train(corpus, torch.Generator().manual_seed(3), progress=lambda done, total: None)
        self.encoder.asked = 0
        return captioner.caption(self._images())

    def _gap(self, setting: GapSetting) -> GapModel:
        from zsbench.interfaces import GapModelSpec

        spec = self.registry.get(GapModelSpec, setting.id)
        return load_object(spec.factory)(load_object(spec.config)(**setting.settings))

    def _images(self) -> ImageBatch:
        g = torch.Generator().manual_seed(4)
        pooled, patches = unit(torch.randn(IMAGES, D, generator=g)), unit(torch.randn(IMAGES, P, D, generator=g))
        attention = torch.randn(IMAGES, 1 + P, 1 + P, generator=g).softmax(-1)
        generators = tuple(torch.Generator().manual_seed(50 + row) for row in range(IMAGES))
        ids = tuple(map(str, range(IMAGES)))
        references = tuple(unit(torch.randn(3, D, generator=g)) for _ in range(IMAGES))
        features = ImageFeatures(pooled, patches, pooled, attention)
        return ImageBatch(ids, features, generators, references=references)


@pytest.fixture
def bench() -> Bench:
    """A fresh bench."""
    return Bench()
