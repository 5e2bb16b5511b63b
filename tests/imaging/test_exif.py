"""Image properties: EXIF with the names and wording of the reference."""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from coffer.adapters.imaging.exif import (
    capture_time,
    exif_of,
    orientation_of,
)
from coffer.adapters.imaging.tiff_directories import (
    MAX_TOTAL_BYTES,
    MAX_VALUE_BYTES,
    Directory,
    read_directories,
)
from coffer.domain.thumbnails.ports import ThumbnailError
from coffer.domain.uploads.image_properties import MAX_CHARACTERS, MAX_TAGS, ImageProperties
from tests.imaging.containers import Entry, Tiff, exif_block, with_chunk
from tests.imaging.golden import heic, picture, stored
from tests.imaging.helpers import encode, picture_of, plain

CAMERA: dict[int, Entry] = {
    0x829A: Fraction(1, 125),
    0x829D: Fraction(28, 10),
    0x8822: 2,
    0x8827: 100,
    0x9003: "2020:11:13 10:03:17",
    0x9004: "2020:11:13 10:03:18",
    0x9209: 0x19,
    0x920A: Fraction(50),
    0xA434: "EF 50mm",
    0x927C: b"the maker's own" * 10,
}
TOLD = {
    "Exposure Time": "1/125 sec",
    "F-Number": "f/2.8",
    "Exposure Program": "Program normal",
    "ISO Speed Ratings": "100",
    "Date/Time Original": "2020:11:13 10:03:17",
    "Date/Time Digitized": "2020:11:13 10:03:18",
    "Flash": "Flash fired, auto",
    "Focal Length": "50 mm",
    "Lens Model": "EF 50mm",
}
WITH_POSITION: dict[int, Entry] = {0x8825: 8, 0x010F: "The maker", 0x0112: 6}


def properties_of(image: bytes) -> ImageProperties:
    return picture_of(image).properties


def described(tag: int, value: Entry) -> str | None:
    told = exif_of(read_directories(io.BytesIO(exif_block({tag: value}))))
    return next(iter(told.values()), None)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_the_properties_of_a_photo_are_the_cameras(kind: str, order: str) -> None:
    block = exif_block(CAMERA, WITH_POSITION, order)
    if kind == "HEIF":
        image = heic(picture(), exif=b"Exif\0\0" + block)
    else:
        image = encode(picture(), kind, exif=b"Exif\0\0" + block)
    properties = properties_of(image)
    assert properties.exif == TOLD
    assert properties.date_time_digitized == "2020-11-13T10:03:17"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF"])
@pytest.mark.parametrize("orientation", [1, 6, 8])
def test_width_and_height_are_those_of_the_upright_picture(kind: str, orientation: int) -> None:
    properties = properties_of(stored(kind, orientation))
    assert (properties.width, properties.height) == (480, 320)
    # AVIF has properties of its own for turned pictures only.
    assert properties.orientation == (None if (kind, orientation) == ("AVIF", 1) else orientation)


def test_a_tiff_has_its_properties_in_its_own_directory() -> None:
    tiff = Tiff()
    pixels = tiff.blob(bytes(40 * 30))
    exif = tiff.directory({0x9003: "2020:11:13 10:03:17"})
    image = {256: 40, 257: 30, 258: 8, 259: 1, 262: 1, 273: pixels, 277: 1, 278: 30, 279: 1200}
    properties = properties_of(tiff.finish(tiff.directory({**image, 0x8769: exif})))
    assert properties.date_time_digitized == "2020-11-13T10:03:17"


@pytest.mark.parametrize("place", ["in front of", "behind", "as a text in front of"])
def test_the_exif_of_a_png_is_found_in_every_place(place: str) -> None:
    turned = encode(picture().transpose(Image.Transpose.ROTATE_90), "PNG")
    block = exif_block({0x9003: "2020:11:13 10:03:17"}, {0x0112: 6})
    if place == "as a text in front of":
        hexadecimals = (b"Exif\0\0" + block).hex().encode()
        text = b"\nexif\n%8d\n%s\n" % (len(block) + 6, hexadecimals)
        body = b"Raw profile type exif\0\0" + zlib.compress(text)
        image = with_chunk(turned, b"zTXt", body)
    else:
        image = with_chunk(turned, b"eXIf", block, b"IEND" if place == "behind" else b"IDAT")
    made = picture_of(image)
    assert (made.properties.width, made.properties.height, made.properties.orientation) == (
        480,
        320,
        6,
    )
    assert made.properties.date_time_digitized == "2020-11-13T10:03:17"
    assert Image.open(io.BytesIO(made.thumbnail)).size == (200, 133)


