"""The shipped matrices: valid, and as complete as they say."""

from __future__ import annotations

from typing import get_args

import pytest

from zsbench.config import read_matrix
from zsbench.interfaces import GapModelSpec
from zsbench.interfaces.language import DecodingPrecision
from zsbench.plugins import load_plugins
from zsbench.registry import load_object
from zsbench_pocket.plugin import zsbench_matrices

SPECS = {spec.id: spec for spec in zsbench_matrices()}


def matrix(id_):
    return read_matrix(load_object(SPECS[id_].factory)(), {})


@pytest.mark.parametrize("id_", SPECS)
def test_a_shipped_matrix_is_valid_and_runs_on_what_is_shipped(id_):
    """Every key is known; the data root is the embedded world, the weights are files beside the matrix."""
    found = matrix(id_)
    assert found.name == id_
    assert found.data_root == "pocket"
    assert found.encoder.settings["model"].startswith("/")


def test_the_matrix_of_gap_models_has_every_one_of_the_first_party_once():
    """Whoever adds a gap model adds a row."""
    registry = load_plugins().registry
    ids = [id_ for id_ in registry.ids(GapModelSpec) if registry.owner(GapModelSpec, id_).plugin == "gaps"]
    listed = [gap.id for gap in matrix("gap-models").gap_models]
    assert sorted(listed) == sorted(ids)
    assert len(listed) >= 10


def test_gap_models_are_fitted_on_images_that_are_not_scored():
    """The validation split, for the test split."""
    found = matrix("gap-models")
    assert found.gap_fit.task not in found.tasks


def test_the_noise_is_swept_over_more_than_two_orders():
    """So that the plot shows both ends."""
    ((key, values),) = matrix("noise-sweep").sweep.items()
    assert key.endswith("noise_variance")
    assert max(values) / min(values) > 100


def test_one_matrix_gives_the_analysis_its_defaults():
    """No more and no fewer."""
    assert [spec.id for spec in SPECS.values() if "gap-analysis" in spec.tags] == ["gap-models"]


def test_the_precisions_of_decoding_are_all_there_on_the_training_of_the_default():
    """So that their rows differ in nothing else, and a finished default run has the training already."""
    ((key, values),) = matrix("decoding-precision").sweep.items()
    assert key == "maccap.inference.decoding.precision"
    assert set(values) == set(get_args(DecodingPrecision))
    assert matrix("decoding-precision").settings == matrix("embedded").settings
