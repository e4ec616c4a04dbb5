"""Candidates of a batch decoded together, and one image and one candidate at a time: read the ratio."""

from __future__ import annotations

import pytest
import torch

from zsbench.config import read_matrix
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import GenerationSettings, MatrixSpec
from zsbench.plan import LanguageModelChoice
from zsbench.plugins import load_plugins
from zsbench.registry import load_object

IMAGES, CANDIDATES, QUERIES = 32, 4, 8


@pytest.fixture(scope="module")
def language_model():
    """The embedded one, on the CPU."""
    registry = load_plugins().registry
    matrix = read_matrix(load_object(registry.get(MatrixSpec, "embedded").factory)(), {})
    model = LanguageModelChoice(matrix.language_model, online=False, hashes=FileHashes(None)).model
    model.load("cpu")
    return model


@pytest.fixture(scope="module")
def prefixes(language_model):
    """Random prefix embeddings, every one different."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(IMAGES * CANDIDATES, QUERIES, language_model.width, generator=generator)


@pytest.mark.benchmark(group="128 candidates of 32 images", min_rounds=3)
def test_decoded_together(benchmark, language_model, prefixes):
    """As `zsbench run` does."""
    texts = benchmark(language_model.generate, prefixes, GenerationSettings())
    assert len(texts) == IMAGES * CANDIDATES


@pytest.mark.benchmark(group="128 candidates of 32 images", min_rounds=1, warmup=False)
def test_decoded_one_by_one(benchmark, language_model, prefixes):
    """As a loop over images and candidates does; without the fixed shape of a pass, so that the loop pays no more."""
    loop = language_model._model
    fixed, loop._rows = loop._rows, 1
    try:
        texts = benchmark.pedantic(
            lambda: [language_model.generate(row[None], GenerationSettings())[0] for row in prefixes], rounds=1
        )
    finally:
        loop._rows = fixed
    assert len(texts) == IMAGES * CANDIDATES
