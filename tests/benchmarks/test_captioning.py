"""Candidates of a batch decoded together, and one image and one candidate at a time."""

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


@pytest.mark.ratio(
    what="candidates of a batch decoded together",
    against="one image and one candidate at a time, without the fixed shape of a pass",
    size="32 images, 4 candidates, 8 prefix embeddings, the embedded language model",
)
def test_decoded_together(side_by_side, language_model, prefixes):
    """As `zsbench run` does, and as a loop over images and candidates does."""

    def loop():
        model = language_model._model
        fixed, model._rows = model._rows, 1
        try:
            return [language_model.generate(row[None], GenerationSettings())[0] for row in prefixes]
        finally:
            model._rows = fixed

    together, one_by_one = side_by_side(lambda: language_model.generate(prefixes, GenerationSettings()), loop, rounds=1)
    assert len(together) == len(one_by_one) == IMAGES * CANDIDATES
