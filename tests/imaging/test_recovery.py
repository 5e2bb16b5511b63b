"""Files with good pixels and a damaged rest, and files that end too early."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from random import Random
from typing import Any

import pytest
from PIL import Image

from tests.imaging.containers import exif_block, with_chunk
from tests.imaging.helpers import (
    GREEN,
    colour_of,
    encode,
    failure_of,
    make,
    near,
    picture_of,
    plain,
)
from tests.imaging.profiles import adobe_rgb
from tests.imaging.scientific import Picture, Value, ramp


def chunk(kind: bytes, body: bytes, checksum: int | None = None) -> bytes:
    value = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", value)


def png_with(extra: bytes, before: bytes = b"IDAT") -> bytes:
    png = plain("PNG")
    place = png.index(before) - 4
    return png[:place] + extra + png[place:]


LONG = b"x" * 3_000_000
BOMB = zlib.compress(b"x" * 70_000_000)


@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(LONG)),
        chunk(b"zTXt", b"Comment\0\0" + BOMB),
        chunk(b"zTXt", b"Comment\0\0nonsense"),
        chunk(b"zTXt", b"Comment"),
        chunk(b"tEXt", b"Comment\0" + LONG),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + LONG),
        chunk(b"iTXt", b"workflow\0\1\0\0\0" + BOMB),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 900_000)) * 80,
        chunk(b"tEXt", b"Comment\0text", 5),
        chunk(b"iTXt", b"Comment\0\0\0\0\0text", 5),
        chunk(b"pHYs", bytes(9), 5),
        chunk(b"tIME", bytes(7), 5),
        chunk(b"iCCP", b"profile\0\0" + zlib.compress(adobe_rgb()), 5),
        chunk(b"iCCP", b"profile\0\0" + BOMB),
        chunk(b"iCCP", b"profile\0\0nonsense"),
        chunk(b"iCCP", b"\0"),
        chunk(b"eXIf", b"II*\0", 5),
        chunk(b"prVt", LONG),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + BOMB),
    ],
    ids=range(19),
)
def test_a_png_with_a_large_or_damaged_extra_chunk_has_a_thumbnail(
    extra: bytes, before: bytes
) -> None:
    result = picture_of(png_with(extra, before), media_type="image/png")
    assert near(colour_of(Image.open(io.BytesIO(result.thumbnail))), GREEN)
    assert result.warning is None


def test_a_large_profile_of_a_png_is_applied() -> None:
    profile = bytearray(adobe_rgb())
    profile += bytes(2_000_000)
    profile[:4] = struct.pack(">I", len(profile))
    made = make(plain("PNG", "RGB", (140, 180, 120), icc_profile=bytes(profile)))
    assert near(colour_of(made), (120, 181, 117), apart=5)


def test_the_exif_of_a_png_survives_a_large_text() -> None:
    png = encode(Image.new("RGB", (400, 200), GREEN), "PNG", exif=exif_block({}, {0x0112: 6}))
    assert make(with_chunk(png, b"tEXt", b"Comment\0" + LONG)).size == (100, 200)


@cache
def picture(size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Return a picture with as many details as a photograph, the same in every run."""
    noise = Image.frombytes("RGB", size, Random(1).randbytes(3 * size[0] * size[1]))
    return Image.blend(Image.new("RGB", size, GREEN), noise, 0.3)


KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("image/jpeg", {"quality": 90}),
    "JPEG with restart markers": ("image/jpeg", {"quality": 90, "restart_marker_rows": 1}),
    "PNG": ("image/png", {}),
    "BMP": ("image/bmp", {}),
    "GIF": ("image/gif", {}),
    "PPM": ("image/x-portable-pixmap", {}),
}


def cut(kind: str, left: float) -> tuple[bytes, str]:
    media_type, options = KINDS[kind]
    image = encode(picture(), kind.split(" ")[0], **options)
    return image[: int(len(image) * left)], media_type


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("left", [0.9, 0.95, 0.99])
def test_a_file_with_most_of_its_rows_has_a_thumbnail_and_a_warning(kind: str, left: float) -> None:
    image, media_type = cut(kind, left)
    result = picture_of(image, media_type=media_type)
    assert result.warning == "image_truncated"
    made = Image.open(io.BytesIO(result.thumbnail))
    assert made.size == (200, 150)
    assert near(colour_of(made, 0.5, 0.4), colour_of(make(cut(kind, 1)[0]), 0.5, 0.4), apart=12)
    assert result.properties.width == 400


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("left", [0.1, 0.3, 0.6, 0.8])
def test_a_file_with_few_of_its_rows_is_truncated(kind: str, left: float) -> None:
    image, media_type = cut(kind, left)
    assert failure_of(image, media_type) == "image_truncated"


