"""Draw a sheet of scenes with a caption each: `python -m zsbench_pocket.contact_sheet OUT.png`."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from zsbench_pocket.world.drawing import draw_scene
from zsbench_pocket.world.karpathy import iter_split_scenes
from zsbench_pocket.world.lexicon import IMAGE_SIDE

COLUMNS, ROWS = 4, 3
SCALE = 2
MARGIN = 14
TEXT_HEIGHT = 52
PAPER, INK = (250, 248, 243), (50, 46, 56)


def draw_contact_sheet(*, split: str = "val", first: int = 0) -> Image.Image:
    """Draw twelve scenes of a split, each over one of its captions."""
    side = IMAGE_SIDE * SCALE
    cell_width, cell_height = side + MARGIN, side + TEXT_HEIGHT
    sheet = Image.new("RGB", (COLUMNS * cell_width + MARGIN, ROWS * cell_height + MARGIN), PAPER)
    canvas, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    scenes = iter_split_scenes(split)
    for _ in range(first):
        next(scenes)
    for place in range(COLUMNS * ROWS):
        scene, captions = next(scenes)
        left, top = MARGIN + place % COLUMNS * cell_width, MARGIN + place // COLUMNS * cell_height
        sheet.paste(draw_scene(scene).resize((side, side), Image.Resampling.LANCZOS), (left, top))
        caption = "\n".join(textwrap.wrap(captions[0], 29)[:3])
        canvas.multiline_text((left, top + side + 3), caption, fill=INK, font=font, spacing=1)
    return sheet


def main() -> None:
    """Read the output path and write the sheet."""
    parser = argparse.ArgumentParser(description="Draw a contact sheet of the embedded world.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--split", choices=("train", "restval", "val", "test"), default="val")
    parser.add_argument("--first", type=int, default=0, help="index of the first scene")
    options = parser.parse_args()
    draw_contact_sheet(split=options.split, first=options.first).save(options.output)


if __name__ == "__main__":
    main()
