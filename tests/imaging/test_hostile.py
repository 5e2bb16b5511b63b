"""Hostile images end with a code, within the limits, and the next image is unaffected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image

from coffer.adapters.imaging.decode import PILLOW_FORMATS
from coffer.adapters.imaging.decoder_function import URL_LIFETIME
from coffer.adapters.imaging.decoder_process import CONVERSION, THUMBNAIL
from coffer.domain.detection import BufferReader, detect
from coffer.domain.export.layout import MIB
from coffer.domain.export.transform_member import MAX_SOURCE_BYTES
from coffer.domain.media_types import THUMBNAILS, base_type, is_imageable
from coffer.domain.thumbnails.create import MAX_FILE_BYTES
from coffer.domain.thumbnails.ports import ThumbnailError
from tests.imaging.decoding import Decoder
from tests.imaging.helpers import encode, make, plain
from tests.imaging.hostile import GIANT, healthy, sized
from tests.imaging.scientific import Picture, ramp
from tests.template.template_file import resources

CODES = {
    "image_damaged",
    "image_too_large",
    "image_truncated",
    "not_an_image",
    "no_preview",
    "memory_exhausted",
}


@pytest.fixture(scope="module")
def thumbnailer() -> Iterator[Decoder]:
    """Yield a thumbnailer with the limits of the function."""
    made = Decoder()
    yield made
    made.close()


@pytest.fixture
def patient() -> Iterator[Decoder]:
    """Yield a thumbnailer with a long time limit, for a busy machine."""
    made = Decoder(replace(THUMBNAIL, seconds=300))
    yield made
    made.close()


def outcome(thumbnailer: Decoder, file: bytes, media_type: str) -> str:
    try:
        thumbnailer.create(file, media_type)
    except ThumbnailError as error:
        return error.code
    return "READY"


def test_every_imageable_type_has_one_decoder() -> None:
    assert {name for name, kind in THUMBNAILS.items() if kind == "picture"} == set(PILLOW_FORMATS)
    assert set(THUMBNAILS.values()) == {"picture", "raw", "pages"}


@pytest.mark.parametrize("media_type", ["image/bmp", "image/tiff"])
def test_a_width_that_no_record_can_have_is_too_large(
    thumbnailer: Decoder, media_type: str
) -> None:
    """The reply about it would be refused as malformed, as if the decoder had crashed."""
    bmp = bytearray(plain("BMP"))
    bmp[18:22] = (2**32 - 127).to_bytes(4, "little")
    tiff = Picture(code="B", bands=(ramp(0, 1),), size=(16, 16), tags={256: 2**32 - 1})
    file = bytes(bmp) if media_type == "image/bmp" else tiff.write()
    assert outcome(thumbnailer, file, media_type) == "image_too_large"


@pytest.mark.parametrize("media_type", healthy())
def test_valid_files_are_recognised_and_get_thumbnails(
    thumbnailer: Decoder, media_type: str
) -> None:
    file = healthy()[media_type]
    if media_type != "image/x-raw-fuji":  # of which the detector knows the name only
        assert base_type(detect(BufferReader(file), None).media_type) == media_type
    assert outcome(thumbnailer, file, media_type) == "READY"


@pytest.mark.parametrize("media_type", healthy())
def test_a_decompression_bomb_is_refused(thumbnailer: Decoder, media_type: str) -> None:
    for width, height in ((GIANT, GIANT), (2**24, 2**24), (2**31 - 1, 1), (1, 2**31 - 1)):
        found = outcome(thumbnailer, sized(media_type, width, height), media_type)
        if media_type == "application/pdf":
            assert found in ("READY", "image_damaged")  # a page is drawn as small as it is shown
        else:
            assert found in CODES
    assert outcome(thumbnailer, plain("PNG"), "image/png") == "READY"


@pytest.mark.parametrize("media_type", healthy())
def test_an_image_without_width_or_height_fails(thumbnailer: Decoder, media_type: str) -> None:
    for width, height in ((0, 48), (64, 0), (0, 0)):
        if media_type == "image/webp" and not (width and height):
            continue  # its canvas is stored minus one, so that it has no zero
        found = outcome(thumbnailer, sized(media_type, width, height), media_type)
        assert found in CODES | ({"READY"} if media_type == "application/pdf" else set())


@pytest.mark.parametrize("media_type", healthy())
def test_an_image_cut_at_any_tenth_fails_or_gets_a_thumbnail(
    thumbnailer: Decoder, media_type: str
) -> None:
    file = healthy()[media_type]
    whole_from = 1 if media_type == "image/x-raw-fuji" else 6  # what counts stands at its beginning
    for tenth in range(10):
        found = outcome(thumbnailer, file[: len(file) * tenth // 10], media_type)
        assert found in CODES | ({"READY"} if tenth >= whole_from else set())
    assert outcome(thumbnailer, file, media_type) == "READY"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_damaged_profile_and_damaged_exif_are_ignored(thumbnailer: Decoder, kind: str) -> None:
    profiles = (b"", b"nonsense", b"\xff" * 5000, b"\0\0\0\x84" + bytes(200))
    blocks = (b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*" + b"\xff" * 500)
    for profile in profiles:
        file = plain(kind, icc_profile=profile)
        assert outcome(thumbnailer, file, f"image/{kind.lower()}") == "READY"
    for block in blocks:
        if kind in ("TIFF", "AVIF"):
            continue  # a TIFF's directory is the image's own, and libavif writes no such block
        file = plain(kind, exif=block)
        assert outcome(thumbnailer, file, f"image/{kind.lower()}") == "READY"


def test_the_largest_allowed_image_fits_the_memory(
    patient: Decoder,
) -> None:
    """100 million pixels of one colour: a small file that decodes to 300 million bytes."""
    file = encode(Image.new("RGB", (10_000, 10_000)), "PNG", compress_level=1)
    assert outcome(patient, file, "image/png") == "READY"


def test_the_largest_allowed_webp_fits_the_memory(
    patient: Decoder,
) -> None:
    """The WebP decoder holds four copies, so its limit is lower."""
    file = encode(Image.new("RGB", (8_944, 8_944)), "WEBP", lossless=True, method=0, quality=0)
    assert outcome(patient, file, "image/webp") == "READY"
    assert outcome(patient, sized("image/webp", 8_945, 8_944), "image/webp") in CODES


def test_an_image_that_exceeds_the_memory_fails_and_the_next_one_does_not() -> None:
    small = Decoder(replace(THUMBNAIL, memory_bytes=256 * 1024**2))
    try:
        file = encode(Image.new("RGB", (8_000, 8_000)), "PNG", compress_level=1)
        assert outcome(small, file, "image/png") == "memory_exhausted"
        assert outcome(small, plain("PNG"), "image/png") == "READY"
    finally:
        small.close()


def test_the_name_does_not_choose_the_decoder() -> None:
    """The detected type chooses the decoder."""
    detected = base_type(detect(BufferReader(plain("PNG")), "photo.jpg").media_type)
    assert detected == "image/png"
    assert make(plain("PNG"), detected).size == (200, 150)


def test_svg_is_not_imageable() -> None:
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://169.254.169.254/"/></svg>'
    )
    detected = detect(BufferReader(drawing), "drawing.svg").media_type
    assert base_type(detected) == "image/svg+xml"
    assert not is_imageable(detected)


def test_the_limits_fit_the_functions() -> None:
    functions = resources("AWS::Serverless::Function")
    decoder = functions["DecodePictureFunction"]["Properties"]
    caller = functions["MakeThumbnailFunction"]["Properties"]
    mapping = resources("AWS::Lambda::EventSourceMapping")["MakeThumbnailQueueMapping"]
    most_memory = max(THUMBNAIL.memory_bytes, CONVERSION.memory_bytes)
    assert decoder["MemorySize"] * MIB >= most_memory + 256 * MIB
    assert CONVERSION.seconds + 45 <= decoder["Timeout"] < URL_LIFETIME.total_seconds()
    batch = mapping["Properties"]["BatchSize"]
    assert batch * THUMBNAIL.seconds + 10 <= caller["Timeout"]
    disk = decoder["EphemeralStorage"]["Size"] * MIB
    assert max(MAX_FILE_BYTES, MAX_SOURCE_BYTES) + CONVERSION.file_bytes < disk
