"""Drawings of living things, buildings and vehicles."""

from __future__ import annotations

from math import cos, pi, sin

from zsbench_pocket.world.pen import INK, Pen

WOOD = (132, 88, 54)
LEAF = (66, 140, 62)
GLASS = (206, 232, 246)
CREAM = (255, 246, 214)
GOLD = (250, 206, 74)


def draw_tree(pen: Pen) -> None:
    """A round crown in the object's colour on a brown trunk."""
    pen.rectangle(-0.16, 0.2, 0.16, 0.96, fill=WOOD)
    pen.ellipse(-0.9, -0.5, 0.05, 0.45, fill=pen.main)
    pen.ellipse(-0.05, -0.5, 0.9, 0.45, fill=pen.main)
    pen.ellipse(-0.55, -0.97, 0.55, 0.15, fill=pen.main)
    pen.ellipse(-0.6, -0.35, 0.6, 0.3, fill=pen.main, outline=False)


def draw_house(pen: Pen) -> None:
    """Walls in the object's colour, a dark roof, a door and a window."""
    pen.rectangle(0.35, -0.85, 0.58, -0.3, fill=pen.dark)
    pen.rectangle(-0.72, -0.1, 0.72, 0.92, fill=pen.main)
    pen.polygon([(-0.95, -0.08), (0, -0.92), (0.95, -0.08)], fill=pen.dark)
    pen.rectangle(-0.5, 0.3, -0.08, 0.92, fill=WOOD)
    pen.rectangle(0.15, 0.2, 0.55, 0.58, fill=GLASS)


def draw_car(pen: Pen) -> None:
    """A car from the side with two wheels and windows."""
    pen.polygon([(-0.5, -0.05), (-0.32, -0.55), (0.3, -0.55), (0.58, -0.05)], fill=GLASS)
    pen.line([(0.0, -0.55), (0.0, 0.0)], weight=1.3)
    pen.polygon([(-0.96, 0.45), (-0.92, -0.02), (0.7, -0.06), (0.96, 0.12), (0.96, 0.45)], fill=pen.main)
    for centre in (-0.5, 0.5):
        pen.ellipse(centre - 0.27, 0.2, centre + 0.27, 0.74, fill=INK)
        pen.ellipse(centre - 0.1, 0.37, centre + 0.1, 0.57, fill=(200, 200, 206), outline=False)
    pen.ellipse(0.78, 0.08, 0.96, 0.26, fill=GOLD, outline=False)


def draw_fish(pen: Pen) -> None:
    """A fish with a forked tail, a fin and an eye."""
    pen.polygon([(-0.35, 0.0), (-0.96, -0.5), (-0.78, 0.0), (-0.96, 0.5)], fill=pen.dark)
    pen.polygon([(-0.1, -0.35), (0.2, -0.72), (0.4, -0.3)], fill=pen.dark)
    pen.ellipse(-0.55, -0.46, 0.95, 0.46, fill=pen.main)
    pen.arc((-0.05, -0.3, 0.4, 0.3), -80, 80, fill=pen.dark, weight=1.3)
    pen.ellipse(0.54, -0.22, 0.76, 0.0, fill=(255, 255, 255))
    pen.ellipse(0.6, -0.16, 0.7, -0.06, fill=INK)


def draw_bird(pen: Pen) -> None:
    """A small bird with a beak, a wing and thin legs."""
    pen.line([(-0.1, 0.5), (-0.1, 0.95)], weight=1.2)
    pen.line([(0.15, 0.5), (0.15, 0.95)], weight=1.2)
    pen.polygon([(-0.4, 0.05), (-0.98, -0.2), (-0.9, 0.35)], fill=pen.dark)
    pen.polygon([(0.65, -0.62), (0.98, -0.45), (0.62, -0.3)], fill=(246, 160, 40))
    pen.ellipse(-0.68, -0.3, 0.5, 0.65, fill=pen.main)
    pen.ellipse(0.05, -0.88, 0.75, -0.16, fill=pen.main)
    pen.pie((-0.55, -0.4, 0.25, 0.45), 0, 180, fill=pen.light)
    pen.ellipse(0.4, -0.66, 0.54, -0.52, fill=INK)


