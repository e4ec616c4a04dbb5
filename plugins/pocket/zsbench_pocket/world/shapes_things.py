"""Drawings of things: toys, tools, furniture and clothes."""

from __future__ import annotations

from math import cos, pi, sin

from zsbench_pocket.world.pen import INK, Pen, mix

WOOD = (146, 96, 56)
CREAM = (255, 246, 214)
METAL = (150, 154, 164)


def draw_ball(pen: Pen) -> None:
    """A beach ball with a bright stripe."""
    pen.ellipse(-0.9, -0.9, 0.9, 0.9, fill=pen.main)
    pen.arc((-0.45, -0.9, 1.2, 0.9), 110, 250, fill=pen.dark, weight=1.4)
    pen.arc((-1.2, -0.9, 0.45, 0.9), -70, 70, fill=pen.dark, weight=1.4)
    pen.ellipse(-0.55, -0.65, -0.2, -0.3, fill=pen.light, outline=False)


def draw_box(pen: Pen) -> None:
    """A cube seen from a corner, with tape across the front."""
    pen.polygon([(-0.9, -0.35), (-0.45, -0.85), (0.95, -0.85), (0.5, -0.35)], fill=pen.light)
    pen.polygon([(0.5, -0.35), (0.95, -0.85), (0.95, 0.4), (0.5, 0.9)], fill=pen.dark)
    pen.rectangle(-0.9, -0.35, 0.5, 0.9, fill=pen.main)
    pen.line([(-0.9, 0.25), (0.5, 0.25)], fill=pen.dark)
    pen.line([(-0.2, -0.35), (-0.2, 0.9)], fill=pen.dark)


def draw_lamp(pen: Pen) -> None:
    """A table lamp: wide shade, thin stem, foot."""
    pen.line([(0, 0.0), (0, 0.8)], weight=2.2)
    pen.ellipse(-0.5, 0.68, 0.5, 0.95, fill=METAL)
    pen.polygon([(-0.4, -0.9), (0.4, -0.9), (0.88, 0.1), (-0.88, 0.1)], fill=pen.main)
    pen.polygon([(-0.15, -0.75), (0.0, -0.75), (-0.05, -0.05), (-0.45, -0.05)], fill=pen.light, outline=False)


def draw_chair(pen: Pen) -> None:
    """A chair from the side: back, seat and legs."""
    pen.line([(-0.6, 0.15), (-0.7, 0.95)], fill=pen.dark, weight=2.6)
    pen.line([(0.6, 0.15), (0.7, 0.95)], fill=pen.dark, weight=2.6)
    pen.line([(-0.2, 0.2), (-0.2, 0.75)], fill=pen.dark, weight=2.0)
    pen.line([(0.35, 0.2), (0.35, 0.75)], fill=pen.dark, weight=2.0)
    pen.rectangle(-0.75, -0.95, -0.4, 0.2, fill=pen.main)
    pen.rectangle(-0.75, 0.0, 0.8, 0.3, fill=pen.main)


def draw_clock(pen: Pen) -> None:
    """An alarm clock with two bells and a pale face."""
    pen.ellipse(-0.8, -0.95, -0.15, -0.4, fill=pen.dark)
    pen.ellipse(0.15, -0.95, 0.8, -0.4, fill=pen.dark)
    pen.line([(-0.5, 0.6), (-0.7, 0.95)], weight=2.0)
    pen.line([(0.5, 0.6), (0.7, 0.95)], weight=2.0)
    pen.ellipse(-0.82, -0.72, 0.82, 0.9, fill=pen.main)
    pen.ellipse(-0.52, -0.42, 0.52, 0.6, fill=CREAM)
    pen.line([(0, -0.3), (0, 0.09), (0.3, 0.22)], weight=1.3)


def draw_hat(pen: Pen) -> None:
    """A hat with a wide brim and a ribbon."""
    pen.polygon([(-0.5, 0.45), (-0.42, -0.7), (0.42, -0.7), (0.5, 0.45)], fill=pen.main)
    pen.polygon([(-0.5, 0.35), (-0.47, 0.02), (0.47, 0.02), (0.5, 0.35)], fill=INK)
    pen.ellipse(-0.95, 0.28, 0.95, 0.72, fill=pen.main)


