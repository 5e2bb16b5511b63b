"""JPEG 2000: few resolutions, deep colours, and ICC profiles."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from coffer.adapters.imaging.jpeg2000 import profile_of, read_codestream
from tests.imaging.containers import DEEP_JPEG_2000, jp2_with_profile
from tests.imaging.golden import picture
from tests.imaging.helpers import GREEN, colour_of, encode, failure_of, make, near, plain
from tests.imaging.profiles import adobe_rgb


@pytest.mark.parametrize("resolutions", [1, 2, 3, 6])
@pytest.mark.parametrize("form", ["picture.jp2", "picture.j2k"])
def test_no_more_resolutions_are_skipped_than_exist(resolutions: int, form: str) -> None:
    out = io.BytesIO()
    large = picture().resize((2400, 1600))
    large.save(out, "JPEG2000", num_resolutions=resolutions, no_jp2=form.endswith("j2k"))
    file = io.BytesIO(out.getvalue())
    found = read_codestream(file)
    assert found is not None
    assert (found.levels, found.depth, found.components) == (resolutions - 1, 8, 3)
    made = make(out.getvalue())
    assert made.size == (200, 133)
    assert near(colour_of(made, 0.05, 0.05), (255, 0, 0), apart=10)


def test_the_white_of_deep_colours_is_white() -> None:
    made = make(DEEP_JPEG_2000)
    assert made.size == (16, 4)
    assert near(colour_of(made, 0.1), (255, 255, 255), apart=6)
    assert near(colour_of(made, 0.9), (233, 4, 0), apart=6)


@pytest.mark.parametrize("size", [(160, 120), (1600, 1200)])
@pytest.mark.parametrize("high", [65535, 4095, 900])
@pytest.mark.parametrize("is_codestream", [False, True])
def test_deep_grey_has_contrast(high: int, size: tuple[int, int], *, is_codestream: bool) -> None:
    ramp = Image.new("I;16", size)
    row = struct.pack(f"<{size[0]}H", *(x * high // (size[0] - 1) for x in range(size[0])))
    ramp.frombytes(row * size[1])
    made = make(encode(ramp, "JPEG2000", no_jp2=is_codestream))
    assert near(colour_of(made, 0.5), (128,) * 3, apart=8)
    assert near(colour_of(made, 0.02), (0,) * 3, apart=12)
    assert near(colour_of(made, 0.98), (255,) * 3, apart=12)


def test_deep_colours_with_alpha_are_unsupported() -> None:
    image = bytearray(encode(Image.new("RGBA", (40, 30)), "JPEG2000", no_jp2=True))
    for component in range(4):
        image[42 + 3 * component] = 15  # bits, less one
    assert failure_of(bytes(image)) == "kind_unsupported"


def test_damaged_deep_colours_are_damaged() -> None:
    assert failure_of(DEEP_JPEG_2000[:150]) == "image_damaged"


def test_an_embedded_profile_is_applied() -> None:
    image = jp2_with_profile(plain("JPEG2000", colour=(140, 180, 120)), adobe_rgb())
    assert profile_of(io.BytesIO(image)) == adobe_rgb()
    assert near(colour_of(make(image)), (120, 181, 117), apart=5)
    assert near(colour_of(make(plain("JPEG2000"))), GREEN)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\xff\x4f\xff\x51",
        b"\xff\x4f\xff\x51\0\x01",
        b"\xff\x4f\xff\x51\0\x28" + bytes(60),
        b"\xff\x4f\xff\x51\0\x29" + bytes(34) + b"\0\x01\x07\x01\x01" + b"\xff\x52\0\x01" * 9,
        b"\xff\x4f\xff\x51\0\x29" + bytes(34) + b"\0\x01\x07\x01\x01" + b"\xff\x64\0\x02",
        struct.pack(">I4sI4s", 16, b"jP  ", 0, b"jp2c") + b"nothing",
    ],
)
def test_an_unreadable_header_has_no_properties(file: bytes) -> None:
    assert read_codestream(io.BytesIO(file)) is None
    assert profile_of(io.BytesIO(file)) is None
