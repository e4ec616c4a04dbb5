"""What this distribution registers; factories are import strings, so that listing them imports nothing heavy."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec, GapModelSpec, TaskSpec

__all__: list[str] = []


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    """One captioner."""
    return [
        CaptionerSpec(
            id="example-most-common",
            factory="zsbench_example.captioner:MostCommonCaption",
            config="zsbench_example.captioner:MostCommonConfig",
            summary="the most common caption of the corpus, whatever the image",
            tags=("example",),
        )
    ]


@hookimpl
def zsbench_gap_models() -> list[GapModelSpec]:
    """One gap model."""
    return [
        GapModelSpec(
            id="example-uniform",
            factory="zsbench_example.gap:UniformNoise",
            config="zsbench_example.gap:UniformNoiseConfig",
            summary="uniform noise from a ball, renormalised",
            tags=("example",),
        )
    ]


@hookimpl
def zsbench_tasks() -> list[TaskSpec]:
    """One task."""
    return [
        TaskSpec(
            id="example-shapes",
            factory="zsbench_example.task:ShapesTask",
            summary="caption four drawn shapes",
            tags=("example", "captioning"),
        )
    ]
