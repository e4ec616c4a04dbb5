"""Broken: a hook ends the process."""

from __future__ import annotations

import sys

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    sys.exit("no licence")
