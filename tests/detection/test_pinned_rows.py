"""The bytes and names of the reference's evaluation table that concern detection.

Source: MediaTypeDetectionStrategyTest of object-store-api 1.31, and the derived rows.
"""

from __future__ import annotations

import pytest

from coffer.domain.detection import BufferReader, detect, extensions_of
from tests.detection import builders

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BINARY = bytes((0x01, 0x00, 0x0A, 0x17))
TEXT = b"Test content"


@pytest.mark.parametrize(
    ("content", "name", "media_type", "extension"),
    [
        (builders.png(), "my_file.ab1", "image/png", ".png"),
        (TEXT, "testfile.ab2", "text/plain", ".txt"),
        (builders.xlsx(), "test_spreadsheet.xlsx", XLSX, ".xlsx"),
        (TEXT, None, "text/plain", ".txt"),
        (builders.jpeg(), "cc0_test_image.jpg", "image/jpeg", ".jpg"),
        (TEXT, "my_file.ab1", "text/plain", ".txt"),
        (BINARY, "my_file.bin", "application/octet-stream", ".bin"),
        (TEXT, "my_file.zzz", "text/plain", ".txt"),
        (BINARY, None, "application/octet-stream", ".bin"),
        (builders.jpeg(), "x.dat", "image/jpeg", ".jpg"),
        (b"a,b\n1,2\n", "t.csv", "text/csv", ".csv"),
    ],
)
def test_the_reference_detects(
    content: bytes, name: str | None, media_type: str, extension: str
) -> None:
    assert detect(BufferReader(content), name) == (media_type, extension)


@pytest.mark.parametrize(
    ("media_type", "first", "also"),
    [
        ("image/jpeg", ".jpg", ".jpeg"),
        ("video/quicktime", ".qt", ".mov"),
        ("audio/mpeg", ".mpga", ".mp3"),
        ("image/tiff", ".tiff", ".tif"),
        ("application/x-hdf", ".hdf", ".h5"),
        ("audio/mp4", ".mp4a", ".m4a"),
        ("application/octet-stream", ".bin", ".so"),
        ("text/markdown", ".md", ".markdown"),
        ("Audio/X-WAV", ".wav", ".wav"),
    ],
)
def test_the_primary_extension_is_first(media_type: str, first: str, also: str) -> None:
    known = extensions_of(media_type)
    assert known[0] == first
    assert also in known


@pytest.mark.parametrize(
    "media_type", ["application/x-sqlite3", "application/x-executable", "made/up", ""]
)
def test_some_types_have_no_extension(media_type: str) -> None:
    assert extensions_of(media_type) == ()


def test_an_extension_can_be_empty() -> None:
    assert detect(BufferReader(builders.elf(2)), "photo.jpg").extension == ""


def test_an_empty_file_has_the_type_of_its_name() -> None:
    assert detect(BufferReader(b""), "t.csv").media_type == "text/csv"
    assert detect(BufferReader(b""), None) == ("application/octet-stream", ".bin")
