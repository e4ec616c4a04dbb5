"""What this distribution registers: every idea as a change of ``maccap``, and the matrices of the paper."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec, MatrixSpec
from zsbench_ablations import global_only, no_noise, no_rerank

__all__ = ["matrix_file"]

IDEAS = (global_only, no_noise, no_rerank)
MATRICES = {
    "paper-ablation": "MacCap and its ablations, COCO",
    "paper-in-domain": "trained and tested on COCO, and on Flickr30k",
    "paper-cross-domain": "COCO text for Flickr30k images, and the other way round",
    "paper-web-text": "CC3M text for COCO, Flickr30k and NoCaps images",
    "paper-vqa": "VQAv2, from features and from captions",
}


def matrix_file(id_: str) -> Path:
    """The file of a matrix of this package."""
    return Path(__file__).parent / "matrices" / f"{id_}.yaml"


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    """One spec an idea."""
    return [
        CaptionerSpec(id=idea.ID, base="maccap", changes=idea.CHANGES, summary=idea.SUMMARY, tags=("ablation",))
        for idea in IDEAS
    ]


@hookimpl
def zsbench_matrices() -> list[MatrixSpec]:
    """The paper's experiments: a user changes the data root alone."""
    return [
        MatrixSpec(id=id_, factory=partial(matrix_file, id_), summary=summary, tags=("paper",))
        for id_, summary in MATRICES.items()
    ]
