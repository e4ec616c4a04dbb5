"""A pen that draws in the unit square of one object, whatever its place, side and colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

INK: Colour = (46, 40, 52)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Blend two RGB colours; `share` in 0..1 is the part of the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


@dataclass(frozen=True)
class Pen:
    """Draws with coordinates in -1..1 (x right, y down) scaled to one object's square on the canvas."""

    canvas: ImageDraw.ImageDraw
    x: float
    y: float
    half: float
    mirrored: bool
    main: Colour

    @property
    def dark(self) -> Colour:
        """A darker tone of the object's colour."""
        return mix(self.main, INK, 0.35)

    @property
    def light(self) -> Colour:
        """A lighter tone of the object's colour."""
        return mix(self.main, (255, 255, 255), 0.5)

    @property
    def stroke(self) -> int:
        """Outline width in canvas pixels."""
        return max(2, round(self.half * 0.075))

    def ellipse(
        self, left: float, top: float, right: float, bottom: float, *, fill: Colour, outline: bool = True
    ) -> None:
        """Fill an ellipse given by its bounding box."""
        self.canvas.ellipse(
            self._box(left, top, right, bottom), fill=fill, outline=INK if outline else fill, width=self.stroke
        )

    def rectangle(self, left: float, top: float, right: float, bottom: float, *, fill: Colour) -> None:
        """Fill an outlined rectangle."""
        self.canvas.rectangle(self._box(left, top, right, bottom), fill=fill, outline=INK, width=self.stroke)

    def polygon(self, points: Sequence[Point], *, fill: Colour, outline: bool = True) -> None:
        """Fill a polygon."""
        placed = [self._point(point) for point in points]
        self.canvas.polygon(placed, fill=fill)
        if outline:
            self.canvas.line([*placed, placed[0], placed[1]], fill=INK, width=self.stroke, joint="curve")

    def line(self, points: Sequence[Point], *, fill: Colour = INK, weight: float = 1.0) -> None:
        """Draw a line through points; `weight` multiplies the outline width."""
        self.canvas.line(
            [self._point(point) for point in points],
            fill=fill,
            width=max(2, round(self.stroke * weight)),
            joint="curve",
        )

    def pie(self, box: tuple[float, float, float, float], start: float, end: float, *, fill: Colour) -> None:
        """Fill an outlined slice of the ellipse in `box`, between angles in degrees clockwise from the right."""
        if self.mirrored:
            start, end = 180 - end, 180 - start
        self.canvas.pieslice(self._box(*box), start, end, fill=fill, outline=INK, width=self.stroke)

    def arc(
        self, box: tuple[float, float, float, float], start: float, end: float, *, fill: Colour, weight: float
    ) -> None:
        """Draw a part of the outline of the ellipse in `box`."""
        if self.mirrored:
            start, end = 180 - end, 180 - start
        self.canvas.arc(self._box(*box), start, end, fill=fill, width=max(2, round(self.stroke * weight)))

    def _point(self, point: Point) -> Point:
        x = -point[0] if self.mirrored else point[0]
        return self.x + x * self.half, self.y + point[1] * self.half

    def _box(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        if self.mirrored:
            left, right = -right, -left
        return (
            self.x + left * self.half,
            self.y + top * self.half,
            self.x + right * self.half,
            self.y + bottom * self.half,
        )
