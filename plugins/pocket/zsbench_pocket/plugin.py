"""What this distribution registers: the embedded world as a data root, and the default matrix of ``zsbench run``."""

from __future__ import annotations

from pathlib import Path

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import DataRootSpec, MatrixSpec

__all__ = [
    "decoding_precision_matrix",
    "embedded_matrix",
    "gap_models_matrix",
    "noise_sweep_matrix",
    "region_selectors_matrix",
]

MATRICES = Path(__file__).parent / "matrices"


def decoding_precision_matrix() -> Path:
    """The file of the matrix over precisions of decoding."""
    return MATRICES / "decoding-precision.yaml"


def embedded_matrix() -> Path:
    """The default matrix's file."""
    return MATRICES / "embedded.yaml"


def gap_models_matrix() -> Path:
    """The file of the matrix over gap models."""
    return MATRICES / "gap-models.yaml"


def noise_sweep_matrix() -> Path:
    """The file of the matrix over amounts of noise."""
    return MATRICES / "noise-sweep.yaml"


def region_selectors_matrix() -> Path:
    """The file of the matrix over sources of sub-regions."""
    return MATRICES / "region-selectors.yaml"


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
    """The embedded ablation matrix, and the studies of gap models, noise and sub-regions."""
    return [
        MatrixSpec(
            id="decoding-precision",
            factory=decoding_precision_matrix,
            summary="one training of MacCap on the embedded world, decoded in every precision",
            tags=("offline",),
        ),
        MatrixSpec(
            id="embedded",
            factory=embedded_matrix,
            summary="MacCap, its ablations and CLIPRe on the embedded world",
            tags=("default", "offline"),
        ),
        MatrixSpec(
            id="gap-models",
            factory=gap_models_matrix,
            summary="MacCap under every gap model on the embedded world",
            tags=("offline", "gap-analysis"),
        ),
        MatrixSpec(
            id="noise-sweep",
            factory=noise_sweep_matrix,
            summary="MacCap under more and more training noise on the embedded world, with a plot",
            tags=("offline",),
        ),
        MatrixSpec(
            id="region-selectors",
            factory=region_selectors_matrix,
            summary="MacCap with sub-regions from every source on the embedded world",
            tags=("offline",),
        ),
    ]
