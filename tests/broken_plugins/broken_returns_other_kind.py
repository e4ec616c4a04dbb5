"""Broken: the captioner hook returns a gap model's spec."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import GapModelSpec


@hookimpl
def zsbench_captioners() -> list[GapModelSpec]:
    return [GapModelSpec(id="in-the-wrong-place", factory="good_gap:IdentityGap")]
