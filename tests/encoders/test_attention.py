"""Attention of plain blocks is what torch's own module computes, and its weights come with it."""

from __future__ import annotations

import pytest
import torch
from open_clip.transformer import CustomResidualAttentionBlock, ResidualAttentionBlock, TextTransformer

from zsbench.encoders.attention import PlainAttention, has_plain_attention, quicken_blocks

B, T, W, HEADS = 3, 7, 32, 4


@pytest.fixture
def block() -> ResidualAttentionBlock:
    """A block with random weights, its biases not zero."""
    with torch.random.fork_rng(devices=[]):
        block = ResidualAttentionBlock(W, HEADS).eval().requires_grad_(False)
        for parameter in block.parameters():
            parameter.normal_(std=0.3)
    return block


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(B, T, W, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize("masked", [None, "causal", "a mask a head"])
def test_it_is_what_the_module_computes(block, x, masked, keeps):
    """Without and with a mask, with and without keeping the weights."""
    mask = None if masked is None else torch.full((T, T), float("-inf")).triu(1)
    if masked == "a mask a head":
        mask = mask.expand(B * HEADS, T, T) * torch.arange(1, B * HEADS + 1)[:, None, None].clamp(max=2)
        mask = mask.nan_to_num(nan=0.0, neginf=-3.0)
    expected, weights = block.attn(x, x, x, attn_mask=mask)
    attention = PlainAttention(block.attn)
    attention.keeps_weights = keeps
    assert torch.allclose(attention(x, attn_mask=mask), expected, atol=1e-5)
    if keeps:
        assert torch.allclose(attention.take_weights(), weights, atol=1e-6)


def test_weights_are_kept_until_they_are_taken(block, x):
    """No second owner keeps them in memory."""
    attention = PlainAttention(block.attn)
    attention.keeps_weights = True
    attention(x)
    assert torch.allclose(attention.take_weights().sum(-1), torch.ones(B, T), atol=1e-5)
    with pytest.raises(AssertionError):
        attention.take_weights()


def test_quick_blocks_keep_their_weights_and_their_output(block, x):
    """The state of the module stays as it is, and so does what it computes."""
    names, expected = list(block.state_dict()), block(x)
    quicken_blocks(block)
    assert list(block.state_dict()) == names
    assert isinstance(block.attention, PlainAttention)
    assert torch.allclose(block(x), expected, atol=1e-4)


def test_a_text_tower_with_a_mask_a_head_is_unchanged():
    """CoCa's tower masks each row's padding for its class token."""
    with torch.random.fork_rng(devices=[]):
        tower = TextTransformer(context_length=9, vocab_size=11, width=W, heads=HEADS, layers=2, embed_cls=True)
    tower = tower.eval().requires_grad_(False)
    ids = torch.tensor([[5, 6, 7, 0, 0, 0, 0, 0, 0], [3, 4, 5, 6, 7, 8, 9, 0, 0]])
    expected = tower(ids)
    quicken_blocks(tower)
    assert torch.allclose(tower(ids), expected, atol=1e-5)


def test_other_blocks_are_left_alone(x):
    """A block with an attention of its own computes as it did."""
    other = CustomResidualAttentionBlock(W, HEADS)
    assert not has_plain_attention(other)
    quicken_blocks(other)
    assert "attention" not in other.__dict__