def test_a_text_that_is_not_exif_is_ignored() -> None:
    image = with_chunk(plain("PNG"), b"tEXt", b"Raw profile type exif\0\nexif\n4\nxyz\n")
    assert properties_of(image) == ImageProperties(width=400, height=300)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_directories_of_a_bigtiff_are_read(order: str) -> None:
    taken = b"2020:11:13 10:03:17\0"

    def directory(*entries: tuple[int, int, int, bytes]) -> bytes:
        packed = b"".join(
            struct.pack(f"{order}HHQ", *entry[:3]) + entry[3].ljust(8, b"\0") for entry in entries
        )
        return struct.pack(f"{order}Q", len(entries)) + packed + bytes(8)

    def number(value: int, code: str = "Q") -> bytes:
        return struct.pack(f"{order}{code}", value)

    mark = b"II+\0\x08\0\0\0" if order == "<" else b"MM\0+\0\x08\0\0"
    first = directory((0x0112, 3, 1, number(8, "H")), (0x8769, 18, 1, number(72)))
    file = mark + number(16) + first + directory((0x9003, 2, 20, number(108))) + taken
    found = read_directories(io.BytesIO(file))
    assert orientation_of(found) == 8
    assert exif_of(found) == {"Date/Time Original": "2020:11:13 10:03:17"}
    for length in range(len(file)):
        read_directories(io.BytesIO(file[:length]))


def test_values_that_share_their_bytes_are_limited_in_total() -> None:
    entries = b"".join(struct.pack("<HHII", tag, 3, 25_000, 6_200) for tag in range(512))
    block = b"II*\0\x08\0\0\0" + struct.pack("<H", 512) + entries + bytes(60_000)
    [directory] = read_directories(io.BytesIO(block))
    assert len(directory.values) == MAX_TOTAL_BYTES // 50_000


def test_an_image_without_exif_has_a_size_only() -> None:
    assert properties_of(plain("PNG")) == ImageProperties(width=400, height=300)


def test_a_damaged_image_keeps_its_properties() -> None:
    image = encode(picture(), "JPEG", exif=b"Exif\0\0" + exif_block(CAMERA), quality=95)
    with pytest.raises(ThumbnailError) as failed:
        picture_of(image[: len(image) // 2])
    assert failed.value.code == "image_truncated"
    assert failed.value.properties.exif == TOLD
    assert failed.value.properties.width == 480


@pytest.mark.parametrize(
    ("tag", "value", "text"),
    [
        (0x829A, Fraction(2), "2 sec"),
        (0x829A, Fraction(25, 10), "2.5 sec"),
        (0x829A, Fraction(), "0 sec"),
        (0x9000, b"0231", "2.31"),
        (0xA000, b"0100", "1.00"),
        (0x9000, b"none", None),
        (0x9101, bytes((1, 2, 3, 0)), "YCbCr"),
        (0x9102, Fraction(4), "4 bits/pixel"),
        (0x9201, Fraction(7), "1/128 sec"),
        (0x9201, Fraction(-1), "2 sec"),
        (0x9201, Fraction(2**30), None),
        (0x9202, Fraction(3), "f/2.8"),
        (0x9204, Fraction(-1, 3), "-0.333 EV"),
        (0x9206, Fraction(3, 2), "1.5 metres"),
        (0x9207, 5, "Multi-segment"),
        (0x9207, 77, "Unknown (77)"),
        (0x9208, 1, "Daylight"),
        (0x9208, 99, "Unknown (99)"),
        (0x9209, 0, "Flash did not fire"),
        (0x9209, 0x4F, "Flash fired, return detected, red-eye reduction"),
        (0x9209, 5, "Flash fired, return not detected"),
        (0x9286, b"ASCII\0\0\0a word  ", "a word"),
        (0x9286, b"UNICODE\0" + "Käfer".encode("utf-16"), "Käfer"),
        (0x9286, b"JIS\0\0\0\0\0nothing", None),
        (0xA001, 1, "sRGB"),
        (0xA001, 65535, "Undefined"),
        (0xA001, 2, "Unknown (2)"),
        (0xA002, 4032, "4032 pixels"),
        (0xA300, b"\3", "Digital Still Camera (DSC)"),
        (0xA301, b"\1", "Directly photographed image"),
        (0xA402, 0, "Auto exposure"),
        (0xA404, Fraction(), "Digital zoom not used"),
        (0xA404, Fraction(3, 2), "1.5"),
        (0xA405, 75, "75 mm"),
        (0xA500, Fraction(22, 10), "2.2"),
        (0xA20B, Fraction(1, 3), "1/3"),
        (0x9214, [1, 2, 3], None),
        (0x8827, [100, 200], "100 200"),
        (0xA433, "   ", None),
        (0xA433, "A\x07B", "A B"),
        (0xA433, "x" * 1000, "x" * MAX_CHARACTERS),
        (0x927C, b"the maker's own", None),
        (0xFFFF, 1, None),
        (0x8822, 1, "Manual control"),
    ],
)
def test_a_tag_has_the_references_wording(tag: int, value: Entry, text: str | None) -> None:
    if text is None and tag == 0x9201:
        assert described(tag, value) is not None  # no exponent is calculated with for ever
        return
    assert described(tag, value) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((24, 1, 70, 1, 28, 10, 28, 10), "24-70mm f/2.8"),
        ((50, 1, 50, 1, 14, 10, 14, 10), "50mm f/1.4"),
        ((50, 1, 50, 1, 0, 0, 0, 0), "50mm"),
        ((0, 0, 0, 0, 0, 0, 0, 0), ""),
    ],
)
def test_a_lens_is_described_by_lengths_and_apertures(values: tuple[int, ...], text: str) -> None:
    lens = tuple(
        Fraction(over, under) if under else None
        for over, under in zip(values[::2], values[1::2], strict=True)
    )
    directory = Directory(values={0xA432: lens})
    told = exif_of([Directory(values={}, exif=(directory,))])
    assert told.get("Lens Specification", "") == (text if lens[0] else "")