def draw_balloon(pen: Pen) -> None:
    """An oval balloon on a string."""
    pen.line([(0, 0.4), (0.12, 0.6), (-0.1, 0.8), (0.05, 0.98)], weight=1.0)
    pen.polygon([(0, 0.3), (0.16, 0.5), (-0.16, 0.5)], fill=pen.dark)
    pen.ellipse(-0.66, -0.98, 0.66, 0.4, fill=pen.main)
    pen.ellipse(-0.42, -0.75, -0.15, -0.3, fill=pen.light, outline=False)


def draw_key(pen: Pen) -> None:
    """A key lying flat: ring, shaft, two teeth."""
    pen.line([(0.0, 0.0), (0.92, 0.0)], weight=5.4)
    pen.line([(0.55, 0.0), (0.55, 0.42)], weight=5.0)
    pen.line([(0.85, 0.0), (0.85, 0.42)], weight=5.0)
    pen.line([(0.0, 0.0), (0.88, 0.0)], fill=pen.main, weight=3.4)
    pen.line([(0.55, 0.0), (0.55, 0.38)], fill=pen.main, weight=3.0)
    pen.line([(0.85, 0.0), (0.85, 0.38)], fill=pen.main, weight=3.0)
    pen.ellipse(-0.98, -0.52, 0.06, 0.52, fill=pen.main)
    pen.ellipse(-0.68, -0.22, -0.24, 0.22, fill=INK)


def draw_star(pen: Pen) -> None:
    """A five-pointed star."""
    points = [
        (radius * sin(step * pi / 5), -radius * cos(step * pi / 5))
        for step in range(10)
        for radius in ((0.98,) if step % 2 == 0 else (0.42,))
    ]
    pen.polygon(points, fill=pen.main)


def draw_kite(pen: Pen) -> None:
    """A diamond kite with a cross and a tail of bows."""
    pen.line([(0.1, 0.35), (-0.15, 0.6), (0.2, 0.75), (-0.1, 0.98)], weight=1.2)
    pen.polygon([(0, -0.98), (0.7, -0.3), (0, 0.48), (-0.7, -0.3)], fill=pen.main)
    pen.polygon([(0, -0.98), (0.7, -0.3), (0, -0.3)], fill=pen.light)
    pen.polygon([(0, 0.48), (-0.7, -0.3), (0, -0.3)], fill=pen.dark)
    pen.polygon([(0.2, 0.75), (0.45, 0.6), (0.45, 0.9)], fill=pen.main)


def draw_umbrella(pen: Pen) -> None:
    """An open umbrella with a hooked handle."""
    pen.line([(0, -0.2), (0, 0.8)], weight=1.8)
    pen.arc((-0.4, 0.55, 0.0, 0.95), 0, 180, fill=INK, weight=1.8)
    pen.pie((-0.96, -0.9, 0.96, 0.95), 180, 360, fill=pen.main)
    for left in (-0.96, -0.32, 0.32):
        pen.pie((left, -0.13, left + 0.64, 0.2), 180, 360, fill=pen.light)


def draw_guitar(pen: Pen) -> None:
    """A guitar upright: long dark neck, waisted body, sound hole."""
    pen.rectangle(-0.09, -0.95, 0.09, 0.2, fill=WOOD)
    pen.rectangle(-0.2, -0.98, 0.2, -0.74, fill=INK)
    pen.ellipse(-0.45, -0.2, 0.45, 0.5, fill=pen.main)
    pen.ellipse(-0.62, 0.15, 0.62, 0.98, fill=pen.main)
    pen.ellipse(-0.36, -0.12, 0.36, 0.42, fill=pen.main, outline=False)
    pen.ellipse(-0.2, 0.14, 0.2, 0.52, fill=INK)
    pen.line([(-0.25, 0.78), (0.25, 0.78)], weight=1.6)


def draw_cup(pen: Pen) -> None:
    """A mug with a handle and steam."""
    pen.arc((0.2, -0.25, 0.95, 0.5), 0, 360, fill=INK, weight=3.0)
    pen.arc((0.27, -0.18, 0.88, 0.43), 0, 360, fill=pen.main, weight=1.4)
    pen.polygon([(-0.75, -0.4), (0.5, -0.4), (0.38, 0.85), (-0.63, 0.85)], fill=pen.main)
    pen.ellipse(-0.75, -0.58, 0.5, -0.22, fill=mix(INK, WOOD, 0.5))
    pen.line([(-0.3, -0.65), (-0.2, -0.8), (-0.3, -0.98)], fill=METAL, weight=1.4)
    pen.line([(0.1, -0.65), (0.2, -0.8), (0.1, -0.98)], fill=METAL, weight=1.4)
