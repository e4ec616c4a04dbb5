"""What this distribution registers."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec
from zsbench_baselines.config import CLIPRE_NEEDS

__all__: list[str] = []


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    """One spec a baseline."""
    return [
        CaptionerSpec(
            id="clipre",
            factory="zsbench_baselines.clipre:ClipRe",
            config="zsbench_baselines.config:ClipReConfig",
            needs=CLIPRE_NEEDS,
            summary="the nearest caption of the text corpus, by encoder similarity (MAGIC's retrieval baseline)",
            tags=("baseline", "retrieval", "captions"),
        )
    ]
