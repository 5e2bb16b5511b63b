"""Requests for presigned uploads are parsed, and the responses presented."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.errors import MalformedRequestError, TooLargeError
from coffer.domain.uploads.presigned_uploads import (
    Checksums,
    PresignedPost,
    PresignedUpload,
    RequestedUpload,
)
from coffer.http.responses import JSON, MAX_RESPONSE_BYTES
from coffer.http.uploads.presigned_uploads import parse_upload_request, presigned_uploads_response
from tests.fakes.clocks import NOON
from tests.unit.http.events import make_request, send_json

MD5 = "1B2M2Y8AsgTpgAmY7PhCfg=="


def read(*files: Any) -> list[RequestedUpload]:
    return parse_upload_request(send_json({"files": files}))


def refusal(*files: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(MalformedRequestError) as refused:
        read(*files)
    return [(problem.code, problem.pointer) for problem in refused.value.problems]


def test_a_file_may_have_only_a_name() -> None:
    assert read({"originalFilename": "leaf.png"}) == [RequestedUpload(original_filename="leaf.png")]


def test_all_members_of_a_file_are_parsed() -> None:
    file = {
        "originalFilename": "leaf.png",
        "relativePath": "folder/leaf.png",
        "receivedMediaType": "image/png",
        "sizeInBytes": 7,
        "isDerivative": True,
        "checksums": {"sha256Hex": "AB" * 32},
        "md5": MD5,
    }
    assert read(file) == [
        RequestedUpload(
            original_filename="leaf.png",
            relative_path="folder/leaf.png",
            received_media_type="image/png",
            size_in_bytes=7,
            is_derivative=True,
            checksums=Checksums(sha256_hex="AB" * 32, md5=MD5),
        )
    ]


@pytest.mark.parametrize(
    ("name", "field", "digits"),
    [("sha1Hex", "sha1_hex", 40), ("sha256Hex", "sha256_hex", 64), ("crc32", "crc32", 8)],
)
def test_a_checksum_has_its_length(name: str, field: str, digits: int) -> None:
    good = "a" * digits
    [file] = read({"originalFilename": "a", "checksums": {name: good}})
    assert file.checksums == Checksums(**{field: good})
    for bad in (good[1:], good + "a", "g" * digits, "", None, 7, "é" * digits, "+" + good[1:]):
        assert refusal({"originalFilename": "a", "checksums": {name: bad}}) == [
            ("malformed_checksum", f"/files/0/checksums/{name}")
        ]


@pytest.mark.parametrize("checksums", [None, {}])
def test_a_checksum_may_be_left_out(checksums: Any) -> None:
    [file] = read({"originalFilename": "a", "checksums": checksums, "md5": None})
    assert file.checksums == Checksums()


@pytest.mark.parametrize(
    ("file", "pointer"),
    [
        (7, ""),
        (None, ""),
        ([], ""),
        ({}, "/originalFilename"),
        ({"originalFilename": None}, "/originalFilename"),
        ({"originalFilename": 7}, "/originalFilename"),
        ({"originalFilename": ""}, "/originalFilename"),
        ({"originalFilename": "  "}, "/originalFilename"),
        ({"originalFilename": "a", "relativePath": 7}, "/relativePath"),
        ({"originalFilename": "a", "relativePath": ["a"]}, "/relativePath"),
        ({"originalFilename": "a", "receivedMediaType": 7}, "/receivedMediaType"),
        ({"originalFilename": "a", "sizeInBytes": "7"}, "/sizeInBytes"),
        ({"originalFilename": "a", "sizeInBytes": -1}, "/sizeInBytes"),
        ({"originalFilename": "a", "sizeInBytes": 1.5}, "/sizeInBytes"),
        ({"originalFilename": "a", "sizeInBytes": True}, "/sizeInBytes"),
        ({"originalFilename": "a", "isDerivative": "true"}, "/isDerivative"),
        ({"originalFilename": "a", "isDerivative": None}, "/isDerivative"),
        ({"originalFilename": "a", "checksums": []}, "/checksums"),
        ({"originalFilename": "a", "checksums": {"md4": "x"}}, "/checksums"),
        (
            {"originalFilename": "a", "checksums": {"crc32": "0" * 8, "sha1Hex": "0" * 40}},
            "/checksums",
        ),
        ({"originalFilename": "a", "md5": "x"}, "/md5"),
        ({"originalFilename": "a", "md5": "AAAA"}, "/md5"),
        ({"originalFilename": "a", "md5": "é" * 24}, "/md5"),
        ({"originalFilename": "a", "md5": 7}, "/md5"),
        ({"originalFilename": "a", "colour": "red"}, "/colour"),
        ({"originalFilename": "a", "a/b~c": 1}, "/a~1b~0c"),
        ({"originalFilename": "a", "x" * 100_000: 1}, ""),
    ],
)
def test_an_invalid_file_has_a_pointer(file: Any, pointer: str) -> None:
    [(_, where)] = refusal({"originalFilename": "good.png"}, file)
    assert where == f"/files/1{pointer}"


def test_all_problems_of_all_files_are_reported() -> None:
    told = refusal(
        {"originalFilename": "", "sizeInBytes": -1, "isDerivative": 1, "colour": 1},
        {"originalFilename": "good.png"},
        {"receivedMediaType": 1, "checksums": 1},
    )
    assert [pointer for _, pointer in told] == [
        "/files/0/colour",
        "/files/0/originalFilename",
        "/files/0/sizeInBytes",
        "/files/0/isDerivative",
        "/files/2/originalFilename",
        "/files/2/receivedMediaType",
        "/files/2/checksums",
    ]


@pytest.mark.parametrize("document", [None, [], 7, {}, {"files": None}, {"files": {}}])
def test_files_are_a_list(document: Any) -> None:
    with pytest.raises(MalformedRequestError) as refused:
        parse_upload_request(send_json(document))
    assert refused.value.problems[0].pointer == "/files"


KEYS = st.sampled_from(
    ["originalFilename", "receivedMediaType", "sizeInBytes", "isDerivative", "checksums", "md5"]
)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20)
    | st.dictionaries(st.sampled_from(["sha1Hex", "crc32", "x"]), st.text("0a", max_size=8))
)


@given(st.lists(VALUES | st.dictionaries(KEYS, VALUES), max_size=4))
def test_no_document_crashes_the_parser(files: list[Any]) -> None:
    try:
        assert len(read(*files)) == len(files)
    except MalformedRequestError as error:
        assert error.problems  # noqa: PT017 - either is well


def offers(count: int, size: int = 10) -> list[PresignedUpload]:
    form = PresignedPost(
        url="https://store.example/b",
        fields={"key": "k", "policy": "p" * size},
        expires=NOON + timedelta(hours=1),
    )
    return [PresignedUpload(file_identifier=f"id-{number}", post=form) for number in range(count)]


def test_presigned_uploads_are_presented_in_order() -> None:
    response = presigned_uploads_response(make_request(), offers(2))
    assert (response.status, response.headers["Content-Type"]) == (200, JSON)
    files = json.loads(response.body)["files"]
    assert [file["fileIdentifier"] for file in files] == ["id-0", "id-1"]
    assert files[0] == {
        "fileIdentifier": "id-0",
        "upload": {
            "method": "POST",
            "url": "https://store.example/b",
            "fields": {"key": "k", "policy": "p" * 10},
            "expires": "2026-11-22T13:00:00.250000Z",
        },
        "links": {"objectUpload": "https://coffer.example/api/v1/object-upload/id-0"},
    }


def test_a_response_that_is_too_large_says_how_many_files_fit() -> None:
    many = offers(1000, size=7000)
    with pytest.raises(TooLargeError, match=r"the first (\d+) fit") as refused:
        presigned_uploads_response(make_request(), many)
    [problem] = refused.value.problems
    assert (problem.code, problem.pointer) == ("answer_too_large", "/files")
    fitting = int(problem.detail.split()[-2])
    response = presigned_uploads_response(make_request(), many[:fitting])
    assert len(response.body) <= MAX_RESPONSE_BYTES
    assert len(json.dumps(response.to_gateway())) < 6 * 1024**2
    with pytest.raises(TooLargeError):
        presigned_uploads_response(make_request(), many[: fitting + 1])
