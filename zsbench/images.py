"""Reading image files, which are untrusted bytes."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from zsbench.errors import CorruptDataError, MissingDataError

__all__ = ["MAX_PIXELS", "convert_to_rgb", "read_image"]

MAX_PIXELS = 89_478_485
"""Largest image that is decoded, in pixels; a small file can announce a huge one."""

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
"""Formats with a decoder of their own; none that starts another program."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings an image upright, by the EXIF orientation tag."""


def read_image(path: Path, *, id: str) -> Image.Image:  # noqa: A002  an example's id is called id everywhere
    """The RGB image of a file, upright by its EXIF orientation; of an animation, the first frame.

    Args:
        path: The file.
        id: The example that it belongs to, for messages.

    Raises:
        MissingDataError: There is no such file, or it cannot be opened.
        CorruptDataError: The file is truncated, no image, of a format that is not read, or has too many pixels.
    """
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata says nothing about the pixels; sizes are checked below
            return _decode(Image.open(file, formats=FORMATS), path, id)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise _missing(path, id, error) from error
    except CorruptDataError:
        raise
    except Exception as error:  # decoders raise whatever hostile bytes make them raise
        raise _corrupt(path, id, f"cannot be decoded ({type(error).__name__}: {error})") from error


def convert_to_rgb(image: Image.Image) -> Image.Image:
    """The image in mode RGB; 16-bit values are scaled to 8 bits, transparency is dropped.

    The stock conversion clips 16-bit values at 255, which makes such an image white.
    """
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I"):
        values = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
        return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8)).convert("RGB")
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert("RGB")


def _decode(image: Image.Image, path: Path, id_: str) -> Image.Image:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _corrupt(path, id_, f"announces {width} x {height} pixels, more than {MAX_PIXELS}")
    if image.mode == "F":
        raise _corrupt(path, id_, "holds floating-point pixels, whose range is not known")
    turn = UPRIGHT.get(_read_orientation(image))
    image.load()
    upright = image if turn is None else image.transpose(turn)
    converted = convert_to_rgb(upright)
    return converted.copy() if converted is image else converted


def _read_orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; unreadable metadata counts as upright."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except (SyntaxError, OSError, ValueError, struct.error):
        return 1
    return value if isinstance(value, int) else 1


def _missing(path: Path, id_: str, error: OSError) -> MissingDataError:
    return MissingDataError(
        f"The image of {id_!r} cannot be opened: {path} ({error.strerror}).",
        "Every example of a task has its image file.",
        "Check the data root; `zsbench data verify` lists every image that is missing or cannot be read.",
        path=path,
    )


def _corrupt(path: Path, id_: str, what: str) -> CorruptDataError:
    return CorruptDataError(
        f"The image of {id_!r} {what}: {path}.",
        f"An image is a whole file in one of {', '.join(FORMATS)} of at most {MAX_PIXELS} pixels.",
        "Fetch the file again from the source that the task's card names.",
        path=path,
    )
