"""COCO in the Karpathy splits: 5,000 images for validation and 5,000 for testing, all of them in ``val2014``.

Source: Lin et al. 2014 (COCO); Karpathy and Fei-Fei, CVPR 2015 (the splits).
"""

from __future__ import annotations

from pathlib import Path

from zsbench.interfaces import Task
from zsbench_tasks.captioning import CaptioningTask
from zsbench_tasks.files import DataFile
from zsbench_tasks.karpathy_source import KarpathySource

__all__ = ["COCO", "coco_karpathy_test", "coco_karpathy_val"]

COCO = DataFile(
    name="dataset_coco.json",
    folder="coco",
    layout="dataset_coco.json and the image folder val2014",
    origin="caption_datasets.zip of the Karpathy splits (on Kaggle: shtvkumar/karpathy-splits)",
)


def coco_karpathy_test(data_root: Path) -> Task:
    """The task ``coco-karpathy-test``; reads nothing yet."""
    return CaptioningTask("coco-karpathy-test", KarpathySource(data_root, COCO, "test", ("val2014",)))


def coco_karpathy_val(data_root: Path) -> Task:
    """The task ``coco-karpathy-val``; reads nothing yet."""
    return CaptioningTask("coco-karpathy-val", KarpathySource(data_root, COCO, "val", ("val2014",)))
