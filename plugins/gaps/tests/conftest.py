"""Small worlds of unit vectors, and every gap model fitted on one."""

from __future__ import annotations

import pytest
import torch

from zsbench.interfaces import GapModel
from zsbench.registry import load_object
from zsbench_gaps.plugin import zsbench_gap_models

SPECS = {spec.id: spec for spec in zsbench_gap_models()}
PAIRS = 60


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_units(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(shape, generator=seeded(seed)), dim=-1)


def make_pairs(width: int, count: int = PAIRS) -> tuple[torch.Tensor, torch.Tensor]:
    """Texts, and images that lie near their texts with an offset: a gap."""
    texts = make_units(count, width, seed=2)
    offset = make_units(1, width, seed=3)
    images = torch.nn.functional.normalize(texts + 0.8 * offset + 0.3 * make_units(count, width, seed=4), dim=-1)
    return texts, images


def make_model(id_: str, **settings: object) -> GapModel:
    spec = SPECS[id_]
    return load_object(spec.factory)(load_object(spec.config)(**settings))


def fit_model(id_: str, texts: torch.Tensor, images: torch.Tensor, **settings: object) -> GapModel:
    """A gap model that saw what it requires, and nothing else."""
    model = make_model(id_, **settings)
    seen = {"none": {}, "text": {"texts": texts}, "image": {"images": images}}
    model.fit(**seen.get(model.requires, {"texts": texts, "images": images}))
    return model


@pytest.fixture
def units():
    """Random unit vectors of a shape."""
    return make_units


@pytest.fixture
def generator():
    """A generator from a seed."""
    return seeded


@pytest.fixture
def pairs():
    """Texts and images of a width, one to one."""
    return make_pairs


@pytest.fixture
def make():
    """A gap model by id and settings."""
    return make_model


@pytest.fixture
def fitted():
    """A gap model by id, fitted on texts and images."""
    return fit_model
