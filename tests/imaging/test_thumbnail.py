"""Thumbnails of JPEG and PNG: every mode, upright, in sRGB, without metadata."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import Base as Tag
from PIL.PngImagePlugin import PngInfo

from coffer.adapters.imaging.decode import PILLOW_FORMATS
from coffer.domain.thumbnails.ports import ThumbnailError
from tests.fakes.files import deep_png, png_header
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
from tests.imaging.hostile import sized
from tests.imaging.profiles import adobe_rgb, linear_grey

SECRET = b"swordfish"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((400, 300), (200, 150)),
        ((300, 400), (150, 200)),
        ((200, 200), (200, 200)),
        ((201, 201), (200, 200)),
        ((2000, 30), (200, 3)),
        ((5000, 1), (200, 1)),
        ((10, 8), (10, 8)),
        ((1, 1), (1, 1)),
    ],
)
def test_it_fits_the_square_and_is_never_enlarged(
    kind: str, size: tuple[int, int], small: tuple[int, int]
) -> None:
    assert make(plain(kind, size=size)).size == small


def test_the_square_has_the_configured_size() -> None:
    made = Image.open(io.BytesIO(picture_of(plain("PNG"), 50).thumbnail))
    assert made.size == (50, 38)


@pytest.mark.parametrize(
    ("kind", "mode", "colour", "shown"),
    [
        ("JPEG", "L", 200, (200, 200, 200)),
        ("JPEG", "RGB", GREEN, GREEN),
        ("JPEG", "CMYK", (255, 0, 0, 0), (0, 255, 255)),
        ("PNG", "L", 200, (200, 200, 200)),
        ("PNG", "RGB", GREEN, GREEN),
        ("PNG", "1", 1, (255, 255, 255)),
        ("PNG", "1", 0, (0, 0, 0)),
        ("PNG", "LA", (50, 255), (50, 50, 50)),
        ("PNG", "LA", (50, 0), (255, 255, 255)),
        ("PNG", "RGBA", (*GREEN, 255), GREEN),
        ("PNG", "RGBA", (*GREEN, 0), (255, 255, 255)),
        ("PNG", "RGBA", (0, 0, 0, 128), (127, 127, 127)),
        ("PNG", "I;16", 0x8000, (128, 128, 128)),
        ("PNG", "I;16", 0xFFFF, (255, 255, 255)),
        ("PNG", "I;16", 0, (0, 0, 0)),
    ],
)
def test_every_mode_has_its_colours(
    kind: str, mode: str, colour: Any, shown: tuple[int, int, int]
) -> None:
    made = make(plain(kind, mode, colour))
    assert made.mode in ("RGB", "L")
    assert near(colour_of(made), shown)


@pytest.mark.parametrize(
    ("colour_type", "pixel", "shown"),
    [
        (0, (0x8000,), (128, 128, 128)),
        (2, (0x1E00, 0xB400, 0x3C00), GREEN),
        (4, (0x8000, 0xFFFF), (128, 128, 128)),
        (4, (0x8000, 0), (255, 255, 255)),
        (6, (0x1E00, 0xB400, 0x3C00, 0xFFFF), GREEN),
        (6, (0x1E00, 0xB400, 0x3C00, 0), (255, 255, 255)),
    ],
)
def test_sixteen_bits_a_channel_become_eight(
    colour_type: int, pixel: tuple[int, ...], shown: tuple[int, int, int]
) -> None:
    made = make(deep_png(400, 300, colour_type, pixel))
    assert made.size == (200, 150)
    assert near(colour_of(made), shown)


def test_a_palette_is_resolved() -> None:
    image = Image.new("RGB", (400, 300), GREEN).quantize(4)
    assert near(colour_of(make(encode(image, "PNG"))), GREEN)


def test_the_transparent_entry_of_a_palette_is_white() -> None:
    image = Image.new("P", (400, 300), 1)
    image.putpalette([0, 0, 0, *GREEN])
    assert near(colour_of(make(encode(image, "PNG"))), GREEN)
    assert near(colour_of(make(encode(image, "PNG", transparency=1))), (255, 255, 255))


@pytest.mark.parametrize(("mode", "colour"), [("RGB", GREEN), ("L", 90)])
def test_the_transparent_colour_is_white(mode: str, colour: Any) -> None:
    made = make(plain("PNG", mode, colour, transparency=colour))
    assert near(colour_of(made), (255, 255, 255))


def test_bilevel_images_are_smoothed() -> None:
    stripes = Image.new("1", (400, 400))
    for x in range(0, 400, 2):
        stripes.paste(1, (x, 0, x + 1, 400))
    assert near(colour_of(make(encode(stripes, "PNG"))), (128, 128, 128), apart=20)


def test_a_progressive_jpeg_is_decoded() -> None:
    assert near(colour_of(make(plain("JPEG", progressive=True))), GREEN)


def test_the_first_of_several_pictures_is_used() -> None:
    """Multi-picture JPEG (CIPA DC-007), as many cameras and phones write it."""
    first, second = Image.new("RGB", (400, 300), GREEN), Image.new("RGB", (400, 300))
    image = encode(first, "MPO", save_all=True, append_images=[second])
    made = make(image)
    assert made.size == (200, 150)
    assert near(colour_of(made), GREEN)


def upright() -> Image.Image:
    return Image.new("RGB", (800, 400), GREEN)


def with_exif(image: Image.Image, kind: str, orientation: Any) -> bytes:
    exif = Image.Exif()
    exif[Tag.Orientation] = orientation
    return encode(image, kind, exif=exif)


@pytest.mark.parametrize("orientation", [0, 9, 200])
def test_an_invalid_orientation_is_upright(orientation: int) -> None:
    assert make(with_exif(upright(), "JPEG", orientation)).size == (200, 100)


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0nonsense",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 50,
        # The orientation as text, and another entry that lies about its length.
        b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x02\0\x02\0\0\0x\0\0\0\x0e\x01\x02\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0",
    ],
)
def test_damaged_metadata_is_ignored(exif: bytes) -> None:
    assert make(encode(upright(), "JPEG", exif=exif)).size == (200, 100)


@pytest.mark.parametrize(
    ("kind", "mode", "colour"),
    [
        ("JPEG", "RGB", (140, 180, 120)),
        ("PNG", "RGB", (140, 180, 120)),
        ("PNG", "RGBA", (140, 180, 120, 255)),
    ],
)
def test_a_wide_gamut_becomes_srgb(kind: str, mode: str, colour: Any) -> None:
    made = make(plain(kind, mode, colour, icc_profile=adobe_rgb()))
    # By the matrices of both spaces: red is the one that Adobe RGB spells differently.
    assert near(colour_of(made), (120, 181, 117), apart=5)
    assert "icc_profile" not in made.info


@pytest.mark.parametrize(("mode", "value"), [("L", 128), ("LA", (128, 255))])
def test_a_profile_of_grey_is_applied_with_and_without_alpha(mode: str, value: Any) -> None:
    made = make(plain("PNG", mode, value, icc_profile=linear_grey()))
    assert near(colour_of(made), (188, 188, 188), apart=2)


@pytest.mark.parametrize(
    ("kind", "mode", "colour", "shown", "icc_profile"),
    [
        ("JPEG", "RGB", GREEN, GREEN, b"nonsense"),
        ("JPEG", "L", 90, (90, 90, 90), b"nonsense"),
        ("JPEG", "L", 90, (90, 90, 90), adobe_rgb()),
        ("JPEG", "CMYK", (255, 0, 0, 0), (0, 255, 255), b"nonsense"),
        ("JPEG", "CMYK", (255, 0, 0, 0), (0, 255, 255), adobe_rgb()),
        ("PNG", "LA", (90, 255), (90, 90, 90), b"nonsense"),
    ],
)
def test_a_profile_of_another_colour_space_is_ignored(
    kind: str, mode: str, colour: Any, shown: tuple[int, int, int], icc_profile: bytes
) -> None:
    assert near(colour_of(make(plain(kind, mode, colour, icc_profile=icc_profile))), shown)


def test_no_metadata_of_the_image_is_left() -> None:
    exif = Image.Exif()
    exif[Tag.ImageDescription] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = "N"  # a position
    image = plain(
        "JPEG",
        exif=exif,
        comment=SECRET,
        xmp=b"<x:xmpmeta>" + SECRET,
        icc_profile=adobe_rgb(),
        dpi=(301, 301),
    )
    assert SECRET in image
    thumbnail = picture_of(image).thumbnail
    assert SECRET not in thumbnail
    for mark in (b"Exif", b"adobe", b"Adobe", b"ICC_PROFILE", b"\xff\xfe"):
        assert mark not in thumbnail[: thumbnail.index(b"\xff\xda")]
    made = Image.open(io.BytesIO(thumbnail))
    assert not made.getexif()
    assert set(made.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_no_metadata_of_a_png_is_left() -> None:
    texts = PngInfo()
    texts.add_text("Comment", SECRET.decode())
    texts.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    image = plain("PNG", pnginfo=texts, dpi=(301, 301))
    assert SECRET in image
    assert SECRET not in picture_of(image).thumbnail


@pytest.mark.parametrize("image", [b"", b"x", b"GIF89a", bytes(1000)])
@pytest.mark.parametrize("media_type", sorted(PILLOW_FORMATS))
def test_bytes_of_another_type_are_not_an_image(image: bytes, media_type: str) -> None:
    assert failure_of(image, media_type) in ("not_an_image", "image_damaged")


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP", "WEBP", "PNG"])
def test_only_the_decoder_of_the_detected_type_is_used(kind: str) -> None:
    assert failure_of(plain(kind), "image/jpeg") == "not_an_image"
    assert failure_of(plain(kind), "text/plain") == "not_an_image"


def test_a_png_that_cannot_be_decompressed_is_damaged() -> None:
    image = bytearray(plain("PNG"))
    start = image.index(b"IDAT") + 6
    image[start : start + 50] = b"\xff" * 50
    assert failure_of(bytes(image)) == "image_damaged"


def test_a_damaged_list_of_pictures_does_not_crash() -> None:
    first = Image.new("RGB", (400, 300), GREEN)
    image = bytearray(encode(first, "MPO", save_all=True, append_images=[first]))
    mark = image.index(b"MPF\0")
    for at in range(mark + 4, mark + 60):
        damaged = bytearray(image)
        damaged[at] ^= 0xFF
        try:
            make(bytes(damaged))
        except ThumbnailError as error:
            assert error.code in ("image_damaged", "not_an_image")  # noqa: PT017 - or it is made


@pytest.mark.parametrize("size", [(20_000, 20_000), (1, 2**31 - 1), (2**31 - 1, 1)])
def test_a_png_with_too_many_pixels_is_not_decoded(size: tuple[int, int]) -> None:
    assert failure_of(png_header(*size)) == "image_too_large"


def test_the_size_of_a_webp_is_checked_before_decoding() -> None:
    image = sized("image/webp", 9000, 9000)
    before = peak_kib()
    assert failure_of(image, "image/webp") == "image_too_large"
    assert peak_kib() - before < 100 * 1024


def peak_kib() -> int:
    """Return the peak address space of this process, including untouched memory."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmPeak")]
    return int(line.split()[1])


