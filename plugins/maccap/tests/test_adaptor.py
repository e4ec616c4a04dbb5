"""The adaptor: shapes, agreement with torch's decoder, explicit randomness."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from zsbench_maccap.adaptor import AdaptorShape, Dropout, build_adaptor

SHAPE = AdaptorShape(joint=16, language=24, queries=5, layers=2, heads=4, feed_forward=32, projection_layers=3)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def initialised(shape: AdaptorShape = SHAPE, seed: int = 0):
    adaptor = build_adaptor(shape)
    adaptor.initialise(seeded(seed))
    return adaptor


@pytest.mark.parametrize("regions", [1, 3, 10])
def test_any_number_of_regions_becomes_q_prefix_embeddings(regions):
    """(B, K, D) -> (B, Q, E) for every K."""
    prefix = initialised()(torch.randn(7, regions, 16, generator=seeded(1)))
    assert prefix.shape == (7, 5, 24)
    assert prefix.isfinite().all()


def test_the_decoder_computes_what_torchs_decoder_computes():
    """The written-out layers equal torch.nn.TransformerDecoder with the same weights."""
    adaptor = initialised()
    layer = torch.nn.TransformerDecoderLayer(16, 4, 32, 0.0, batch_first=True)
    theirs = torch.nn.TransformerDecoder(layer, 2, torch.nn.LayerNorm(16))
    theirs.load_state_dict(adaptor.decoder.state_dict())
    x, memory = torch.randn(3, 5, 16, generator=seeded(1)), torch.randn(3, 7, 16, generator=seeded(2))
    mine = adaptor.decoder(x, memory, lambda activations: activations)
    torch.testing.assert_close(mine, theirs(x, memory), rtol=1e-5, atol=1e-5)


def test_the_order_of_the_regions_does_not_matter():
    """The memory is a set: no positional encoding."""
    adaptor, memory = initialised(), torch.randn(4, 6, 16, generator=seeded(1))
    torch.testing.assert_close(adaptor(memory), adaptor(memory.flip(1)), rtol=1e-4, atol=1e-5)


def test_the_projection_has_the_depth_that_is_asked_for():
    """D -> ... -> D -> E, three linear layers by default, one if asked."""
    widths = [(linear.in_features, linear.out_features) for linear in initialised().projection]
    assert widths == [(16, 16), (16, 16), (16, 24)]
    assert len(initialised(dataclasses.replace(SHAPE, projection_layers=1)).projection) == 1


def test_initialisation_sets_every_parameter_from_the_seed():
    """Equal seeds give equal bytes, other seeds do not, and no parameter keeps what was in memory."""
    one, two = build_adaptor(SHAPE), build_adaptor(SHAPE)
    for parameter in one.parameters():
        torch.nn.init.constant_(parameter, float("nan"))
    one.initialise(seeded(5))
    two.initialise(seeded(5))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert not torch.equal(one.queries, initialised(seed=6).queries)


def test_dropout_drops_the_stated_share_and_keeps_the_mean():
    """About a tenth of the activations is zero, the others are scaled up."""
    dropped = Dropout(0.1, seeded())(torch.ones(1000, 100))
    assert float((dropped == 0).float().mean()) == pytest.approx(0.1, abs=0.005)
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.005)


def test_dropout_masks_come_from_the_generator_alone():
    """Equal generators give equal masks, one generator gives a new mask each time."""
    x, drop = torch.ones(50, 7), Dropout(0.5, seeded(1))
    first = drop(x)
    assert torch.equal(first, Dropout(0.5, seeded(1))(x))
    assert not torch.equal(first, drop(x))


def test_neither_building_nor_initialising_touches_global_random_state():
    """torch's own generator stands where it stood."""
    before = torch.random.get_rng_state()
    initialised()(torch.zeros(4, 3, 16), Dropout(0.5, seeded()))
    assert torch.equal(before, torch.random.get_rng_state())
