"""What this distribution registers: every idea of the package, as a change of ``maccap``."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec
from zsbench_ablations import global_only, no_noise, no_rerank

__all__: list[str] = []

IDEAS = (global_only, no_noise, no_rerank)


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    """One spec an idea."""
    return [
        CaptionerSpec(id=idea.ID, base="maccap", changes=idea.CHANGES, summary=idea.SUMMARY, tags=("ablation",))
        for idea in IDEAS
    ]
