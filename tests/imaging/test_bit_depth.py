"""Greyscale images of more than eight bits, in every form."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from tests.fakes.files import deep_png
from tests.imaging.containers import Tiff, grey_tiff, with_chunk
from tests.imaging.helpers import colour_of, failure_of, make, near

WHITE = (255, 255, 255)
SIZE = (300, 200)


@pytest.mark.parametrize(
    ("order", "photometric", "shown"), [("<", 1, 64), (">", 1, 64), ("<", 0, 191)]
)
def test_sixteen_bits_are_the_same_in_every_byte_order_and_polarity(
    order: str, photometric: int, shown: int
) -> None:
    made = make(grey_tiff("H", 0x4000, order=order, photometric=photometric, bits=16))
    assert made.size == (200, 133)
    assert near(colour_of(made), (shown,) * 3, apart=1)


def test_signed_bytes_start_below_zero() -> None:
    assert near(colour_of(make(grey_tiff("b", 0, bits=8, kind=2))), (128, 128, 128), apart=1)
    assert near(colour_of(make(grey_tiff("b", -128, bits=8, kind=2))), (0, 0, 0), apart=1)


def twelve_bits(values: Sequence[int]) -> bytes:
    pairs = zip(values[::2], values[1::2], strict=True)
    return b"".join((one << 12 | other).to_bytes(3, "big") for one, other in pairs)


def test_twelve_bits_are_scaled_by_their_range() -> None:
    width, height = SIZE
    tiff = Tiff()
    strip = tiff.blob(twelve_bits([0x800] * width) * height)
    directory = {256: width, 257: height, 258: 12, 259: 1, 262: 1, 273: strip}
    directory |= {277: 1, 278: height, 279: width * height * 3 // 2}
    made = make(tiff.finish(tiff.directory(directory)))
    assert near(colour_of(made), (128, 128, 128), apart=1)


@pytest.mark.parametrize(
    ("transparent", "shown"), [(0x4000, WHITE), (0x4001, (64, 64, 64)), (0, (64, 64, 64))]
)
def test_the_transparent_value_of_sixteen_bits_is_white(
    transparent: int, shown: tuple[int, int, int]
) -> None:
    image = with_chunk(deep_png(*SIZE, 0, (0x4000,)), b"tRNS", struct.pack(">H", transparent))
    assert near(colour_of(make(image)), shown, apart=1)


def test_a_tiff_of_unsupported_numbers_is_kind_unsupported() -> None:
    assert failure_of(grey_tiff("q", 5, bits=64)) == "kind_unsupported"
    assert failure_of(grey_tiff("d", 5, bits=64, kind=6)) == "kind_unsupported"  # complex numbers
