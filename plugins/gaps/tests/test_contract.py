"""Every gap model keeps the contract, whatever features come in."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from zsbench_gaps import plugin

IDS = [spec.id for spec in plugin.zsbench_gap_models()]
FREE_NORM = {"c3"}
DIRECTIONS = ["text_to_image", "image_to_text"]
WIDTHS = st.integers(3, 24)
SHAPES = st.one_of(st.tuples(st.integers(1, 9)), st.tuples(st.integers(1, 5), st.integers(1, 4)))
properties = settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@pytest.mark.parametrize("id_", IDS)
@properties
@given(width=WIDTHS, shape=SHAPES, seed=st.integers(0, 2**32))
def test_shape_dtype_and_norm_are_kept_and_the_input_is_not_touched(
    id_, width, shape, seed, fitted, pairs, units, generator
):
    """Both directions, single features and sets; what comes out is finite and of unit norm where the docstring says."""
    model, features = fitted(id_, *pairs(width)), units(*shape, width, seed=seed)
    before = features.clone()
    for direction in DIRECTIONS:
        out = getattr(model, direction)(features, generator(seed))
        assert out.shape == features.shape
        assert out.dtype == torch.float32
        assert bool(out.isfinite().all())
        if id_ not in FREE_NORM:
            assert torch.allclose(out.norm(dim=-1), torch.ones(shape), atol=1e-5)
    assert torch.equal(before, features)


@pytest.mark.parametrize("id_", IDS)
@properties
@given(width=WIDTHS, shape=SHAPES, seed=st.integers(0, 2**32))
def test_results_are_a_function_of_the_generator(id_, width, shape, seed, fitted, pairs, units, generator):
    """Equal generators give equal bytes, and torch's global state stands where it stood."""
    model, features, state = fitted(id_, *pairs(width)), units(*shape, width, seed=seed), torch.random.get_rng_state()
    for direction in DIRECTIONS:
        one, other = (getattr(model, direction)(features, generator(seed)) for _ in range(2))
        assert torch.equal(one, other)
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("id_", [spec.id for spec in plugin.zsbench_gap_models() if "stochastic" in spec.tags])
def test_models_that_are_tagged_stochastic_draw_and_others_do_not(id_, fitted, pairs, units, generator):
    """Another seed gives another text side."""
    model, features = fitted(id_, *pairs(16)), units(4, 16)
    assert not torch.equal(model.text_to_image(features, generator(1)), model.text_to_image(features, generator(2)))


@pytest.mark.parametrize("id_", [spec.id for spec in plugin.zsbench_gap_models() if "stochastic" not in spec.tags])
def test_models_without_the_tag_leave_the_generator_alone(id_, fitted, pairs, units, generator):
    """Nothing is drawn in either direction."""
    model, features, given_ = fitted(id_, *pairs(16)), units(4, 16), generator(1)
    before = given_.get_state()
    model.text_to_image(features, given_)
    model.image_to_text(features, given_)
    assert torch.equal(before, given_.get_state())


@pytest.mark.parametrize("id_", IDS)
@properties
@given(width=WIDTHS, scale=st.floats(0.2, 5.0))
def test_inference_takes_features_of_any_norm(id_, width, scale, fitted, pairs, units, generator):
    """A fusion of several unit vectors is not of unit norm; what comes out is finite."""
    fused = scale * (units(3, 4, width) + units(3, 1, width, seed=7))
    out = fitted(id_, *pairs(width)).image_to_text(fused, generator())
    assert out.shape == fused.shape
    assert bool(out.isfinite().all())


@pytest.mark.parametrize("id_", IDS)
@properties
@given(width=WIDTHS, seed=st.integers(0, 2**32))
def test_a_saved_and_restored_fit_gives_the_same_bytes(id_, width, seed, fitted, pairs, make, units, generator):
    """State goes to safetensors and back."""
    model, restored, features = fitted(id_, *pairs(width)), make(id_), units(5, width, seed=seed)
    restored.load_state(load(save({name: tensor.contiguous() for name, tensor in model.state().items()})))
    for direction in DIRECTIONS:
        expected = getattr(model, direction)(features, generator(seed))
        assert torch.equal(expected, getattr(restored, direction)(features, generator(seed)))


@pytest.mark.parametrize("id_", IDS)
@properties
@given(width=st.integers(3, 16), block=st.integers(1, 70))
def test_a_fit_does_not_depend_on_the_blocks_it_is_read_in(id_, width, block, fitted, pairs):
    """Streaming changes nothing but the memory it takes."""
    whole = fitted(id_, *pairs(width)).state()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zsbench_gaps.features.BLOCK", block)
        parts = fitted(id_, *pairs(width)).state()
    assert whole.keys() == parts.keys()
    for name, tensor in whole.items():
        assert torch.allclose(tensor, parts[name], rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("id_", [spec.id for spec in plugin.zsbench_gap_models() if "stochastic" not in spec.tags])
@properties
@given(cut=st.integers(1, 11))
def test_features_carried_in_two_parts_are_those_carried_at_once(id_, cut, fitted, pairs, units, generator):
    """Without randomness a feature's result is its own, up to rounding of another shape's kernels."""
    model, features = fitted(id_, *pairs(16)), units(12, 16)
    for direction in DIRECTIONS:
        carry = getattr(model, direction)
        parts = torch.cat([carry(features[:cut], generator()), carry(features[cut:], generator())])
        assert torch.allclose(parts, carry(features, generator()), atol=1e-6)
