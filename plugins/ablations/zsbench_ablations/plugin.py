"""What this distribution registers: every idea as a change of ``maccap``, and the matrices of the paper."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec, MatrixSpec
from zsbench_ablations import (
    all_patches,
    attention_row,
    class_token,
    global_only,
    grid_regions,
    no_noise,
    no_rerank,
    oracle_regions,
    random_regions,
    threshold_regions,
)
from zsbench_maccap.config import NEEDS

__all__ = ["matrix_file"]

IDEAS = (
    global_only,
    no_noise,
    no_rerank,
    threshold_regions,
    all_patches,
    random_regions,
    grid_regions,
    class_token,
    attention_row,
)
"""What changes settings alone."""
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
    """One spec an idea; the oracle has a class of its own, which needs references."""
    specs = [
        CaptionerSpec(id=idea.ID, base="maccap", changes=idea.CHANGES, summary=idea.SUMMARY, tags=("ablation",))
        for idea in IDEAS
    ]
    oracle = CaptionerSpec(
        id=oracle_regions.ID,
        factory=oracle_regions.FACTORY,
        base="maccap",
        changes=oracle_regions.CHANGES,
        summary=oracle_regions.SUMMARY,
        tags=("ablation", "upper-bound"),
        needs=replace(NEEDS, references=True),
    )
    return [*specs, oracle]


@hookimpl
def zsbench_matrices() -> list[MatrixSpec]:
    """The paper's experiments: a user changes the data root alone."""
    return [
        MatrixSpec(id=id_, factory=partial(matrix_file, id_), summary=summary, tags=("paper",))
        for id_, summary in MATRICES.items()
    ]
