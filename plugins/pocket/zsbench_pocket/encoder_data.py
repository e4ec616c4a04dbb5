"""Training material of the encoder: drawn scenes, their captions as ids, and what every patch shows."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from zsbench_pocket.tokenizer import PAD_ID, build_tokenizer
from zsbench_pocket.world.drawing import decode_pixels, draw_scene, encode_jpeg
from zsbench_pocket.world.grammar import COCO_STYLE, PROSE_STYLE, describe_scene, name_fully, name_group
from zsbench_pocket.world.lexicon import ALL_KINDS, BACKDROPS, COLOURS, IMAGE_SIDE
from zsbench_pocket.world.scenes import Group, Scene, open_stream, sample_scene

CONTEXT_LENGTH = 40
PHRASE_LENGTH = 12
CAPTIONS_PER_SCENE = 8
PROSE_CAPTIONS = 2
GROUP_SLOTS = 4
COVER_SHARE = 0.3
FULL_NAME_SHARE = 0.4
NOTHING = -1

KIND_IDS = {name: index for index, name in enumerate(ALL_KINDS)}
COLOUR_IDS = {name: index for index, name in enumerate(COLOURS)}
SIZE_IDS = {"big": 0, "small": 1}
BACKDROP_IDS = {name: index for index, name in enumerate(BACKDROPS)}


@dataclass(frozen=True)
class SceneArrays:
    """Scenes as arrays, one row a scene.

    Attributes:
        pixels: (N, side, side, 3) uint8, after JPEG.
        captions: (N, captions, CONTEXT_LENGTH) int16 ids, padded.
        phrases: (N, GROUP_SLOTS, PHRASE_LENGTH) int16 ids of one phrase a group, padded.
        groups: (N, GROUP_SLOTS, 4) int8: kind, colour, size and count - 1 of each group, -1 where there is none.
        owners: (N, patches) int8: the slot of the group that covers a patch, -1 for the background.
        backdrops: (N,) int8.
    """

    pixels: NDArray[np.uint8]
    captions: NDArray[np.int16]
    phrases: NDArray[np.int16]
    groups: NDArray[np.int8]
    owners: NDArray[np.int8]
    backdrops: NDArray[np.int8]

    def __len__(self) -> int:
        """Number of scenes."""
        return len(self.pixels)


def render_scenes(stream: str, count: int, *, seed: int, patch_size: int, workers: int | None = None) -> SceneArrays:
    """Draw and describe the first `count` scenes of a stream, on all cores; rows do not depend on the workers."""
    edges = list(range(0, count, 500))
    spans = [(start, min(start + 500, count)) for start in edges]
    work = partial(_render_span, stream, seed, patch_size)
    context = get_context("spawn")
    with ProcessPoolExecutor(workers or os.cpu_count() or 1, mp_context=context) as pool:
        parts = list(pool.map(work, spans))
    return SceneArrays(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def label_patches(scene: Scene, *, patch_size: int) -> NDArray[np.int8]:
    """Tell for every patch (row by row) which group covers at least a third of it, the topmost winning; -1 for none."""
    across = IMAGE_SIDE // patch_size
    owners = np.full((across, across), NOTHING, dtype=np.int8)
    low = np.arange(across) * patch_size
    for slot, group in enumerate(scene.groups):
        for spot in group.spots:
            columns = _overlap(low, patch_size, spot.x, spot.side)
            rows = _overlap(low, patch_size, spot.y, spot.side)
            owners[np.outer(rows, columns) >= COVER_SHARE * patch_size**2] = slot
    return owners.reshape(-1)


def describe_groups(scene: Scene) -> NDArray[np.int8]:
    """Give kind, colour, size and count - 1 of every group, (GROUP_SLOTS, 4), -1 in empty slots."""
    table = np.full((GROUP_SLOTS, 4), NOTHING, dtype=np.int8)
    for slot, group in enumerate(scene.groups):
        table[slot] = KIND_IDS[group.kind], COLOUR_IDS[group.colour], SIZE_IDS[group.size], group.count - 1
    return table


def encode_lines(tokenizer: Tokenizer, lines: list[str], *, length: int) -> NDArray[np.int16]:
    """Turn lines into ids (N, length), padded at the end; a longer line is cut but keeps its last mark."""
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length, pad_id=PAD_ID)
    return np.array([encoding.ids for encoding in tokenizer.encode_batch(lines)], dtype=np.int16)


def _overlap(low: NDArray[np.int64], width: int, centre: float, side: float) -> NDArray[np.float64]:
    inner = side * 0.9 / 2
    shared: NDArray[np.float64] = np.minimum(low + width, centre + inner) - np.maximum(low, centre - inner)
    return np.maximum(shared, 0.0)


def _name_for_patches(stream_index: int, stream: str, seed: int, group: Group) -> str:
    rng = open_stream(f"{stream}-phrases-{group.kind}", stream_index, seed=seed)
    return name_fully(group) if rng.random() < FULL_NAME_SHARE else name_group(rng, group)


def _captions(stream: str, index: int, seed: int, scene: Scene) -> list[str]:
    rng = open_stream(f"{stream}-captions", index, seed=seed)
    styles = [COCO_STYLE] * (CAPTIONS_PER_SCENE - PROSE_CAPTIONS) + [PROSE_STYLE] * PROSE_CAPTIONS
    return [describe_scene(rng, scene, style=style).text for style in styles]


def _render_span(stream: str, seed: int, patch_size: int, span: tuple[int, int]) -> tuple[NDArray[np.generic], ...]:
    indices = range(*span)
    scenes = [sample_scene(open_stream(stream, index, seed=seed)) for index in indices]
    tokenizer = build_tokenizer(for_encoder=True)
    captions = [line for i, scene in zip(indices, scenes, strict=True) for line in _captions(stream, i, seed, scene)]
    phrases = [
        _name_for_patches(index, stream, seed, scene.groups[min(slot, len(scene.groups) - 1)])
        for index, scene in zip(indices, scenes, strict=True)
        for slot in range(GROUP_SLOTS)
    ]
    return (
        np.stack([decode_pixels(encode_jpeg(draw_scene(scene))) for scene in scenes]),
        encode_lines(tokenizer, captions, length=CONTEXT_LENGTH).reshape(len(scenes), CAPTIONS_PER_SCENE, -1),
        encode_lines(tokenizer, phrases, length=PHRASE_LENGTH).reshape(len(scenes), GROUP_SLOTS, -1),
        np.stack([describe_groups(scene) for scene in scenes]),
        np.stack([label_patches(scene, patch_size=patch_size) for scene in scenes]),
        np.array([BACKDROP_IDS[scene.backdrop] for scene in scenes], dtype=np.int8),
    )
