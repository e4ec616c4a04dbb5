"""What this distribution registers: every idea of the package, as a change of ``maccap``."""

from __future__ import annotations

from dataclasses import replace

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec
from zsbench_ablations import (
    all_patches,
    attention_row,
    class_token,
    global_only,
    grid_regions,
    no_noise,
    no_rerank,
    oracle_regions,
    random_regions,
    threshold_regions,
)
from zsbench_maccap.config import NEEDS

__all__: list[str] = []

IDEAS = (
    global_only,
    no_noise,
    no_rerank,
    threshold_regions,
    all_patches,
    random_regions,
    grid_regions,
    class_token,
    attention_row,
)
"""What changes settings alone."""


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    """One spec an idea; the oracle has a class of its own, which needs references."""
    specs = [
        CaptionerSpec(id=idea.ID, base="maccap", changes=idea.CHANGES, summary=idea.SUMMARY, tags=("ablation",))
        for idea in IDEAS
    ]
    oracle = CaptionerSpec(
        id=oracle_regions.ID,
        factory=oracle_regions.FACTORY,
        base="maccap",
        changes=oracle_regions.CHANGES,
        summary=oracle_regions.SUMMARY,
        tags=("ablation", "upper-bound"),
        needs=replace(NEEDS, references=True),
    )
    return [*specs, oracle]
