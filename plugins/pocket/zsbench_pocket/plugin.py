"""What this distribution registers: the embedded world as a data root, and the default matrix of ``zsbench run``."""

from __future__ import annotations

from pathlib import Path

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import DataRootSpec, MatrixSpec

__all__ = ["embedded_matrix"]


def embedded_matrix() -> Path:
    """The default matrix's file."""
    return Path(__file__).parent / "matrices" / "embedded.yaml"


@hookimpl
def zsbench_data_roots() -> list[DataRootSpec]:
    """The world in the official layouts of four data sets, written on demand."""
    return [
        DataRootSpec(
            id="pocket",
            factory="zsbench_pocket.world.layout:materialize",
            summary="a world of small drawn scenes, in the layouts of COCO, Flickr30k, NoCaps and VQAv2",
            tags=("coco", "flickr30k", "nocaps", "vqa", "offline"),
        )
    ]


@hookimpl
def zsbench_matrices() -> list[MatrixSpec]:
    """The embedded ablation matrix."""
    return [
        MatrixSpec(
            id="embedded",
            factory=embedded_matrix,
            summary="MacCap, its ablations and CLIPRe on the embedded world",
            tags=("default", "offline"),
        )
    ]