@pytest.mark.parametrize("size", [(3000, 2000), (400, 300), (33, 17), (8, 8), (1, 1)])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_without_its_last_bytes_has_all_of_its_pixels(
    size: tuple[int, int], mode: str, missing: int
) -> None:
    image = encode(picture(size).convert(mode), "JPEG")
    result = picture_of(image[:-missing], media_type="image/jpeg")
    assert result.warning in ("image_truncated", None), "the decoder may have all it needs"
    whole = make(image)
    made = Image.open(io.BytesIO(result.thumbnail))
    assert near(colour_of(made, 0.9, 0.95), colour_of(whole, 0.9, 0.95), apart=12)


def test_a_progressive_jpeg_has_all_rows_after_its_first_scan() -> None:
    image = encode(picture(), "JPEG", progressive=True, quality=90)
    assert picture_of(image[: len(image) // 2], media_type="image/jpeg").warning
    assert failure_of(image[: len(image) // 40], "image/jpeg") == "image_truncated"


def test_the_small_picture_in_exif_does_not_count_as_a_scan() -> None:
    small = encode(picture((160, 120)), "JPEG", progressive=True)
    exif = b"Exif\0\0" + exif_block({}) + small[:20_000]
    image = encode(picture(), "JPEG", quality=90, exif=exif)
    assert failure_of(image[: len(image) * 6 // 10], "image/jpeg") == "image_truncated"


def test_an_interlaced_png_has_a_row_only_if_all_of_its_pixels_are_there() -> None:
    image = encode(picture(), "PNG")
    assert image[28] == 0
    assert failure_of(image[: len(image) // 2], "image/png") == "image_truncated"


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("WEBP", "image/webp"), ("JPEG2000", "image/jp2"), ("AVIF", "image/avif")],
)
@pytest.mark.parametrize("left", [0.5, 0.9])
def test_formats_that_decode_as_a_whole_are_truncated(
    kind: str, media_type: str, left: float
) -> None:
    image = encode(picture(), kind)
    assert failure_of(image[: int(len(image) * left)], media_type) == "image_truncated"


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_a_tiff_without_its_end_is_truncated(compression: str | None) -> None:
    image = encode(picture(), "TIFF", compression=compression)
    assert failure_of(image[: len(image) // 2], "image/tiff") == "image_truncated"


@pytest.mark.parametrize(
    ("code", "bands"),
    [
        ("H", (ramp(3000, 4000),)),
        ("i", (ramp(3000, 4000),)),
        ("f", (ramp(3000, 4000),)),
        ("H", (ramp(3000, 4000),) * 3),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_rows_of_a_deep_tiff_that_are_left_have_contrast(
    code: str, bands: tuple[Value, ...], order: str
) -> None:
    photometric = 2 if len(bands) == 3 else 1
    picture = Picture(code=code, bands=bands, order=order, photometric=photometric)
    image = picture.write_with_pixels_last()
    result = picture_of(image[: -len(image) // 10])
    assert result.warning == "image_truncated"
    made = Image.open(io.BytesIO(result.thumbnail))
    assert near(colour_of(made, 0.03, 0.3), (0, 0, 0), apart=20)
    assert near(colour_of(made, 0.97, 0.3), (255, 255, 255), apart=20)
    assert near(colour_of(made, 0.03, 0.99), (255, 255, 255), apart=20)
    assert failure_of(image[: len(image) // 2]) == "image_truncated"


def test_deep_bands_without_their_end_are_truncated() -> None:
    """Pillow alone would show them as a mosaic."""
    picture = Picture(code="H", bands=(ramp(0, 4000),) * 3, photometric=2, is_separate=True)
    image = picture.write_with_pixels_last()
    assert failure_of(image[: -len(image) // 50]) == "image_truncated"


def test_damaged_pixels_are_not_called_truncated() -> None:
    image = bytearray(encode(picture(), "PNG"))
    place = len(image) // 2
    image[place : place + 50] = b"\xff" * 50
    assert failure_of(bytes(image)) == "image_damaged"


def test_a_phone_picture_without_its_second_picture_has_a_thumbnail() -> None:
    image = encode(picture(), "MPO", save_all=True, append_images=[picture()])
    assert picture_of(image[: len(image) * 6 // 10], media_type="image/jpeg").warning is None
