"""Fits refuse what they must not see or cannot use, and keep nothing of it."""

from __future__ import annotations

import math

import pytest
import torch

from zsbench.errors import FeatureError
from zsbench_gaps import plugin

FITTED = [
    "text-memory",
    "knn-memory",
    "mean-shift",
    "c3",
    "moment-match",
    "realign",
    "close-linear",
    "close-covariance",
]
BOTH = [id_ for id_ in FITTED if "memory" not in id_]
PAIRED = ["close-linear", "close-covariance"]


def test_the_fitted_models_are_those_whose_tags_say_so():
    """The lists of this file leave nobody out."""
    told = {spec.id for spec in plugin.zsbench_gap_models() if "needs-nothing" not in spec.tags}
    assert told == set(FITTED)


@pytest.mark.parametrize("spec", plugin.zsbench_gap_models(), ids=lambda spec: spec.id)
def test_the_tag_tells_what_the_class_requires(spec, make):
    """Listings and classes agree."""
    assert f"needs-{make(spec.id).requires}".replace("needs-none", "needs-nothing") in spec.tags


@pytest.mark.parametrize("id_", FITTED)
def test_an_unfitted_model_is_refused(id_, make, units, generator):
    """There is nothing to carry features with; text-memory leaves texts alone."""
    direction = "image_to_text" if id_ in {"text-memory", "knn-memory", "mean-shift", "c3"} else "text_to_image"
    with pytest.raises(FeatureError, match="no state"):
        getattr(make(id_), direction)(units(2, 8), generator())


@pytest.mark.parametrize("id_", FITTED)
def test_features_of_another_encoder_are_refused_at_use(id_, fitted, pairs, units, generator):
    """Another width than the fit's."""
    model = fitted(id_, *pairs(8))
    direction = "image_to_text" if "memory" in id_ else "text_to_image"
    with pytest.raises(FeatureError, match=r"9 wide.*8 wide"):
        getattr(model, direction)(units(2, 9), generator())


@pytest.mark.parametrize("id_", ["text-memory", "knn-memory"])
def test_a_fit_on_text_refuses_images(id_, make, pairs):
    """What a fit sees is what tables say it saw."""
    texts, images = pairs(8)
    with pytest.raises(FeatureError, match="requires text data and nothing else"):
        make(id_).fit(texts=texts, images=images)


@pytest.mark.parametrize("id_", BOTH)
@pytest.mark.parametrize("missing", ["texts", "images"])
def test_a_fit_refuses_to_do_without_what_it_requires(id_, missing, make, pairs):
    """Text alone or images alone are no gap."""
    given = dict(zip(("texts", "images"), pairs(8), strict=True)) | {missing: None}
    with pytest.raises(FeatureError, match=f"no {missing[:-1]} features"):
        make(id_).fit(**given)


@pytest.mark.parametrize("id_", PAIRED)
def test_a_fit_on_pairs_wants_as_many_texts_as_images(id_, make, pairs):
    """Row i belongs to row i."""
    texts, images = pairs(8)
    with pytest.raises(FeatureError, match="60 texts and 59 images"):
        make(id_).fit(texts=texts, images=images[:-1])


@pytest.mark.parametrize("id_", FITTED)
@pytest.mark.parametrize("broken", ["empty", "norm", "nan", "infinite", "flat"])
def test_broken_texts_are_refused_and_nothing_is_kept(id_, broken, make, pairs, fitted):
    """Empty, not of unit norm, not finite, not two-dimensional."""
    texts, images = pairs(8)
    last = torch.tensor([math.inf]).expand(1, 8)
    broken_texts = {
        "empty": texts[:0],
        "norm": 2.0 * texts,
        "nan": torch.cat((texts[:-1], math.nan * texts[-1:])),
        "infinite": torch.cat((texts[:-1], last)),
        "flat": texts.flatten(),
    }[broken]
    model = make(id_)
    given = {"texts": broken_texts} | ({"images": images[: len(broken_texts)]} if id_ in BOTH else {})
    with pytest.raises(FeatureError):
        model.fit(**given)
    assert model.state() == {}


@pytest.mark.parametrize("id_", PAIRED)
def test_a_singular_covariance_is_refused_with_a_way_out(id_, fitted, pairs):
    """Fewer pairs than dimensions; a ridge makes it regular."""
    texts, images = pairs(16, 9)
    with pytest.raises(FeatureError, match=r"rank 8, of 16 dimensions.*ridge"):
        fitted(id_, texts, images)
    assert bool(fitted(id_, texts, images, ridge=1e-4).state())


@pytest.mark.parametrize("id_", ["moment-match", "realign"])
def test_texts_that_do_not_vary_are_refused(id_, fitted, pairs):
    """There is nothing to scale by."""
    texts, images = pairs(8)
    with pytest.raises(FeatureError, match=r"standard deviation of 0|one and the same"):
        fitted(id_, texts[:1].repeat(60, 1), images)


@pytest.mark.parametrize("id_", FITTED)
def test_an_incomplete_or_broken_state_is_refused(id_, fitted, make, pairs):
    """A tensor is missing, or holds NaN."""
    state = fitted(id_, *pairs(8)).state()
    name = next(iter(state))
    with pytest.raises(FeatureError, match=name):
        make(id_).load_state({key: tensor for key, tensor in state.items() if key != name})
    with pytest.raises(FeatureError, match="not finite"):
        make(id_).load_state({**state, name: state[name] * math.nan})


def test_a_state_of_two_widths_is_refused(make):
    """Tensors of different fits do not belong together."""
    state = {"text_mean": torch.zeros(8), "image_mean": torch.zeros(9)}
    with pytest.raises(FeatureError, match="one width"):
        make("mean-shift").load_state(state)
