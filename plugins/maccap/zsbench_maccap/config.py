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
from zsbench_maccap.training_config import PAPER_GAP, MacCapTraining

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
PAPER_DECODING = GenerationSettings(beams=4, max_new_tokens=16)
BLIP2_DECODING = GenerationSettings(beams=5, max_new_tokens=10, min_new_tokens=1, length_penalty=-1.0)


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
