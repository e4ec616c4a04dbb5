"""The world as a data root: folders in the official layouts of COCO, Flickr30k, NoCaps and VQAv2."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock

from zsbench_pocket.world.karpathy import COCO, FLICKR30K, write_karpathy
from zsbench_pocket.world.lexicon import WORLD_VERSION
from zsbench_pocket.world.nocaps import DOMAINS, write_nocaps
from zsbench_pocket.world.scenes import DEFAULT_SEED
from zsbench_pocket.world.vqa import IMAGES, MISTAKES, QUESTIONS_PER_IMAGE, write_vqa

__all__ = ["LAYOUT_VERSION", "materialize", "name_world", "write_world"]

LAYOUT_VERSION = 2
"""Raised whenever the same scenes and captions would be written to other files."""


def write_world(root: Path, *, seed: int = DEFAULT_SEED) -> None:
    """Write `coco`, `flickr30k`, `nocaps` and `vqa` under a new folder; it appears complete or not at all.

    Raises:
        FileExistsError: The folder exists already.
    """
    if root.exists():
        raise FileExistsError(f"{root} exists already. A new folder was expected. Remove it or name another one.")
    root.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        write_karpathy(draft / "coco", COCO, seed=seed)
        write_karpathy(draft / "flickr30k", FLICKR30K, seed=seed)
        write_nocaps(draft / "nocaps", seed=seed)
        write_vqa(draft / "vqa", seed=seed)
        draft.chmod(0o755)
        draft.replace(root)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def name_world(*, seed: int = DEFAULT_SEED) -> str:
    """Give the short hash that names the files which version, seed and sizes lead to."""
    collections = [asdict(collection) for collection in (COCO, FLICKR30K)]
    sizes = [collections, DOMAINS, IMAGES, QUESTIONS_PER_IMAGE, MISTAKES]
    content = json.dumps([WORLD_VERSION, LAYOUT_VERSION, seed, sizes])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def materialize(cache: Path, *, seed: int = DEFAULT_SEED) -> Path:
    """Write the world once under `cache/<hash>` and return that data root; safe for several processes."""
    root = cache / name_world(seed=seed)
    if not root.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{root.name}.lock"):
            if not root.is_dir():
                write_world(root, seed=seed)
    return root