def test_infinite_and_missing_numbers_are_zero() -> None:
    tags = {0xA405: (float("nan"),), 0xA20B: (None, Fraction(1)), 0x920A: (float("inf"),)}
    told = exif_of([Directory(values={}, exif=(Directory(values=tags),))])
    assert told == {"Focal Length 35": "0 mm", "Focal Length": "0 mm"}


def test_the_number_of_tags_is_limited() -> None:
    assert len(exif_of([Directory(values={}, exif=(_every_tag(),))])) <= MAX_TAGS


def _every_tag() -> Directory:
    return Directory(values=dict.fromkeys(range(65536), "x"))


@pytest.mark.parametrize(
    ("properties", "moment"),
    [
        ({}, None),
        ({"Date/Time Original": "2020:11:13 10:03:17"}, "2020-11-13T10:03:17"),
        ({"Date/Time Digitized": "2020:11:13 10:03:17"}, "2020-11-13T10:03:17"),
        (
            {"Date/Time Original": "2020:11:13 10:03:17", "Date/Time": "2021:01:01 00:00:00"},
            "2020-11-13T10:03:17",
        ),
        ({"Date/Time Original": "0000:00:00 00:00:00", "Date/Time": "nonsense"}, None),
        ({"Date/Time Original": "2020:13:45 10:03:17"}, None),
        ({"Date/Time Original": "2020:11:13 10:03:17.25"}, "2020-11-13T10:03:17"),
    ],
)
def test_the_first_valid_time_is_used(properties: dict[str, str], moment: str | None) -> None:
    assert capture_time(properties) == moment


@pytest.mark.parametrize("orientation", [0, 9, 60000])
def test_an_invalid_orientation_is_none(orientation: int) -> None:
    block = exif_block({}, {0x0112: orientation})
    assert orientation_of(read_directories(io.BytesIO(block))) is None


def test_a_value_outside_the_file_or_too_long_is_skipped() -> None:
    tiff = Tiff()
    entries = struct.pack(
        "<H" + "HHII" * 4 + "I",
        4,
        *(0x9003, 2, 20, 2**31),
        *(0xA433, 2, MAX_VALUE_BYTES + 1, 8),
        *(0xA434, 99, 1, 8),
        *(0x0112, 3, 1, 6),
        0,
    )
    [directory] = read_directories(io.BytesIO(tiff.finish(tiff.blob(entries))))
    assert directory.values == {0x0112: (6,)}


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_block_raises(noise: bytes, place: int) -> None:
    block = bytearray(exif_block(CAMERA, {0x014A: [8], 0x0112: 6}))
    block[place : place + len(noise)] = noise
    directories = read_directories(io.BytesIO(bytes(block)))
    told = exif_of(directories)
    assert all(told.values())
    capture_time(told)
    orientation_of(directories)
