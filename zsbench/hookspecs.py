"""The hooks. Each returns an iterable of frozen specs; see ``zsbench.interfaces.specs``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from zsbench.interfaces import specs

__all__ = ["PROJECT", "hookimpl", "hookspec"]

PROJECT = "zsbench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def zsbench_captioners() -> Iterable[specs.CaptionerSpec]:  # type: ignore[empty-body]  # a hook has no body
    """Captioners."""


@hookspec
def zsbench_gap_models() -> Iterable[specs.GapModelSpec]:  # type: ignore[empty-body]
    """Gap models."""


@hookspec
def zsbench_tasks() -> Iterable[specs.TaskSpec]:  # type: ignore[empty-body]
    """Tasks."""


@hookspec
def zsbench_corpora() -> Iterable[specs.CorpusSpec]:  # type: ignore[empty-body]
    """Text corpora."""


@hookspec
def zsbench_encoders() -> Iterable[specs.EncoderSpec]:  # type: ignore[empty-body]
    """Image-text encoders."""


@hookspec
def zsbench_metrics() -> Iterable[specs.MetricSpec]:  # type: ignore[empty-body]
    """Metrics."""


@hookspec
def zsbench_engines() -> Iterable[specs.EngineSpec]:  # type: ignore[empty-body]
    """Engines that place stages."""


@hookspec
def zsbench_matrices() -> Iterable[specs.MatrixSpec]:  # type: ignore[empty-body]
    """Matrices that ship with a plugin."""


@hookspec
def zsbench_data_roots() -> Iterable[specs.DataRootSpec]:  # type: ignore[empty-body]
    """Data roots that are written on demand."""