def test_a_jpeg_with_too_many_pixels_is_not_decoded() -> None:
    image = bytearray(plain("JPEG", size=(16, 16)))
    frame = image.index(b"\xff\xc0")
    image[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
    assert failure_of(bytes(image)) == "image_too_large"


def noise(kind: str, **options: Any) -> bytes:
    return encode(Image.effect_noise((48, 32), 60).convert("RGB"), kind, **options)


HEALTHY = (
    noise("JPEG", icc_profile=adobe_rgb(), comment=SECRET),
    noise("JPEG", progressive=True),
    noise("PNG", icc_profile=adobe_rgb()),
    encode(Image.effect_noise((48, 32), 60).convert("P"), "PNG", transparency=3),
    with_exif(upright(), "JPEG", 6),
    with_exif(upright(), "PNG", 6),
    deep_png(48, 32, 0, (0x8000,)),
)


@given(
    st.sampled_from(HEALTHY),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    st.floats(0, 1),
)
def test_a_damaged_file_only_fails(
    image: bytes, damages: list[tuple[float, int]], kept: float
) -> None:
    damaged = bytearray(image)
    for place, value in damages:
        # The nearer the beginning, the more is decided by it.
        damaged[int(place**3 * len(damaged))] = value
    length = len(damaged) if kept > 0.3 else int(kept * 3 * len(damaged))
    try:
        thumbnail = picture_of(bytes(damaged[:length])).thumbnail
    except ThumbnailError as error:
        assert error.code  # noqa: PT017 - or it is made
    else:
        assert thumbnail.startswith(b"\xff\xd8\xff")


def test_too_little_memory_has_its_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "thumbnail", refuse)
    assert failure_of(plain("PNG")) == "memory_exhausted"


def test_a_large_jpeg_2000_is_decoded_at_a_low_resolution() -> None:
    made = make(plain("JPEG2000", size=(1600, 1200)))
    assert made.size == (200, 150)
    assert near(colour_of(made), GREEN)


def test_lab_colours_are_converted() -> None:
    made = make(plain("TIFF", "LAB", (255, 128, 128)))
    assert near(colour_of(made), (255, 255, 255))


def test_an_image_of_one_value_is_black() -> None:
    assert colour_of(make(encode(Image.new("F", (40, 30), 0.5), "TIFF"))) == (0, 0, 0)
