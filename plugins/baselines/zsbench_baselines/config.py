"""The settings of the baselines; nothing here imports torch."""

from __future__ import annotations

from pydantic import Field

from zsbench.interfaces.captioner import CaptionerNeeds
from zsbench.interfaces.records import Frozen

__all__ = ["CLIPRE_NEEDS", "ClipReConfig", "ClipReInference"]

CLIPRE_NEEDS = CaptionerNeeds(memory=True)
"""It reads the text corpus; told by its spec too, so that a plan need not import its class."""


class ClipReInference(Frozen):
    """What happens with an image."""

    candidates: int = Field(default=1, ge=1, description="nearest captions that are listed; the nearest is chosen")


class ClipReConfig(Frozen):
    """There is nothing to train."""

    inference: ClipReInference = Field(default=ClipReInference(), description="from an image to words")
