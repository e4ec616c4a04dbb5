"""Gap models are looked at while a run uses them."""

from __future__ import annotations

import pytest
import torch

from zsbench.errors import FeatureError
from zsbench.registry import Owner
from zsbench.stages.checked_gap import CheckedGapModel
from zsbench_fakes import NoneGap, NoSettings

OWNER = Owner("mine", "zsbench-mine")
GENERATOR = torch.Generator()


def checked(change):
    """A gap model with another output."""
    model = NoneGap(NoSettings())
    model.image_to_text = model.text_to_image = lambda features, generator: change(features)
    return CheckedGapModel(model, "bad", OWNER)


def test_what_keeps_the_contract_goes_through():
    """The very tensor comes back."""
    features = torch.ones(2, 3)
    assert checked(lambda f: f).text_to_image(features, GENERATOR) is features


@pytest.mark.parametrize("change", [lambda f: f[:, :1], lambda f: f.double(), lambda f: f / 0, lambda f: f[None]])
def test_what_breaks_it_is_refused_with_the_plugin(change):
    """Shape, dtype and NaN, in both directions."""
    for direction in ("text_to_image", "image_to_text"):
        with pytest.raises(FeatureError, match=r"'bad' made .*plugin 'mine' \(zsbench-mine\)"):
            getattr(checked(change), direction)(torch.ones(2, 3), GENERATOR)
