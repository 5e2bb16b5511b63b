"""Thumbnails of camera raw files, from the preview inside."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from coffer.adapters.imaging.camera_raw import MAX_PREVIEWS, jpeg_size, read_raw
from coffer.adapters.imaging.tiff_directories import MAX_DIRECTORIES, read_directories
from coffer.domain.thumbnails.ports import ThumbnailError
from tests.imaging.containers import Tiff, cr2, cr3, orf, raf, raw
from tests.imaging.golden import picture, stored
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

TINY = plain("JPEG", size=(160, 120), colour=(0, 0, 0))
LARGE = plain("JPEG", size=(1200, 800))


@pytest.mark.parametrize("media_type", ["image/tiff", "image/x-raw-nikon", "image/x-raw-adobe"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_preview_that_is_large_enough_is_used(media_type: str, order: str) -> None:
    made = make(raw(LARGE, TINY, order=order), media_type)
    assert made.size == (200, 133)
    assert near(colour_of(made), GREEN)


def test_a_cr2_is_recognised_and_gets_a_thumbnail() -> None:
    made = make(cr2(LARGE, TINY))
    assert made.size == (200, 133)
    assert near(colour_of(made), GREEN)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_orientation_of_the_file_is_used_if_the_preview_has_none(
    orientation: int,
) -> None:
    turned = Image.open(io.BytesIO(stored("JPEG", orientation)))
    preview = encode(turned.resize((turned.width * 2, turned.height * 2)), "JPEG")
    for file, media_type in (
        (raw(preview, TINY, orientation=orientation), "image/x-raw-sony"),
        (cr2(preview, TINY, orientation=orientation), "image/x-canon-cr2"),
        (cr3(preview, orientation=orientation), "image/x-canon-cr3"),
    ):
        made = make(file, media_type)
        assert made.size == (200, 133)
        assert near(colour_of(made, 0.05, 0.05), (255, 0, 0), apart=40)
        assert near(colour_of(made, 0.95, 0.05), (0, 255, 0), apart=40)


def test_an_orientation_of_both_is_applied_once() -> None:
    preview = encode(
        picture().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=_exif_of(stored("JPEG", 6))
    )
    assert make(raw(preview, TINY, orientation=6), "image/x-raw-nikon").size == (200, 133)


def _exif_of(image: bytes) -> bytes:
    exif: bytes = Image.open(io.BytesIO(image)).info["exif"]
    return exif


@pytest.mark.parametrize(
    ("file", "media_type"),
    [
        (raf(LARGE), "image/x-raw-fuji"),
        (orf(LARGE), "image/x-raw-olympus"),
        (cr3(LARGE), "image/x-canon-cr3"),
    ],
    ids=["RAF", "ORF", "CR3"],
)
def test_a_preview_without_a_directory_is_searched_for(file: bytes, media_type: str) -> None:
    made = make(file, media_type)
    assert made.size == (200, 133)
    assert near(colour_of(made), GREEN)


def test_a_preview_across_two_chunks_is_found() -> None:
    before = bytes(1024**2 - 151)
    for shift in range(4):
        found = read_raw(io.BytesIO(b"FUJIFILM" + before + bytes(140 + shift) + LARGE)).previews
        assert [(one.width, one.height) for one in found] == [(1200, 800)]


def test_the_number_of_previews_is_limited() -> None:
    found = read_raw(io.BytesIO(bytes(100) + TINY * 50)).previews
    assert len(found) == MAX_PREVIEWS


def test_the_size_is_the_sensors_and_the_properties_are_the_files() -> None:
    properties = picture_of(
        raw(LARGE, TINY, orientation=6, tags={0x9003: "2020:11:13 10:03:17"}),
        media_type="image/x-raw-nikon",
    ).properties
    assert (properties.width, properties.height, properties.orientation) == (4000, 6000, 6)
    assert properties.date_time_digitized == "2020-11-13T10:03:17"
    assert properties.exif == {"Date/Time Original": "2020:11:13 10:03:17"}


def test_the_properties_of_a_cr3_are_in_boxes_and_those_of_a_raf_in_its_preview() -> None:
    assert picture_of(cr3(LARGE), media_type="image/x-canon-cr3").properties.exif
    properties = picture_of(raf(stored("JPEG", 8)), media_type="image/x-raw-fuji").properties
    assert (properties.width, properties.height, properties.orientation) == (480, 320, 8)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"II*\0",
        bytes(5000),
        raw(b"no JPEG", b"neither", tags={}),
        raw(LARGE[:200], b"x"),
        cr3(b"none"),
        # Lossless JPEG is the sensor's own data.
        raw(LARGE.replace(b"\xff\xc0", b"\xff\xc3"), b"x"),
        # A preview beyond the end, and a directory that leads to itself.
        b"II*\0\x08\0\0\0\x01\0\x01\x02\x04\0\x01\0\0\0\xff\xff\xff\x7f\x08\0\0\0",
    ],
)
def test_without_a_preview_there_is_no_thumbnail(file: bytes) -> None:
    assert failure_of(file, "image/x-raw-nikon") in ("no_preview", "image_damaged")


def test_a_preview_with_too_many_pixels_is_not_decoded() -> None:
    frame = LARGE.index(b"\xff\xc0")
    giant = LARGE[: frame + 5] + struct.pack(">HH", 65_000, 65_000) + LARGE[frame + 9 :]
    assert failure_of(raw(giant, TINY), "image/x-raw-nikon") == "image_too_large"


@pytest.mark.parametrize("kind", ["raw", "cr2", "raf", "orf", "cr3"])
def test_a_file_cut_anywhere_only_fails(kind: str) -> None:
    file = {
        "raw": raw(LARGE, TINY),
        "cr2": cr2(LARGE, TINY),
        "raf": raf(LARGE),
        "orf": orf(LARGE),
        "cr3": cr3(LARGE),
    }[kind]
    for length in range(0, len(file), max(1, len(file) // 60)):
        try:
            picture_of(file[:length], media_type="image/x-raw-nikon")
        except ThumbnailError as error:
            assert error.code in ("no_preview", "image_damaged", "not_an_image")  # noqa: PT017 - or it is made


def test_loops_of_directories_end() -> None:
    tiff = Tiff()
    following = 0
    for _ in range(500):
        following = tiff.directory({0x0100: 1}, following)
    found = read_directories(io.BytesIO(tiff.finish(following)))
    assert len(found) == MAX_DIRECTORIES


@pytest.mark.parametrize(
    "jpeg",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe0\0\x01",
        b"\xff\xd8\xff\xda\0\x08",
        b"\xff\xd8\xff\xc0\0\x11\x08\0",
        b"\xff\xd8\xff\xc0\0\x11\x08\0\0\0\0",
        b"\xff\xd8" + b"\xff\xe1\0\x02" * 1000,
        b"\xff\xd8nonsense",
    ],
)
def test_a_jpeg_without_a_size_is_no_preview(jpeg: bytes) -> None:
    assert jpeg_size(io.BytesIO(jpeg), 0) is None
