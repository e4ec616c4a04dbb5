"""MacCap that is shown the reference captions of the image at hand."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from zsbench.interfaces import CaptionerNeeds
from zsbench_maccap.captioner import MacCap
from zsbench_maccap.config import NEEDS

__all__ = ["OracleMacCap"]


class OracleMacCap(MacCap):
    """MacCap but for one need: reference captions, for sub-regions that no captioner could know."""

    needs: ClassVar[CaptionerNeeds] = replace(NEEDS, references=True)
