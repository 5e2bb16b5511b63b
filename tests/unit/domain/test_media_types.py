"""Recorded media types, dcType, and refused types (as in object-store-api 1.31)."""

from __future__ import annotations

import pytest

from coffer.domain.detection import BufferReader
from coffer.domain.media_types import (
    DcType,
    base_type,
    dc_type_of,
    evaluate_extension,
    evaluate_media_type,
    is_imageable,
)
from coffer.domain.uploads.record import Content, RejectedError
from coffer.domain.uploads.rules import inspect, wants_thumbnail
from tests.fakes.files import ELF, GZIP, JPEG, PNG, TEXT, UNKNOWN, XLSX, ZIP

OCTET_STREAM = "application/octet-stream"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def inspect_bytes(body: bytes, received: str | None, name: str) -> Content:
    return inspect(BufferReader(body), name=name, received_media_type=received, max_bytes=10**6)


@pytest.mark.parametrize(
    ("body", "received", "name", "media_type", "extension"),
    [
        # The nine rows of the reference's own test.
        (PNG, None, "my_file.ab1", "image/png", ".ab1"),
        (TEXT, "text/plain", "testfile.ab2", "text/plain", ".ab2"),
        (XLSX, None, "test_spreadsheet.xlsx", SPREADSHEET, ".xlsx"),
        (TEXT, None, "", "text/plain", ".txt"),
        (JPEG, OCTET_STREAM, "cc0_test_image.jpg", "image/jpeg", ".jpg"),
        (TEXT, "text/plain", "my_file.ab1", "text/plain", ".ab1"),
        (UNKNOWN, "special/binary", "my_file.bin", "special/binary", ".bin"),
        (TEXT, "special/text", "my_file.zzz", "special/text", ".zzz"),
        (UNKNOWN, None, "", OCTET_STREAM, ".bin"),
        # What follows from its code.
        (JPEG, OCTET_STREAM, "x.dat", OCTET_STREAM, ".dat"),
        (JPEG, OCTET_STREAM, "", OCTET_STREAM, ".jpg"),
        (JPEG, OCTET_STREAM, "A.JPG", "image/jpeg", ".jpg"),
        (JPEG, "APPLICATION/OCTET-STREAM; x=y", "a.jpg", "image/jpeg", ".jpg"),
        (JPEG, "  ", "a.jpg", "image/jpeg", ".jpg"),
        (JPEG, "image/png", "a.jpg", "image/png", ".jpg"),
        (b"a,b\n1,2\n", OCTET_STREAM, "t.csv", "text/csv", ".csv"),
        (UNKNOWN, OCTET_STREAM, "x.bin", OCTET_STREAM, ".bin"),
        (TEXT, None, "a.tar.gz", "text/plain", ".gz"),
        (TEXT, None, ".hidden", "text/plain", ".hidden"),
        (TEXT, None, "x.", "text/plain", ".txt"),
    ],
)
def test_the_evaluated_type_follows_the_table(
    body: bytes, received: str | None, name: str, media_type: str, extension: str
) -> None:
    content = inspect_bytes(body, received, name)
    assert content.evaluated_media_type == media_type
    assert content.evaluated_file_extension == extension


@pytest.mark.parametrize(
    ("body", "name", "media_type", "extension"),
    [
        (PNG, "my_file.ab1", "image/png", ".png"),
        (TEXT, "testfile.ab2", "text/plain", ".txt"),
        (XLSX, "test_spreadsheet.xlsx", SPREADSHEET, ".xlsx"),
        (UNKNOWN, "", OCTET_STREAM, ".bin"),
    ],
)
def test_the_detected_type_is_recorded_beside_it(
    body: bytes, name: str, media_type: str, extension: str
) -> None:
    content = inspect_bytes(body, "special/type", name)
    assert content.detected_media_type == media_type
    assert content.detected_file_extension == extension


def test_extensions_compare_without_case() -> None:
    def extensions_of(_media_type: str) -> tuple[str, ...]:
        return (".C", ".cpp")

    for name in ("a.C", "a.c", "a.CPP"):
        evaluated = evaluate_media_type(OCTET_STREAM, "text/x-c++src", name, extensions_of)
        assert evaluated == "text/x-c++src"


def test_the_declared_type_never_decides_the_extension() -> None:
    assert evaluate_extension("a", ".png") == ".png"
    assert evaluate_extension(None, "") == ""


