"""The hook: what is registered, and that listing it is cheap."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from zsbench.interfaces import GapModel
from zsbench.registry import load_object
from zsbench_gaps import plugin


def test_every_gap_model_is_made_from_its_defaults():
    """Factory and config resolve, and give a gap model that says what its fit requires."""
    made = {spec.id: load_object(spec.factory)(load_object(spec.config)()) for spec in plugin.zsbench_gap_models()}
    assert all(isinstance(model, GapModel) for model in made.values())
    assert {id_: model.requires for id_, model in made.items()} == {
        "none": "none",
        "gaussian": "none",
        "uniform-ball": "none",
        "von-mises-fisher": "none",
        "subregion-noise": "none",
        "text-memory": "text",
        "knn-memory": "text",
        "mean-shift": "unpaired",
        "c3": "unpaired",
        "moment-match": "unpaired",
        "realign": "unpaired",
        "close-linear": "paired",
        "close-covariance": "paired",
    }


def test_a_negative_variance_is_refused():
    """Settings are checked."""
    (spec,) = [spec for spec in plugin.zsbench_gap_models() if spec.id == "gaussian"]
    with pytest.raises(ValidationError):
        load_object(spec.config)(noise_variance=-0.1)


def test_listing_and_checking_settings_import_no_torch():
    """The hook module, the factories' modules and the configs are free of torch."""
    code = (
        "import sys, zsbench_gaps.plugin as p\n"
        "from zsbench.registry import load_object\n"
        "[load_object(spec.config)() for spec in p.zsbench_gap_models()]\n"
        "print('torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
