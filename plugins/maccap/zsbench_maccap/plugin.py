"""What this distribution registers."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec
from zsbench_maccap.config import NEEDS

__all__: list[str] = []


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    """The reference captioner."""
    return [
        CaptionerSpec(
            id="maccap",
            factory="zsbench_maccap.captioner:MacCap",
            config="zsbench_maccap.config:MacCapConfig",
            needs=NEEDS,
            trainer="zsbench_maccap.trainer:MacCapTrainer",
            summary="text-only training with region noise, sub-regions and re-ranking at inference (AAAI 2024)",
            tags=("reference", "text-only", "captions", "answers"),
        )
    ]
