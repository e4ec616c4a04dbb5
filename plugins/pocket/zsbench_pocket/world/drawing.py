"""From a scene to pixels: background, objects, smoothing, pixel noise, JPEG."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from zsbench_pocket.world import shapes_nature, shapes_things
from zsbench_pocket.world.backdrops import PAINTERS
from zsbench_pocket.world.lexicon import ALL_KINDS, COLOURS, IMAGE_SIDE
from zsbench_pocket.world.pen import Pen
from zsbench_pocket.world.scenes import Group, Scene, Spot

SUPERSAMPLING = 3
NOISE_DEVIATION = 4.0
JPEG_QUALITY = 95

SHAPES: dict[str, Callable[[Pen], None]] = {
    kind: getattr(shapes_things, f"draw_{kind}", None) or getattr(shapes_nature, f"draw_{kind}") for kind in ALL_KINDS
}


def draw_scene(scene: Scene) -> Image.Image:
    """Draw a scene as an RGB image of `IMAGE_SIDE` x `IMAGE_SIDE` pixels."""
    rng = random.Random(scene.paint_seed)  # noqa: S311 - no secret
    side = IMAGE_SIDE * SUPERSAMPLING
    image = Image.new("RGB", (side, side))
    canvas = ImageDraw.Draw(image)
    PAINTERS[scene.backdrop](canvas, rng, side)
    for group in scene.groups:
        for spot in group.spots:
            SHAPES[group.kind](_hold_pen(canvas, rng, group, spot))
    return _add_noise(image.reduce(SUPERSAMPLING), scene.paint_seed)


def encode_jpeg(image: Image.Image) -> bytes:
    """Compress an image the way the files of the world are stored."""
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def decode_pixels(jpeg: bytes) -> NDArray[np.uint8]:
    """Read JPEG bytes back as an array (height, width, 3), uint8."""
    with Image.open(io.BytesIO(jpeg)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def _hold_pen(canvas: ImageDraw.ImageDraw, rng: random.Random, group: Group, spot: Spot) -> Pen:
    red, green, blue = (min(255, max(0, part + rng.randint(-12, 12))) for part in COLOURS[group.colour])
    half = spot.side * SUPERSAMPLING / 2
    return Pen(canvas, spot.x * SUPERSAMPLING, spot.y * SUPERSAMPLING, half, spot.mirrored, (red, green, blue))


def _add_noise(image: Image.Image, seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).normal(0.0, NOISE_DEVIATION, (IMAGE_SIDE, IMAGE_SIDE, 1))
    pixels = np.asarray(image, dtype=np.float64) + noise
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8), "RGB")