def draw_cat(pen: Pen) -> None:
    """A sitting cat with pointed ears, whiskers and a curled tail."""
    pen.arc((0.1, 0.0, 0.95, 0.9), -80, 120, fill=INK, weight=3.4)
    pen.arc((0.14, 0.04, 0.91, 0.86), -78, 118, fill=pen.main, weight=1.8)
    pen.ellipse(-0.6, -0.1, 0.55, 0.96, fill=pen.main)
    pen.polygon([(-0.68, -0.95), (-0.66, -0.35), (-0.2, -0.65)], fill=pen.main)
    pen.polygon([(0.52, -0.95), (0.5, -0.35), (0.04, -0.65)], fill=pen.main)
    pen.ellipse(-0.72, -0.76, 0.56, 0.24, fill=pen.main)
    for eye in (-0.36, 0.12):
        pen.ellipse(eye - 0.09, -0.42, eye + 0.15, -0.14, fill=GOLD)
        pen.ellipse(eye, -0.38, eye + 0.07, -0.18, fill=INK)
    pen.line([(-0.85, -0.12), (-0.3, -0.05)], weight=0.7)
    pen.line([(0.7, -0.12), (0.15, -0.05)], weight=0.7)
    pen.ellipse(-0.16, -0.1, 0.0, 0.02, fill=INK)


def draw_flower(pen: Pen) -> None:
    """Six petals around a golden heart on a leafy stem."""
    pen.line([(0, 0.1), (0, 0.96)], fill=LEAF, weight=2.2)
    pen.ellipse(-0.5, 0.5, 0.0, 0.78, fill=LEAF)
    for step in range(6):
        x, y = 0.44 * cos(step * pi / 3), -0.32 + 0.44 * sin(step * pi / 3)
        pen.ellipse(x - 0.28, y - 0.28, x + 0.28, y + 0.28, fill=pen.main)
    pen.ellipse(-0.26, -0.58, 0.26, -0.06, fill=(120, 76, 30))


def draw_apple(pen: Pen) -> None:
    """An apple: two lobes, a stalk and a leaf."""
    pen.ellipse(-0.85, -0.5, 0.2, 0.85, fill=pen.main)
    pen.ellipse(-0.2, -0.5, 0.85, 0.85, fill=pen.main)
    pen.ellipse(-0.6, -0.4, 0.6, 0.8, fill=pen.main, outline=False)
    pen.line([(0.0, -0.4), (0.08, -0.92)], fill=WOOD, weight=2.4)
    pen.polygon([(0.1, -0.6), (0.35, -0.95), (0.8, -0.85), (0.5, -0.55)], fill=LEAF)
    pen.ellipse(-0.58, -0.25, -0.32, 0.1, fill=pen.light, outline=False)


def draw_boat(pen: Pen) -> None:
    """A sailing boat: hull in the object's colour, pale sails."""
    pen.line([(0, -0.95), (0, 0.4)], fill=WOOD, weight=2.0)
    pen.polygon([(0.08, -0.9), (0.8, 0.22), (0.08, 0.22)], fill=pen.light)
    pen.polygon([(-0.08, -0.65), (-0.65, 0.22), (-0.08, 0.22)], fill=CREAM)
    pen.polygon([(-0.96, 0.35), (0.96, 0.35), (0.6, 0.88), (-0.6, 0.88)], fill=pen.main)


def draw_mushroom(pen: Pen) -> None:
    """A toadstool: domed cap with pale dots on a stem."""
    pen.polygon([(-0.24, -0.05), (0.24, -0.05), (0.34, 0.94), (-0.34, 0.94)], fill=CREAM)
    pen.pie((-0.95, -0.95, 0.95, 1.0), 180, 360, fill=pen.main)
    for x, y, r in ((-0.5, -0.3, 0.14), (0.0, -0.6, 0.16), (0.48, -0.25, 0.14)):
        pen.ellipse(x - r, y - r, x + r, y + r, fill=(255, 250, 240), outline=False)


def draw_butterfly(pen: Pen) -> None:
    """Four spread wings, a dark body and feelers."""
    for side in (-1.0, 1.0):
        low, high = sorted((side * 0.05, side * 0.96))
        pen.ellipse(low, -0.85, high, 0.1, fill=pen.main)
        low, high = sorted((side * 0.05, side * 0.74))
        pen.ellipse(low, 0.0, high, 0.85, fill=pen.dark)
        pen.ellipse(side * 0.52 - 0.16, -0.54, side * 0.52 + 0.16, -0.22, fill=pen.light, outline=False)
        pen.line([(0, -0.6), (side * 0.3, -0.97)], weight=0.9)
    pen.ellipse(-0.12, -0.65, 0.12, 0.75, fill=INK)