@pytest.mark.parametrize(("body", "name"), [(ELF, "photo.jpg"), (ZIP, "a.zip"), (ZIP, "x.png")])
def test_a_forbidden_file_is_refused_under_any_name(body: bytes, name: str) -> None:
    with pytest.raises(RejectedError) as refusal:
        inspect_bytes(body, "image/jpeg", name)
    assert refusal.value.rejection.code == "media_type_forbidden"
    assert refusal.value.rejection.detail.startswith("Media type application/")


def test_the_error_names_the_forbidden_type_as_the_reference_does() -> None:
    with pytest.raises(RejectedError, match=r"^Media type application/x-sharedlib is invalid\.$"):
        inspect_bytes(ELF, None, "library.so")


@pytest.mark.parametrize(
    ("body", "name"), [(GZIP, "reads.fastq.gz"), (XLSX, "a.xlsx"), (b"#!/bin/sh\ntrue\n", "a.sh")]
)
def test_compressed_files_office_files_and_scripts_are_allowed(body: bytes, name: str) -> None:
    assert inspect_bytes(body, None, name).size_in_bytes == len(body)


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("image/png", DcType.IMAGE),
        ("image/x-canon-cr2", DcType.IMAGE),
        ("image/vnd.adobe.photoshop", DcType.IMAGE),
        ("image/svg+xml", DcType.IMAGE),  # unlike the reference
        ("video/mp4", DcType.MOVING_IMAGE),
        ("audio/x-wav", DcType.SOUND),
        ("text/csv", DcType.DATASET),
        (SPREADSHEET, DcType.DATASET),
        ("application/vnd.oasis.opendocument.spreadsheet", DcType.DATASET),
        ("application/json", DcType.DATASET),
        ("application/pdf", DcType.TEXT),
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            DcType.TEXT,
        ),
        ("application/vnd.oasis.opendocument.text", DcType.TEXT),
        ("text/plain", DcType.TEXT),
        ("text/x-freemarker-template", DcType.TEXT),
        # As the reference: a full match of a simple type or nothing.
        ("image/x+y", DcType.UNDETERMINED),
        ("text/plain; charset=utf-8", DcType.UNDETERMINED),
        ("Image/png", DcType.UNDETERMINED),
        ("image/", DcType.UNDETERMINED),
        ("image", DcType.UNDETERMINED),
        ("", DcType.UNDETERMINED),
        (OCTET_STREAM, DcType.UNDETERMINED),
    ],
)
def test_the_dctype_follows_the_media_type(media_type: str, kind: DcType) -> None:
    assert dc_type_of(media_type) is kind


def test_the_dctype_of_an_upload_follows_the_detected_type() -> None:
    assert inspect_bytes(PNG, "text/plain", "a.txt").dc_type is DcType.IMAGE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Image", DcType.IMAGE),
        ("image", DcType.IMAGE),
        ("Moving Image", DcType.MOVING_IMAGE),
        ("moving_image", DcType.MOVING_IMAGE),
        ("MOVING-IMAGE 2", DcType.MOVING_IMAGE),
        ("sOuNd", DcType.SOUND),
        ("Text", DcType.TEXT),
        ("dataset", DcType.DATASET),
        ("Undetermined", DcType.UNDETERMINED),
        ("sculpture", None),
        ("images", None),
        ("", None),
    ],
)
def test_a_dctype_is_parsed_leniently(text: str, kind: DcType | None) -> None:
    assert DcType.parse(text) is kind


def test_a_dctype_has_a_label() -> None:
    assert DcType.MOVING_IMAGE.label == "Moving Image"


@pytest.mark.parametrize(
    ("media_type", "decodable"),
    [("image/jpeg", True), ("image/png", True), ("image/svg+xml", False), ("text/plain", False)],
)
def test_imageable_types_follow_the_table(media_type: str, decodable: bool) -> None:
    assert is_imageable(media_type) is decodable
    content = inspect_bytes(PNG if decodable else TEXT, None, "a")
    assert wants_thumbnail(content, is_derivative=False) is decodable
    assert not wants_thumbnail(content, is_derivative=True)


def test_a_base_type_has_neither_parameters_nor_capitals() -> None:
    assert base_type(" Image/PNG ; q=1") == "image/png"
