"""Broken: a hook is a generator that gives one spec and then raises."""

from __future__ import annotations

from collections.abc import Iterator

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec


@hookimpl
def zsbench_captioners() -> Iterator[CaptionerSpec]:
    yield CaptionerSpec(id="first-of-two", factory="good_captioner:ConstantCaptioner")
    raise KeyError("second-of-two")
