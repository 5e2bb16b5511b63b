"""Detected media types, and the refused ones, for uploads through the API and straight to S3.

The rows are the reference's (object-store-api 1.31, MediaTypeDetectionStrategyTest) and those that
follow from its rule. The refused types are those of its parsers of executables and archives.
"""

from __future__ import annotations

import gzip

import pytest

from local.stack import LocalStack
from tests.api.clients import post, presigned_post, problems, record, unique_events, upload
from tests.detection import builders
from tests.fakes.files import JPEG, PNG, TEXT, UNKNOWN, XLSX

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BINARY = "application/octet-stream"
CSV = b"a,b\n1,2\n"

# content, declared type, name, detected type, evaluated type, evaluated extension
ROWS = [
    (PNG, None, "my_file.ab1", "image/png", "image/png", ".ab1"),
    (TEXT, "text/plain", "testfile.ab2", "text/plain", "text/plain", ".ab2"),
    (XLSX, None, "test_spreadsheet.xlsx", SHEET, SHEET, ".xlsx"),
    (TEXT, None, None, "text/plain", "text/plain", ".txt"),
    (JPEG, BINARY, "cc0_test_image.jpg", "image/jpeg", "image/jpeg", ".jpg"),
    (TEXT, "text/plain", "my_file.ab1", "text/plain", "text/plain", ".ab1"),
    (UNKNOWN, "special/binary", "my_file.bin", BINARY, "special/binary", ".bin"),
    (TEXT, "special/text", "my_file.zzz", "text/plain", "special/text", ".zzz"),
    (UNKNOWN, None, None, BINARY, BINARY, ".bin"),
    (JPEG, BINARY, "x.dat", "image/jpeg", BINARY, ".dat"),
    (JPEG, BINARY, None, "image/jpeg", BINARY, ".jpg"),
    (JPEG, BINARY, "A.JPG", "image/jpeg", "image/jpeg", ".jpg"),
    (gzip.compress(CSV, mtime=0), None, "a.tar.gz", "application/gzip", "application/gzip", ".gz"),
    (TEXT, None, ".hidden", "text/plain", "text/plain", ".hidden"),
    (TEXT, None, "x.", "text/plain", "text/plain", ".txt"),
    (CSV, BINARY, "t.csv", "text/csv", "text/csv", ".csv"),
    (PNG, "image/gif", "a.png", "image/png", "image/gif", ".png"),
]
Row = tuple[bytes, str | None, str | None, str, str, str]


def _found(attributes: dict[str, object]) -> tuple[object, object, object]:
    names = ("detectedMediaType", "evaluatedMediaType", "evaluatedFileExtension")
    detected, evaluated, extension = (attributes[name] for name in names)
    return detected, evaluated, extension


@pytest.mark.parametrize("row", ROWS)
def test_a_file_uploaded_through_the_api_has_the_references_media_type(
    stack: LocalStack, row: Row
) -> None:
    content, declared, name, *expected = row
    response = upload(stack, content, name=name, media_type=declared)
    assert response.status == 200, response.text
    assert _found(response.json()) == tuple(expected)


@pytest.mark.parametrize("row", [row for row in ROWS if row[2] is not None])
def test_a_file_uploaded_straight_to_s3_has_the_same_media_type(
    stack: LocalStack, row: Row
) -> None:
    content, declared, name, *expected = row
    offered = presigned_post(stack, name=str(name), receivedMediaType=declared)
    assert post(offered, content) == 201
    stack.settle(retries=True)
    assert _found(record(stack, offered["fileIdentifier"])) == tuple(expected)


REFUSED = {
    "application/x-msdownload": b"MZ" + bytes(100),
    "application/x-msdownload; format=pe32": builders.pe(0x014C),
    "application/x-msdownload; format=pe64": builders.pe(),
    "application/x-elf": builders.elf(9),
    "application/x-object": builders.elf(1),
    "application/x-executable": builders.elf(2),
    "application/x-sharedlib": builders.elf(3, big_endian=True),
    "application/x-coredump": builders.elf(4),
    "application/x-mach-o-executable": builders.mach_o(2),
    "application/x-mach-o-dylib": builders.mach_o(6, big_endian=True),
    "application/x-mach-o-universal": builders.fat_mach_o(),
    "application/zip": builders.zip_of({"a.txt": "a"}),
    "application/java-archive": builders.zip_of({"META-INF/MANIFEST.MF": "a", "A.class": "b"}),
    "application/x-archive": b"!<arch>\nfile.o/         ",
    "application/x-arj": b"\x60\xea\x28\x00" + bytes(40),
    "application/x-cpio": b"070701" + b"0" * 50,
    "application/x-tika-unix-dump": bytes(24) + (60_012).to_bytes(4, "little") + bytes(100),
    "application/x-tar": builders.tar_header(),
    "application/x-7z-compressed": b"7z\xbc\xaf\x27\x1c" + bytes(40),
    "application/x-rar-compressed; version=4": b"Rar!\x1a\x07\x00" + bytes(40),
    "application/x-rar-compressed; version=5": b"Rar!\x1a\x07\x01\x00" + bytes(40),
}


@pytest.mark.parametrize("name", ["photo.jpg", "table.csv", "data", None])
@pytest.mark.parametrize("media_type", REFUSED)
def test_programs_and_archives_are_refused_under_any_name(
    stack: LocalStack, media_type: str, name: str | None
) -> None:
    response = upload(stack, REFUSED[media_type], name=name, media_type="image/jpeg")
    assert problems(response) == [("415", "media_type_forbidden")]
    assert response.json()["errors"][0]["detail"] == f"Media type {media_type} is invalid."
    assert stack.items("UploadsTable") == []
    assert stack.keys("ObjectBucket", "") == []


@pytest.mark.parametrize("media_type", REFUSED)
def test_programs_and_archives_uploaded_straight_to_s3_are_rejected_and_removed_with_an_event(
    stack: LocalStack, media_type: str
) -> None:
    offered = presigned_post(stack, name="photo.jpg", receivedMediaType="image/jpeg")
    assert post(offered, REFUSED[media_type]) == 201
    stack.settle(retries=True)
    found = record(stack, offered["fileIdentifier"])
    assert found["uploadStatus"] == "REJECTED"
    assert found["rejectionReason"] == {
        "code": "media_type_forbidden",
        "detail": f"Media type {media_type} is invalid.",
    }
    assert found["sha1Hex"] is found["hashStatus"] is None
    assert stack.keys("ObjectBucket", "") == []
    [event] = unique_events(stack)
    assert event["detail"]["operation"] == "rejected"
    assert event["detail"]["rejectionReason"]["code"] == "media_type_forbidden"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("reads.fastq.gz", gzip.compress(b"@r1\nACGT\n+\nIIII\n", mtime=0)),
        ("book.epub", builders.zip_of({"mimetype": "application/epub+zip"})),
        ("map.kmz", builders.zip_of({"doc.kml": "<kml/>"})),
        ("app.apk", builders.zip_of({"AndroidManifest.xml": "x"})),
        ("run.sh", b"#!/bin/sh\necho\n"),
        ("page.html", b"<html><body></body></html>"),
    ],
)
def test_compressed_files_scripts_and_special_archives_are_accepted(
    stack: LocalStack, name: str, content: bytes
) -> None:
    assert upload(stack, content, name=name, media_type=None).status == 200
