"""The settings of MacCap's training; see ``zsbench_maccap.config`` for what [paper], [code] and [zsbench] mean.

They stand apart because the trainer's code decides whether a training is made again: an edit of what happens with an
image does not retrain. Nothing here imports torch.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from zsbench.interfaces.gap import GapSetting
from zsbench.interfaces.records import Frozen

__all__ = ["PAPER_GAP", "MacCapTraining"]

PAPER_GAP = GapSetting(id="gaussian", settings={"noise_variance": 0.016})


class MacCapTraining(Frozen):
    """The adaptor and its training on text; captioners with equal records share one training."""

    queries: int = Field(default=32, ge=1, description="Q, learned queries = prefix embeddings of the LM [code]")
    layers: int = Field(default=1, ge=1, description="transformer decoder layers of the adaptor [code]")
    heads: int = Field(default=8, ge=1, description="attention heads a layer; divides the joint width D [code]")
    feed_forward: int = Field(default=2048, ge=1, description="hidden width of a layer's feed-forward block [code]")
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0, description="share of activations dropped in training [code]")
    projection_layers: int = Field(default=3, ge=1, description="linear layers of the MLP from D to the LM's E [code]")
    region_copies: int = Field(default=10, ge=1, description="K, noisy copies of a text feature, one a slot [code]")
    gap: GapSetting = Field(
        default=PAPER_GAP, description="gap model of the copies; Gaussian [paper], variance 0.016 a dimension [code]"
    )
    max_tokens: int = Field(default=25, ge=3, description="tokens of a caption at most, special tokens included [code]")
    batch_size: int = Field(default=32, ge=1, description="captions a step; 16 on each of 2 GPUs [code]")
    epochs: int = Field(default=8, ge=1, description="passes over the corpus; 8 on COCO text, 4 on CC3M text [code]")
    steps: int | None = Field(default=None, ge=1, description="optimiser steps; overrides epochs if given [zsbench]")
    learning_rate: float = Field(default=1e-4, gt=0.0, description="peak learning rate of AdamW [code]")
    weight_decay: float = Field(
        default=0.01, ge=0.0, description="AdamW's decoupled decay; the optimiser's default [code]"
    )
    warmup_steps: int = Field(default=200, ge=0, description="steps of the linear warm-up [code]")
    warmup_start: float = Field(default=0.01, ge=0.0, le=1.0, description="share of the peak rate at step 0 [code]")
    cosine: Literal["epoch", "step"] = Field(
        default="epoch", description="when the cosine decay moves: once an epoch [code] or every step [zsbench]"
    )
    gradient_clip: float = Field(default=1.0, gt=0.0, description="largest norm of the gradient [code]")
    accumulate: int = Field(
        default=1, ge=1, description="parts a batch is computed in, their gradients summed: less memory [zsbench]"
    )
    processes: int = Field(
        default=1, ge=1, description="processes that share each batch, on CUDA with a GPU each; by accelerate [zsbench]"
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32",
        description="arithmetic of a step; the others autocast over float32 weights, float16 on CUDA alone [zsbench]",
    )
