"""Each formula against a plain float64 reference, with the very draws of an equal generator."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

WIDTH, ROWS = 12, 6


def normalised(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def draws(generator, *shape):
    """What ``normal_`` of an equal generator gives, as float64."""
    return torch.empty(shape).normal_(generator=generator).double().numpy()


@pytest.fixture
def data(pairs):
    """Texts and images of the fit, as tensors and as float64 arrays."""
    texts, images = pairs(WIDTH)
    return texts, images, texts.double().numpy(), images.double().numpy()


@pytest.fixture
def x(units):
    """Features to carry."""
    return units(ROWS, WIDTH, seed=9)


def check(out, expected):
    assert np.allclose(out.double().numpy(), expected, atol=2e-6)


def test_uniform_ball_moves_by_a_share_of_the_radius(make, x, generator):
    """x + r u^(1/D) n / |n|."""
    out = make("uniform-ball", radius=0.5).text_to_image(x, generator(4))
    stream = generator(4)
    n = draws(stream, ROWS, WIDTH)
    u = torch.empty(ROWS, 1).uniform_(generator=stream).double().numpy()
    check(out, normalised(x.double().numpy() + 0.5 * u ** (1 / WIDTH) * normalised(n)))


def test_uniform_ball_fills_the_ball_evenly(make, generator):
    """The D-th power of the distance, as a share of the radius, is uniform: mean 1/2, variance 1/12."""
    scale, width = 1000.0, 5
    signal = torch.zeros(20_000, width, dtype=torch.float64)
    signal[:, 0] = scale
    moved = make("uniform-ball", radius=2.0).image_to_text(signal, generator())
    move = moved / moved[:, :1] * scale - signal  # orthogonal part; the part along the signal is lost in the direction
    squared = float((move[:, 1:].square()).sum(-1).mean())
    assert squared == pytest.approx(4.0 * (width / (width + 2)) * (width - 1) / width, rel=0.02)


@pytest.mark.parametrize(("kappa", "width"), [(5.0, 3), (40.0, 16), (190.0, 512)])
def test_von_mises_fisher_has_the_mean_cosine_of_its_density(make, units, generator, kappa, width):
    """E w by numerical integration of exp(kappa w) (1 - w^2)^((D-3)/2) over [-1, 1]."""
    features = units(1, width).expand(20_000, -1)
    cosines = (make("von-mises-fisher", kappa=kappa).text_to_image(features, generator()) * features).sum(-1)
    w = np.linspace(-1, 1, 400_001)[1:-1]
    log = kappa * w + (width - 3) / 2 * np.log1p(-(w**2))
    p = np.exp(log - log.max())
    mean = (p * w).sum() / p.sum()
    deviation = math.sqrt((p * w**2).sum() / p.sum() - mean**2)
    assert float(cosines.mean()) == pytest.approx(mean, abs=5 * deviation / math.sqrt(20_000))
    assert float(cosines.std()) == pytest.approx(deviation, rel=0.05)


def test_von_mises_fisher_turns_in_no_preferred_direction(make, units, generator):
    """The part orthogonal to the mean direction has no mean, and the same variance in each dimension."""
    mu = torch.zeros(20_000, 6)
    mu[:, 0] = 1.0
    side = make("von-mises-fisher", kappa=4.0).text_to_image(mu, generator())[:, 1:]
    assert float(side.mean(0).abs().max()) < 0.02
    assert float(side.var(0).max() / side.var(0).min()) < 1.06


def test_the_default_kappa_turns_as_far_as_the_papers_variance(make, units, generator):
    """At D = 512, as the description of the setting says."""
    features = units(1, 512).expand(4_000, -1)
    kappa = (make("von-mises-fisher").text_to_image(features, generator()) * features).sum(-1).mean()
    assert float(kappa) == pytest.approx(1 / math.sqrt(1 + 0.016 * 512), abs=0.01)


def test_subregion_noise_has_an_amount_for_each_side(make, x, generator):
    """Variances of training and inference are settings apart."""
    model = make("subregion-noise", noise_variance=0.04, inference_noise_variance=0.0)
    n = draws(generator(4), ROWS, WIDTH)
    check(model.text_to_image(x, generator(4)), normalised(x.double().numpy() + 0.2 * n))
    check(model.image_to_text(3.0 * x, generator(4)), x.double().numpy())


def test_subregion_noise_of_equal_variances_is_gaussian_noise(make, x, generator):
    """As its docstring says, byte for byte."""
    both, gaussian = make("subregion-noise"), make("gaussian")
    assert torch.equal(both.image_to_text(x, generator(1)), gaussian.image_to_text(x, generator(1)))


def test_close_linear_is_least_squares_with_an_offset(fitted, data, x, generator):
    """As numpy solves it; then normalise, noise, normalise."""
    texts, images, t, v = data
    solution = np.linalg.lstsq(np.hstack([t, np.ones((len(t), 1))]), v, rcond=None)[0]
    mapped = normalised(x.double().numpy() @ solution[:-1] + solution[-1])
    out = fitted("close-linear", texts, images, noise_std=0.1).text_to_image(x, generator(4))
    check(out, normalised(mapped + 0.1 * draws(generator(4), ROWS, WIDTH)))


def test_close_covariance_draws_with_the_covariance_of_the_differences(fitted, data, x, generator):
    """t + d + 3 L n + s m, where L L^T is the covariance of v - t."""
    texts, images, t, v = data
    L = np.linalg.cholesky(np.cov((v - t).T, bias=True))
    out = fitted("close-covariance", texts, images, noise_std=0.1).text_to_image(x, generator(4))
    stream = generator(4)
    structured, plain = draws(stream, ROWS, WIDTH), draws(stream, ROWS, WIDTH)
    expected = x.double().numpy() + (v - t).mean(0) + 3.0 * structured @ L.T + 0.1 * plain
    check(out, normalised(expected))


@pytest.mark.parametrize("renormalise", [False, True])
def test_c3_takes_the_means_off_and_corrupts_texts(fitted, data, x, generator, renormalise):
    """t - mean(t) + s n; v - mean(v), without noise."""
    texts, images, t, v = data
    model = fitted("c3", texts, images, noise_std=0.1, renormalise=renormalise)
    finish = normalised if renormalise else lambda y: y
    n = draws(generator(4), ROWS, WIDTH)
    check(model.text_to_image(x, generator(4)), finish(x.double().numpy() - t.mean(0) + 0.1 * n))
    check(model.image_to_text(2.0 * x, generator(4)), finish(x.double().numpy() - v.mean(0)))


def test_moment_match_gives_texts_the_images_mean_and_deviation(fitted, data, x, generator):
    """(t - mu_t) sd_v / sd_t + mu_v + n."""
    texts, images, t, v = data
    out = fitted("moment-match", texts, images, noise_variance=0.01).text_to_image(x, generator(4))
    matched = (x.double().numpy() - t.mean(0)) * v.std(0) / t.std(0) + v.mean(0)
    check(out, normalised(matched + 0.1 * draws(generator(4), ROWS, WIDTH)))


def test_realign_is_anchor_trace_and_centroid(fitted, data, x, generator):
    """The three steps, written out."""
    texts, images, t, v = data
    scale = np.sqrt(((v - v.mean(0)) ** 2).sum(1).mean() / ((t - t.mean(0)) ** 2).sum(1).mean())

    def aligned(y):
        return normalised(v.mean(0) + scale * (y - t.mean(0)))

    out = fitted("realign", texts, images).text_to_image(x, generator())
    check(out, normalised(aligned(x.double().numpy()) - aligned(t).mean(0) + v.mean(0)))


def test_text_memory_is_the_softmax_mixture(fitted, data, x, generator):
    """softmax(v M^T / tau) M in float64; texts stay as they are."""
    texts, images, t, _ = data
    model = fitted("text-memory", texts, images, temperature=0.1)
    weights = np.exp(x.double().numpy() @ t.T / 0.1)
    mixture = (weights / weights.sum(1, keepdims=True)) @ t
    check(model.image_to_text(4.0 * x, generator()), normalised(mixture))
    check(model.text_to_image(x, generator()), x.double().numpy())


def test_knn_memory_is_the_mean_of_the_nearest_texts(fitted, data, x, generator):
    """Images retrieve as they are."""
    texts, images, t, _ = data
    nearest = np.argsort(-(x.double().numpy() @ t.T), axis=1)[:, :3]
    out = fitted("knn-memory", texts, images, neighbours=3).image_to_text(x, generator())
    check(out, normalised(t[nearest].mean(1)))


def test_a_text_does_not_retrieve_itself_nor_its_duplicates(fitted, data, generator):
    """Without noise on the query, the nearest text would be the text."""
    texts, images, t, _ = data
    doubled = torch.cat((texts, texts[:1]))
    model = fitted("knn-memory", doubled, torch.cat((images, images[:1])), neighbours=1, query_noise_variance=0.0)
    cosines = t @ t.T
    np.fill_diagonal(cosines, -1.0)
    check(model.text_to_image(texts, generator()), t[cosines.argmax(1)])
    assert torch.allclose(model.image_to_text(texts, generator()), texts, atol=1e-6)  # an image may find it


def test_noise_on_the_query_finds_other_neighbours_for_each_copy(fitted, pairs, generator):
    """K copies of one text become a set."""
    texts, images = pairs(WIDTH)
    copies = texts[:1, None].repeat(1, 8, 1)
    out = fitted("knn-memory", texts, images, neighbours=2).text_to_image(copies, generator(1))[0]
    assert len({tuple(row) for row in out.tolist()}) > 1
