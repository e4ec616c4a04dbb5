"""Reading images: every mode, every orientation, every kind of bad file."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.images import MAX_PIXELS, convert_to_rgb, read_image


@pytest.fixture
def picture() -> Image.Image:
    """A picture without symmetry, 6 wide and 4 high."""
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (4, 6, 3), dtype=np.uint8))


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def test_an_rgb_file_is_read_as_it_is(tmp_path, picture):
    """Pixels and size of a lossless file survive, and the file is closed."""
    picture.save(tmp_path / "a.png")
    found = read_image(tmp_path / "a.png", id="a")
    assert found.mode == "RGB"
    assert np.array_equal(np.asarray(found), np.asarray(picture))
    (tmp_path / "a.png").unlink()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_brings_the_image_upright(tmp_path, picture, orientation):
    """However the camera was held, the picture comes out upright."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # numbers of Image.Transpose that lay the picture down
    laid = picture.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else picture
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    laid.save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(np.asarray(read_image(tmp_path / "a.png", id="a")), np.asarray(picture))


@pytest.mark.parametrize("exif", [b"Exif\x00\x00garbage", b"Exif\x00\x00II*\x00\xff\xff\xff\xff", b"Exif\x00\x00"])
def test_damaged_metadata_does_not_lose_the_image(tmp_path, picture, exif):
    """Broken EXIF data says nothing about the pixels."""
    picture.save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg", id="a").size == (6, 4)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "HSV", "PA", "RGBa"])
def test_every_mode_becomes_rgb(picture, mode):
    """A black and white picture looks the same in every mode."""
    grey = picture.convert("L").point(lambda value: 255 * (value > 128)).convert("RGB")
    source = grey.convert("RGBA") if mode == "RGBa" else grey
    found = convert_to_rgb(source.convert("P").convert("PA") if mode == "PA" else source.convert(mode))
    assert found.mode == "RGB"
    assert np.abs(np.asarray(found).astype(int) - np.asarray(grey)).max() <= 1


def test_transparent_palettes_warn_nobody(picture):
    """Transparency in a palette is dropped; the stock conversion warns there."""
    palette = picture.convert("P")
    palette.info["transparency"] = bytes(range(256))
    assert convert_to_rgb(palette).mode == "RGB"


def test_sixteen_bits_are_scaled(tmp_path):
    """The brightest 16-bit value becomes 255, the middle one 128; nothing is clipped."""
    values = np.array([[0, 257, 32768, 65535]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    found = np.asarray(read_image(tmp_path / "a.png", id="a"))
    assert found[0, :, 0].tolist() == [0, 1, 128, 255]
    assert found.shape == (1, 4, 3)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_an_animation_gives_its_first_frame(tmp_path, suffix):
    """The first frame stands for the whole."""
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], duration=50)
    red, _, blue = np.asarray(read_image(tmp_path / f"a.{suffix}", id="a"))[4, 4]
    assert red > 200
    assert blue < 50


def test_a_missing_file_names_id_and_path(tmp_path):
    """The example and the path stand in the message."""
    with pytest.raises(MissingDataError, match=r"'coco-7'.*gone\.jpg"):
        read_image(tmp_path / "gone.jpg", id="coco-7")


def test_a_folder_is_no_image(tmp_path):
    """A folder where a file should be is missing data."""
    with pytest.raises(MissingDataError, match="'a'"):
        read_image(tmp_path, id="a")


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "webp", "bmp"])
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_truncated_file_is_corrupt(tmp_path, suffix, part):
    """A download that broke off is named, not filled up with grey."""
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(CorruptDataError, match=rf"'a'.*a\.{suffix}"):
        read_image(path, id="a")


@pytest.mark.parametrize(
    "content", [b"", b"<html>404</html>", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\xff\xd8\xff", b"GIF89a"]
)
def test_what_is_no_image_is_corrupt(tmp_path, content):
    """Empty files, error pages, PostScript and bare headers are refused."""
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(CorruptDataError, match="'a'") as caught:
        read_image(tmp_path / "a.jpg", id="a")
    assert caught.value.path == str(tmp_path / "a.jpg")


@pytest.mark.parametrize("side", [9_600, 60_000])
def test_a_decompression_bomb_is_refused(tmp_path, side):
    """A file of a few bytes that announces more pixels than the limit is not decoded."""
    assert side * side > MAX_PIXELS
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    content = b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(b"")) + png_chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(CorruptDataError, match="'a'"):
        read_image(tmp_path / "a.png", id="a")


def test_a_text_bomb_is_refused(tmp_path, picture):
    """Compressed metadata that unfolds to many megabytes is not taken in."""
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "x" * (PngImagePlugin.MAX_TEXT_CHUNK + 1), zip=True)
    picture.save(tmp_path / "a.png", pnginfo=info)
    with pytest.raises(CorruptDataError, match="'a'"):
        read_image(tmp_path / "a.png", id="a")


def test_floating_point_pixels_are_refused(tmp_path):
    """Their range is not known."""
    Image.fromarray(np.zeros((4, 4), dtype=np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(CorruptDataError, match="floating-point"):
        read_image(tmp_path / "a.tiff", id="a")


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_damaged_bytes_give_an_image_or_a_named_error(tmp_path, picture, format_):
    """Whatever a decoder raises on damaged bytes, the caller meets a CorruptDataError or an image."""
    buffer = io.BytesIO()
    picture.save(buffer, format_)
    rng = np.random.default_rng(5)
    path, outcomes = tmp_path / "a", set()
    for _ in range(60):
        damaged = bytearray(buffer.getvalue())
        for at in rng.integers(0, len(damaged), 4):
            damaged[at] = int(rng.integers(256))
        path.write_bytes(bytes(damaged))
        try:
            outcomes.add(read_image(path, id="a").mode)
        except CorruptDataError:
            outcomes.add("corrupt")
    assert outcomes <= {"RGB", "corrupt"}
    assert "corrupt" in outcomes
