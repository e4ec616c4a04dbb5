"""Backgrounds: sky, ground, horizon and a few landmarks, with jittered tones."""

from __future__ import annotations

import random
from collections.abc import Callable

from PIL import ImageDraw

from zsbench_pocket.world.pen import Colour, mix

Canvas = ImageDraw.ImageDraw


def _jitter(rng: random.Random, colour: Colour, spread: int = 12) -> Colour:
    shift = rng.randint(-spread, spread)
    red, green, blue = (min(255, max(0, part + shift + rng.randint(-spread // 2, spread // 2))) for part in colour)
    return red, green, blue


def _gradient(canvas: Canvas, side: int, top: Colour, bottom: Colour, span: tuple[int, int]) -> None:
    steps = 10
    for step in range(steps):
        upper = span[0] + (span[1] - span[0]) * step // steps
        lower = span[0] + (span[1] - span[0]) * (step + 1) // steps
        canvas.rectangle((0, upper, side, lower), fill=mix(top, bottom, step / (steps - 1)))


def _speckle(canvas: Canvas, rng: random.Random, region: tuple[int, int, int], colour: Colour, marks: int) -> None:
    side, top, bottom = region
    for _ in range(marks):
        x, y, long = rng.randrange(side), rng.randrange(top, bottom), rng.randint(4, 12)
        canvas.line((x, y, x + long // 2, y - long), fill=colour, width=2)


def paint_meadow(canvas: Canvas, rng: random.Random, side: int) -> None:
    """A blue sky over rolling grass."""
    horizon = round(side * rng.uniform(0.32, 0.5))
    _gradient(canvas, side, _jitter(rng, (126, 190, 240)), _jitter(rng, (206, 232, 250)), (0, horizon))
    grass = _jitter(rng, (140, 196, 96))
    canvas.ellipse((-side // 2, horizon - side // 10, side, side), fill=mix(grass, (60, 120, 60), 0.2))
    canvas.rectangle((0, horizon, side, side), fill=grass)
    _speckle(canvas, rng, (side, horizon, side), mix(grass, (40, 110, 40), 0.5), 70)


def paint_beach(canvas: Canvas, rng: random.Random, side: int) -> None:
    """Sky, a band of sea and yellow sand."""
    horizon = round(side * rng.uniform(0.22, 0.36))
    shore = horizon + round(side * rng.uniform(0.12, 0.2))
    _gradient(canvas, side, _jitter(rng, (150, 212, 246)), _jitter(rng, (222, 242, 250)), (0, horizon))
    sea = _jitter(rng, (50, 140, 190))
    canvas.rectangle((0, horizon, side, shore), fill=sea)
    for _ in range(12):
        x, y = rng.randrange(side), rng.randrange(horizon + 4, shore)
        canvas.line((x, y, x + 26, y), fill=mix(sea, (255, 255, 255), 0.5), width=3)
    sand = _jitter(rng, (238, 214, 160))
    canvas.rectangle((0, shore, side, side), fill=sand)
    _speckle(canvas, rng, (side, shore, side), mix(sand, (150, 120, 70), 0.35), 40)


def paint_street(canvas: Canvas, rng: random.Random, side: int) -> None:
    """Grey houses behind a road with a dashed line."""
    curb = round(side * rng.uniform(0.46, 0.6))
    _gradient(canvas, side, _jitter(rng, (196, 204, 212)), _jitter(rng, (226, 228, 230)), (0, curb))
    x = -rng.randint(0, 30)
    while x < side:
        width, top = rng.randint(40, 76), round(curb * rng.uniform(0.15, 0.6))
        wall = _jitter(rng, (168, 162, 160), 18)
        canvas.rectangle((x, top, x + width, curb), fill=wall)
        for window in range(top + 10, curb - 14, 24):
            canvas.rectangle((x + 10, window, x + 20, window + 11), fill=mix(wall, (60, 66, 84), 0.55))
            canvas.rectangle((x + width - 20, window, x + width - 10, window + 11), fill=mix(wall, (60, 66, 84), 0.55))
        x += width + 4
    road = _jitter(rng, (112, 112, 118))
    canvas.rectangle((0, curb, side, curb + 12), fill=mix(road, (255, 255, 255), 0.45))
    canvas.rectangle((0, curb + 13, side, side), fill=road)
    middle = (curb + side) // 2 + 6
    for dash in range(rng.randint(-40, 0), side, 56):
        canvas.rectangle((dash, middle, dash + 30, middle + 5), fill=(232, 228, 208))


def paint_room(canvas: Canvas, rng: random.Random, side: int) -> None:
    """A papered wall, a skirting board and a wooden floor."""
    floor = round(side * rng.uniform(0.58, 0.72))
    wall = _jitter(rng, rng.choice(((226, 206, 180), (206, 190, 176), (222, 196, 190))))
    canvas.rectangle((0, 0, side, floor), fill=wall)
    for x in range(rng.randint(0, 20), side, 34):
        canvas.line((x, 0, x, floor), fill=mix(wall, (120, 90, 80), 0.18), width=5)
    boards = _jitter(rng, (166, 120, 80))
    canvas.rectangle((0, floor, side, side), fill=boards)
    for y in range(floor + 20, side, 22):
        canvas.line((0, y, side, y), fill=mix(boards, (70, 40, 20), 0.4), width=2)
    canvas.rectangle((0, floor - 9, side, floor), fill=(246, 240, 230))


def paint_night(canvas: Canvas, rng: random.Random, side: int) -> None:
    """A dark sky with a moon and points of light over dark hills."""
    _gradient(canvas, side, _jitter(rng, (18, 20, 52), 8), _jitter(rng, (44, 44, 96), 8), (0, side))
    for _ in range(34):
        x, y = rng.randrange(side), rng.randrange(round(side * 0.75))
        canvas.ellipse((x, y, x + 3, y + 3), fill=(226, 226, 240))
    x, y, r = rng.randrange(30, side - 30), rng.randrange(24, 60), rng.randint(17, 24)
    canvas.ellipse((x - r, y - r, x + r, y + r), fill=(244, 238, 206))
    canvas.ellipse((x - r + 12, y - r - 5, x + r + 12, y + r - 5), fill=(32, 32, 72))
    hills = round(side * rng.uniform(0.72, 0.84))
    canvas.ellipse((-side // 3, hills, side, side + side // 2), fill=_jitter(rng, (24, 34, 44), 6))
    canvas.ellipse((side // 4, hills + 14, side + side // 2, side + side // 2), fill=_jitter(rng, (18, 26, 36), 6))


def paint_snow(canvas: Canvas, rng: random.Random, side: int) -> None:
    """A pale sky, white hills and falling flakes."""
    horizon = round(side * rng.uniform(0.36, 0.52))
    _gradient(canvas, side, _jitter(rng, (164, 186, 210)), _jitter(rng, (210, 220, 232)), (0, side))
    canvas.ellipse((-side // 2, horizon, side, side * 2), fill=_jitter(rng, (222, 230, 240), 6))
    canvas.ellipse((side // 5, horizon + 26, side * 2, side * 2), fill=_jitter(rng, (234, 240, 246), 6))
    for _ in range(60):
        x, y, r = rng.randrange(side), rng.randrange(side), rng.randint(2, 4)
        canvas.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 255))


PAINTERS: dict[str, Callable[[Canvas, random.Random, int], None]] = {
    "meadow": paint_meadow,
    "beach": paint_beach,
    "street": paint_street,
    "room": paint_room,
    "night": paint_night,
    "snow": paint_snow,
}
