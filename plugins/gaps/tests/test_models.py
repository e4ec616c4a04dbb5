"""The gap models: formulas, units, norms, randomness."""

from __future__ import annotations

import math

import pytest
import torch

from zsbench.errors import FeatureError
from zsbench_gaps.gaussian import GaussianNoise, GaussianNoiseConfig
from zsbench_gaps.mean_shift import MeanShift, MeanShiftConfig
from zsbench_gaps.none import NoGap, NoGapConfig

SHAPES = [(1, 64), (9, 64), (5, 3, 64)]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def units(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(shape, generator=seeded(seed)), dim=-1)


def fitted(step: float = 1.0) -> MeanShift:
    model = MeanShift(MeanShiftConfig(step=step))
    model.fit(texts=units(50, 64, seed=2), images=units(30, 64, seed=3) * 1.0)
    return model


def every_model():
    return [NoGap(NoGapConfig()), GaussianNoise(GaussianNoiseConfig()), fitted()]


@pytest.mark.parametrize("model", every_model(), ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("direction", ["text_to_image", "image_to_text"])
def test_what_comes_out_has_unit_norm_and_the_shape_that_went_in(model, shape, direction):
    """Both directions, single features and sets; the input is not modified."""
    features = units(*shape)
    before = features.clone()
    out = getattr(model, direction)(features, seeded())
    assert out.shape == features.shape
    assert out.dtype == torch.float32
    assert torch.allclose(out.norm(dim=-1), torch.ones(shape[:-1]), atol=1e-5)
    assert torch.equal(before, features)


@pytest.mark.parametrize("model", every_model(), ids=lambda model: type(model).__name__)
def test_results_are_a_function_of_the_generator(model):
    """Equal generators give equal bytes, and torch's global state stands where it stood."""
    features, state = units(6, 4, 64), torch.random.get_rng_state()
    one = model.text_to_image(features, seeded(9))
    assert torch.equal(one, model.text_to_image(features, seeded(9)))
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("model", every_model(), ids=lambda model: type(model).__name__)
def test_inference_takes_features_of_any_norm(model):
    """A fusion of two unit vectors is not of unit norm."""
    out = model.image_to_text(units(5, 3, 64) + units(5, 1, 64, seed=7), seeded())
    assert torch.allclose(out.norm(dim=-1), torch.ones(5, 3), atol=1e-5)


def test_no_gap_model_changes_nothing_but_the_norm():
    """The direction stays."""
    features = units(7, 64)
    assert torch.allclose(NoGap(NoGapConfig()).image_to_text(3.0 * features, seeded()), features, atol=1e-6)


@pytest.mark.parametrize("variance", [0.004, 0.016, 0.25])
def test_the_noise_has_the_stated_variance_in_each_dimension(variance):
    """Read back from directions: at zero signal nothing is known, so a signal of known size is put under the noise.

    x' is (x + n) / |x + n|; for a signal along the first axis, the ratio of another coordinate to the first is
    n_j / (1 + n_1), whose second moment is known to a few percent for a large signal.
    """
    scale = 100.0
    signal = torch.zeros(20_000, 8)
    signal[:, 0] = scale
    out = GaussianNoise(GaussianNoiseConfig(noise_variance=variance)).image_to_text(signal, seeded())
    noise = out[:, 1:] / out[:, :1] * scale
    assert float(noise.var()) == pytest.approx(variance, rel=0.02)
    assert float(noise.mean()) == pytest.approx(0.0, abs=4 * math.sqrt(variance / noise.numel()))
    assert noise.T.corrcoef().fill_diagonal_(0).abs().max() < 0.04


def test_noise_at_the_papers_variance_turns_a_feature_by_the_expected_angle():
    """Mean cosine with the clean feature is near 1 / sqrt(1 + sigma^2 D) at D = 512."""
    features = units(2_000, 512)
    out = GaussianNoise(GaussianNoiseConfig()).text_to_image(features, seeded())
    cosines = (out * features).sum(-1)
    assert float(cosines.mean()) == pytest.approx(1 / math.sqrt(1 + 0.016 * 512), rel=0.02)


def test_every_feature_of_a_set_gets_noise_of_its_own():
    """Copies of one feature differ from each other."""
    copies = units(1, 64).expand(1, 64).repeat(1, 10, 1).reshape(1, 10, 64)
    out = GaussianNoise(GaussianNoiseConfig()).text_to_image(copies, seeded())[0]
    off_diagonal = (out @ out.T).fill_diagonal_(0)
    assert float(off_diagonal.max()) < 0.95


def test_noise_of_variance_zero_is_no_gap_model():
    """Both give the same features, up to rounding."""
    features = units(6, 64)
    silent = GaussianNoise(GaussianNoiseConfig(noise_variance=0.0)).text_to_image(features, seeded())
    assert torch.allclose(silent, features, atol=1e-6)


def test_a_full_step_carries_the_text_mean_onto_the_image_mean():
    """Before renormalisation the shift is the difference of the means; the state holds both in float64."""
    model = fitted()
    state = model.state()
    assert torch.allclose(state["text_mean"], units(50, 64, seed=2).double().mean(0))
    assert torch.allclose(state["image_mean"], units(30, 64, seed=3).double().mean(0))
    text = units(1, 64)
    expected = text + (state["image_mean"] - state["text_mean"]).float()
    assert torch.allclose(model.text_to_image(text, seeded()), expected / expected.norm(), atol=1e-6)


def test_half_a_step_goes_half_the_way_and_images_go_the_other_way():
    """step is the share of the distance; image_to_text subtracts what text_to_image adds."""
    state, model, x = fitted().state(), fitted(step=0.5), units(4, 64)
    half = 0.5 * (state["image_mean"] - state["text_mean"]).float()
    expected = torch.nn.functional.normalize(x - half, dim=-1)
    assert torch.allclose(model.image_to_text(2.0 * x, seeded()), expected, atol=1e-6)


def test_a_fit_in_blocks_is_the_mean_of_all_rows(monkeypatch):
    """Streaming changes nothing but the memory it takes."""
    monkeypatch.setattr("zsbench_gaps.features.BLOCK", 7)
    assert torch.allclose(fitted().state()["text_mean"], units(50, 64, seed=2).double().mean(0), atol=1e-15)


def test_a_restored_fit_gives_the_same_bytes():
    """State goes out and in."""
    model, restored = fitted(), MeanShift(MeanShiftConfig())
    assert restored.state() == {}
    restored.load_state(model.state())
    features = units(5, 64)
    assert torch.equal(model.text_to_image(features, seeded()), restored.text_to_image(features, seeded()))


def test_an_unfitted_shift_is_refused():
    """There is nothing to shift by."""
    with pytest.raises(FeatureError, match="no state"):
        MeanShift(MeanShiftConfig()).text_to_image(units(2, 64), seeded())


@pytest.mark.parametrize(
    ("texts", "images", "message"),
    [
        (None, units(3, 8), "no text features"),
        (units(3, 8), None, "no image features"),
        (units(3, 8), torch.zeros(0, 8), "shape"),
        (units(3, 8), units(3, 9), "9 wide"),
        (2.0 * units(3, 8), units(3, 8), "norm"),
        (units(3, 8), torch.full((3, 8), math.nan), "norm"),
    ],
)
def test_features_that_break_the_contract_are_refused(texts, images, message):
    """Missing, empty, of another width, not unit norm, not finite; nothing is kept of them."""
    model = MeanShift(MeanShiftConfig())
    with pytest.raises(FeatureError, match=message):
        model.fit(texts=texts, images=images)
    assert model.state() == {}


def test_an_incomplete_state_is_refused():
    """Both means are needed."""
    with pytest.raises(FeatureError, match="image_mean"):
        MeanShift(MeanShiftConfig()).load_state({"text_mean": torch.zeros(4)})
