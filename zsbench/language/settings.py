"""Settings of the causal language model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from zsbench.interfaces.records import Frozen

__all__ = ["CausalConfig"]


class CausalConfig(Frozen):
    """Which causal language model, and how it computes."""

    model: str = Field(min_length=1, description="hub name such as facebook/opt-1.3b, or a folder")
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="precision of the weights"
    )
    max_rows: int = Field(
        default=256, ge=1, description="prefixes decoded at once on an accelerator, each with all its beams"
    )
