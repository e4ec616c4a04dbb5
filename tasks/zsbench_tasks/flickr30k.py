"""Flickr30k in the Karpathy splits: 1,014 images for validation and 1,000 for testing; ids are file stems.

Source: Young et al., TACL 2014 (Flickr30k); Karpathy and Fei-Fei, CVPR 2015 (the splits).
"""

from __future__ import annotations

from pathlib import Path

from zsbench.interfaces import Task
from zsbench_tasks.captioning import CaptioningTask
from zsbench_tasks.files import DataFile
from zsbench_tasks.karpathy_source import KarpathySource

__all__ = ["FLICKR30K", "flickr30k_karpathy_test", "flickr30k_karpathy_val"]

FLICKR30K = DataFile(
    name="dataset_flickr30k.json",
    folder="flickr30k",
    layout="dataset_flickr30k.json and the image folder flickr30k-images",
    origin="caption_datasets.zip of the Karpathy splits (on Kaggle: shtvkumar/karpathy-splits)",
)
IMAGE_FOLDERS = ("flickr30k-images", "flickr30k_images", "images")


def flickr30k_karpathy_test(data_root: Path) -> Task:
    """The task ``flickr30k-karpathy-test``; reads nothing yet."""
    return _split(data_root, "test")


def flickr30k_karpathy_val(data_root: Path) -> Task:
    """The task ``flickr30k-karpathy-val``; reads nothing yet."""
    return _split(data_root, "val")


def _split(data_root: Path, split: str) -> Task:
    """The task of a split."""
    source = KarpathySource(data_root, FLICKR30K, split, IMAGE_FOLDERS, id_kind="stem")
    return CaptioningTask(f"flickr30k-karpathy-{split}", source)
