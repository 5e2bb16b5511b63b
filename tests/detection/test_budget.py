"""The reads of detection: the head first, at most four blocks and 256 KiB."""

from __future__ import annotations

import struct
import zipfile

import pytest

from coffer.domain.detection import ByteReader, detect
from tests.detection import builders
from tests.detection.builders import CountingReader

MIB = 1 << 20
GIB = 1 << 30


def assert_within_budget(reader: CountingReader) -> None:
    assert reader.reads[0] == (0, min(65_536, reader.size_bytes))
    assert len(reader.reads) <= 4
    assert reader.bytes_read <= 262_144


@pytest.mark.parametrize(
    "content", [builders.png(), b"Test content", b"", builders.xlsx(), builders.ole2(["Workbook"])]
)
def test_a_small_file_is_read_once(content: bytes) -> None:
    reader = CountingReader.of(content)
    detect(reader, None)
    assert len(reader.reads) == 1


def test_a_large_image_is_read_once() -> None:
    reader = CountingReader.sparse(GIB, {0: builders.jpeg()})
    assert detect(reader, None).media_type == "image/jpeg"
    assert reader.reads == [(0, 65_536)]


def test_a_large_office_package_with_its_list_at_the_end() -> None:
    package = builders.xlsx(first=False, padding=3 * MIB)
    reader = CountingReader.of(package)
    assert detect(reader, None).media_type.endswith("spreadsheetml.sheet")
    assert_within_budget(reader)
    assert len(reader.reads) == 2


def test_a_large_office_package_with_its_list_in_the_middle() -> None:
    parts: dict[str, bytes | str] = {
        "a.bin": bytes(MIB),
        builders.CONTENT_TYPES: builders.content_types(
            f"{builders.OOXML}wordprocessingml.document.main+xml"
        ),
        "b.bin": bytes(MIB),
    }
    reader = CountingReader.of(builders.zip_of(parts, method=zipfile.ZIP_STORED))
    assert detect(reader, None).media_type.endswith("wordprocessingml.document")
    assert_within_budget(reader)
    assert len(reader.reads) == 3


def test_a_directory_of_many_members_is_read_in_part() -> None:
    members = {f"folder/{'x' * 60}{number:06}": "" for number in range(20_000)}
    reader = CountingReader.of(builders.zip_of({"mimetype": "application/epub+zip", **members}))
    assert detect(reader, None).media_type == "application/epub+zip"
    assert_within_budget(reader)


def test_a_zip64_archive_of_several_gigabytes() -> None:
    name = b"AndroidManifest.xml"
    size = 6 * GIB
    entry = struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 0, 0, 0, 0, 0, 0, 19, 0, 0, 0, 0, 0, 0
    )
    directory = entry + name
    directory_at = size - 4096
    end64 = struct.pack(
        "<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 1, 1, len(directory), directory_at
    )
    locator = struct.pack("<IIQI", 0x07064B50, 0, size - 98, 1)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    parts = {0: b"PK\x03\x04", directory_at: directory, size - 98: end64 + locator + end}
    reader = CountingReader.sparse(size, parts)
    assert detect(reader, None).media_type == "application/vnd.android.package-archive"
    assert_within_budget(reader)


def test_a_document_that_was_written_to_a_pipe_has_zip64_records_without_need() -> None:
    """As by Info-ZIP (`zip - .`) and .NET; its parts are not in the head of the file."""
    document = builders.xlsx(first=False, padding=300_000)
    rest, end = document[:-22], document[-22:]
    count, size, offset = struct.unpack_from("<HII", end, 10)
    end64 = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<IIQI", 0x07064B50, 0, len(rest), 1)
    reader = CountingReader.of(rest + end64 + locator + end)
    assert detect(reader, None).media_type.endswith("spreadsheetml.sheet")
    assert_within_budget(reader)


def test_a_large_compound_file_with_its_directory_far_away() -> None:
    head = builders.ole2(["WordDocument"], directory_sector=100)
    far = 200_000
    parts = {0: head[:512], 512: head[512:1024]}
    moved = bytearray(parts[0])
    moved[48:52] = struct.pack("<I", far)
    reader = CountingReader.sparse(
        110_000_000, {0: bytes(moved), 512: parts[512], (far + 1) * 512: head[101 * 512 :]}
    )
    assert detect(reader, None).media_type == "application/msword"
    assert_within_budget(reader)


def test_a_scattered_directory_ends_with_the_budget() -> None:
    # Every sector of the directory is a gigabyte's eighth away from the one before.
    stride = 250_000
    header = bytearray(builders.ole2(["x"])[:512])
    header[48:52] = struct.pack("<I", 1)
    for index in range(109):
        header[76 + 4 * index : 80 + 4 * index] = struct.pack("<I", index * stride // 128 * 128)
    sectors = {number * stride + 513: bytes(512) for number in range(8)}
    reader = CountingReader.sparse(GIB, {0: bytes(header), **sectors})
    assert detect(reader, "letter.doc").media_type == "application/msword"
    assert_within_budget(reader)


def test_errors_of_the_reader_are_passed_on() -> None:
    class Broken:
        size_bytes = 10

        def read(self, start: int, length: int) -> bytes:
            raise TimeoutError(f"{start}+{length}")

    reader: ByteReader = Broken()
    with pytest.raises(TimeoutError):
        detect(reader, "a.png")


def test_a_reader_may_return_too_much_or_too_little() -> None:
    class Generous(CountingReader):
        def read(self, start: int, length: int) -> bytes:
            return super().read(start, length + 1_000_000)

    class Stingy(CountingReader):
        def read(self, start: int, length: int) -> bytes:
            return super().read(start, length)[:100]

    package = builders.xlsx(first=False, padding=3 * MIB)
    assert detect(Generous.of(package), None).media_type.endswith("spreadsheetml.sheet")
    assert detect(Stingy.of(package), None).media_type == "application/x-tika-ooxml"
