"""Settings of the open_clip encoder."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from zsbench.interfaces.records import Frozen

__all__ = ["OpenClipConfig"]


class OpenClipConfig(Frozen):
    """Which open_clip model, and how it computes."""

    model: str = Field(
        min_length=1,
        description="an open_clip architecture such as ViT-B-32, `hf-hub:owner/name`, or a folder that holds "
        "open_clip_config.json, open_clip_model.safetensors and, where the model has its own, tokenizer files",
    )
    pretrained: str | None = Field(
        default=None,
        description="pretrained tag of the architecture, such as openai, or the path of a safetensors file; "
        "None where `model` names weights itself",
    )
    precision: Literal["float32", "bfloat16"] = Field(default="float32", description="precision of the weights")
    batch_size: int = Field(default=64, ge=1, description="images or texts computed at once on an accelerator")
