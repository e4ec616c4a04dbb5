"""The settings of MacCap; the defaults are the authors'.

Each description names the unit and the source: [paper] the text of arXiv 2401.02347, [code] the authors' public code
and training scripts, which hold most of the numbers, [zsbench] a decision of this implementation where both are
silent. Where paper and code differ, the paper's way is the default. Nothing here imports torch.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from zsbench.interfaces.captioner import CaptionerNeeds
from zsbench.interfaces.gap import GapSetting
from zsbench.interfaces.language import GenerationSettings
from zsbench.interfaces.records import Frozen

__all__ = ["NEEDS", "AnswerSettings", "MacCapConfig", "MacCapInference", "MacCapTraining", "RegionSource"]

NEEDS = CaptionerNeeds(training=True, encoder=True, language_model=True, patches=True, gap_model=True, answers=True)

RegionSource = Literal[
    "attention-top-k",
    "attention-threshold",
    "all-patches",
    "random-k",
    "grid",
    "caption-oracle",
    "global",
]
PAPER_GAP = GapSetting(id="gaussian", settings={"noise_variance": 0.016})
PAPER_DECODING = GenerationSettings(beams=4, max_new_tokens=16)
BLIP2_DECODING = GenerationSettings(beams=5, max_new_tokens=10, min_new_tokens=1, length_penalty=-1.0)


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


class AnswerSettings(Frozen):
    """How questions are put to the language model."""

    prompt: str = Field(
        default="Question: {} Short answer:",
        pattern=r"\{\}",
        description="{} is the question (BLIP-2's convention) [code]",
    )
    decoding: GenerationSettings = Field(
        default=BLIP2_DECODING, description="beam 5, 1 to 10 tokens, length penalty -1 [code]"
    )


class MacCapInference(Frozen):
    """What happens with an image."""

    regions: int = Field(default=10, ge=1, description="K, sub-regions = slots of the adaptor's memory [code]")
    region_source: RegionSource = Field(
        default="attention-top-k",
        description="where the class token attends most [paper], or another source of the table below [zsbench]",
    )
    region_threshold: float = Field(
        default=3.0,
        gt=0.0,
        description="attention-threshold: least attention, in means over the patches [zsbench]",
    )
    region_weight: float = Field(default=1.0, description="w of f = v + w r, the fusion with the global feature [code]")
    allow_class_token: bool = Field(
        default=False, description="whether the class token may be a region: no [paper], yes [code]"
    )
    attention_weights: Literal["row", "softmax-of-row"] = Field(
        default="softmax-of-row",
        description="weights of a region's tokens: its attention row, or that row through a second softmax [code]",
    )
    gap: GapSetting = Field(
        default=PAPER_GAP,
        description="gap model of the fused features; Gaussian [paper], variance 0.016 a dimension [code]",
    )
    candidates: int = Field(
        default=4, ge=1, description="N, captions an image, each from fresh noise [paper]; their number [code]"
    )
    rerank: bool = Field(
        default=True, description="choose by image-text similarity [paper]; the first candidate if off [code's default]"
    )
    rerank_max_characters: int = Field(
        default=80, ge=1, description="characters of a candidate that are compared with the image [code]"
    )
    decoding: GenerationSettings = Field(
        default=PAPER_DECODING, description="beam search: 4 beams, 16 new tokens [code]"
    )
    answering: AnswerSettings = Field(default=AnswerSettings(), description="visual question answering [code]")


class MacCapConfig(Frozen):
    """Training and inference apart."""

    training: MacCapTraining = Field(default=MacCapTraining(), description="adaptor and text-only training")
    inference: MacCapInference = Field(default=MacCapInference(), description="from an image to words")
