"""Invalid requests get the right 4xx and an error document, and change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from local.stack import LocalStack
from tests.api.clients import (
    JSON_API,
    change,
    describe,
    multipart,
    post,
    presigned_post,
    problems,
    record,
    send,
    unique_events,
    upload,
    upload_and_describe,
)
from tests.api.images import png

MiB = 1024**2
ZIP = b"PK\x05\x06" + bytes(18)
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00" + bytes(44)


def _nothing_is_stored(stack: LocalStack) -> None:
    stack.settle(retries=True)
    assert stack.items("UploadsTable") == []
    assert stack.items("MetadataTable") == []
    assert stack.keys("ObjectBucket", "") == []
    assert stack.bus_events == []


@pytest.mark.parametrize(
    ("body", "name", "media_type", "status", "code"),
    [
        (b"", "a.png", "image/png", "422", "empty_file"),
        (b"x" * (4 * MiB + 1), "a.bin", None, "413", "file_too_large"),
        (ZIP, "a.zip", "image/png", "415", "media_type_forbidden"),
        (ELF, "photo.jpg", "image/jpeg", "415", "media_type_forbidden"),
        (png(), "a.abcdefghijk", "image/png", "422", "file_extension_too_long"),
        (png(), "n" * 251, "image/png", "422", "file_name_too_long"),
        (png(), "a.png", "x" * 151, "422", "malformed_media_type"),
        (png(), "a.png", "nonsense", "422", "malformed_media_type"),
    ],
)
def test_a_forbidden_file_is_refused(
    stack: LocalStack, body: bytes, name: str, media_type: str | None, status: str, code: str
) -> None:
    response = upload(stack, body, name=name, media_type=media_type)
    assert problems(response) == [(status, code)]
    _nothing_is_stored(stack)


def test_a_file_of_exactly_the_limit_is_accepted(stack: LocalStack) -> None:
    assert upload(stack, b"x" * (4 * MiB), name="a.bin", media_type=None).status == 200


def test_a_body_over_the_gateways_limit_gets_the_gateways_own_413(stack: LocalStack) -> None:
    response = upload(stack, b"x" * (11 * MiB), name="a.bin")
    assert response.status == 413
    assert response.json() == {"message": "Request Entity Too Large"}
    _nothing_is_stored(stack)


def test_a_wrong_form_field_is_refused_with_the_right_name(stack: LocalStack) -> None:
    headers, form = multipart(png(), part="upload")
    response = stack.request("POST", "/api/v1/file/mybucket", headers=headers, body=form)
    assert problems(response) == [("400", "missing_file_part")]
    assert "'upload'" in response.text
    _nothing_is_stored(stack)


@pytest.mark.parametrize(
    "damage",
    [
        lambda form: form[: len(form) // 2],
        lambda form: form.replace(b"Content-Disposition", b"Content Disposition"),
        lambda form: b"--other" + form[8:],
        lambda form: b"",
        lambda form: b"\xff\xfe" * 50,
    ],
)
def test_a_malformed_form_is_a_400(stack: LocalStack, damage: Any) -> None:
    headers, form = multipart(png())
    response = stack.request("POST", "/api/v1/file/mybucket", headers=headers, body=damage(form))
    [(status, code)] = problems(response)
    assert (status, code) in {("400", "malformed_form"), ("400", "missing_file_part")}
    _nothing_is_stored(stack)


@pytest.mark.parametrize(
    ("content_type", "status", "code"),
    [
        ("application/json", "415", "unsupported_content_type"),
        ("multipart/form-data", "400", "malformed_form"),
    ],
)
def test_a_form_needs_the_right_content_type(
    stack: LocalStack, content_type: str, status: str, code: str
) -> None:
    response = stack.request(
        "POST", "/api/v1/file/mybucket", headers={"Content-Type": content_type}, body=png()
    )
    assert problems(response) == [(status, code)]


@pytest.mark.parametrize("bucket", ["-a", "a%20b", "a%2Fb", "x" * 51, "%C3%A4"])
def test_a_malformed_bucket_is_refused(stack: LocalStack, bucket: str) -> None:
    response = upload(stack, png(), bucket=bucket)
    assert problems(response) == [("400", "malformed_bucket")]
    _nothing_is_stored(stack)


@pytest.mark.parametrize("body", ["", "{", '{"data": NaN}', "[" * 100_000, '"\xff"'])
def test_malformed_json_is_a_400(stack: LocalStack, body: str) -> None:
    response = stack.request(
        "POST", "/api/v1/metadata", headers={"Content-Type": JSON_API}, body=body.encode("latin-1")
    )
    assert problems(response) == [("400", "malformed_json")]
    _nothing_is_stored(stack)


def test_all_errors_of_a_document_are_reported_together(stack: LocalStack) -> None:
    response = describe(
        stack, "no-uuid", dcType="sculpture", acCaption="<script>alert(1)</script>", colour="red"
    )
    assert problems(response) == [
        ("400", "malformed_attribute"),
        ("400", "malformed_attribute"),
        ("400", "malformed_attribute"),
        ("400", "unknown_attribute"),
    ]
    pointers = [error["source"]["pointer"] for error in response.json()["errors"]]
    assert pointers == [
        f"/data/attributes/{name}" for name in ("fileIdentifier", "dcType", "acCaption", "colour")
    ]


LONG = "x" * 251
UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"
MALFORMED = ("400", "malformed_attribute")
MIXED: dict[str, tuple[str, dict[str, Any], list[tuple[str, str]]]] = {
    "metadata": (
        "POST /api/v1/metadata",
        {"bucket": "mybucket", "fileIdentifier": UNKNOWN_ID, "orientation": "x", "acCaption": LONG},
        [MALFORMED, ("422", "upload_not_found"), ("422", "constraint_violation")],
    ),
    "metadata without a valid subject": (
        "POST /api/v1/metadata",
        {"bucket": 7, "dcType": "sculpture", "acSubtype": "X", "acCaption": LONG},
        [MALFORMED, MALFORMED, ("422", "constraint_violation")],
    ),
    "derivative": (
        "POST /api/v1/derivative",
        {"fileIdentifier": UNKNOWN_ID, "dcType": 7, "publiclyReleasable": 7},
        [MALFORMED, MALFORMED, ("422", "upload_not_found"), ("422", "source_required")],
    ),
    "managed attribute": (
        "POST /api/v1/managed-attribute",
        {"name": LONG, "vocabularyElementType": "COLOUR"},
        [MALFORMED, ("422", "constraint_violation"), ("422", "constraint_violation")],
    ),
    "export": (
        "POST /api/v1/object-export",
        {"fileIdentifiers": [UNKNOWN_ID], "filenameAliases": 7, "name": LONG},
        [MALFORMED, ("422", "name_too_long"), ("422", "file_not_found")],
    ),
}


@pytest.mark.parametrize("case", MIXED)
def test_malformed_and_invalid_values_are_reported_together(stack: LocalStack, case: str) -> None:
    route, attributes, expected = MIXED[case]
    method, path = route.split()

    response = send(
        stack, method, path, {"type": path.rpartition("/")[2], "attributes": attributes}
    )

    assert (response.status, problems(response)) == (400, expected)
    _nothing_is_stored(stack)


def test_a_change_reports_malformed_and_invalid_values_together(stack: LocalStack) -> None:
    file, metadata = upload_and_describe(stack)

    of_metadata = change(stack, "metadata", metadata, orientation="x", acCaption=LONG)
    of_upload = change(stack, "object-upload", file, sizeInBytes="x", originalFilename=LONG, a=1)

    assert problems(of_metadata) == [MALFORMED, ("422", "constraint_violation")]
    assert problems(of_upload) == [("400", "unknown_attribute"), ("422", "constraint_violation")]


def test_a_bulk_request_reports_the_problems_of_all_entries(stack: LocalStack) -> None:
    file = upload(stack, png()).json()["fileIdentifier"]
    given: list[dict[str, Any]] = [
        {"bucket": "mybucket", "fileIdentifier": file},
        {"bucket": "mybucket", "fileIdentifier": file, "orientation": "x"},
        {"bucket": "mybucket", "fileIdentifier": UNKNOWN_ID, "orientation": "x"},
    ]
    entries = [{"type": "metadata", "attributes": one} for one in given]

    response = send(
        stack, "POST", "/api/v1/metadata/bulk", [*entries, {"type": "derivative"}, "nonsense"]
    )

    assert [(error["code"], error["source"]["pointer"]) for error in response.json()["errors"]] == [
        ("file_already_described", "/data/1/attributes/fileIdentifier"),
        ("malformed_attribute", "/data/2/attributes/orientation"),
        ("upload_not_found", "/data/2/attributes/fileIdentifier"),
        ("type_conflict", "/data/3/type"),
        ("malformed_document", "/data/4"),
    ]
    assert stack.items("MetadataTable") == []


def test_a_bulk_change_reports_the_problems_of_all_entries(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack)
    given = [
        {"type": "metadata", "id": metadata, "attributes": {"orientation": 9, "acCaption": 7}},
        {"type": "metadata", "id": "nonsense"},
        {"type": "metadata", "id": UNKNOWN_ID},
    ]

    response = send(stack, "PATCH", "/api/v1/metadata/bulk", given)

    assert problems(response) == [
        MALFORMED,
        ("422", "constraint_violation"),
        ("400", "malformed_identifier"),
        ("404", "metadata_not_found"),
    ]


def test_a_file_can_be_described_once_only(stack: LocalStack) -> None:
    identifier = upload(stack, png()).json()["fileIdentifier"]
    assert describe(stack, identifier).status == 201
    assert problems(describe(stack, identifier)) == [("409", "file_already_described")]


def test_metadata_must_name_the_bucket_of_its_file(stack: LocalStack) -> None:
    identifier = upload(stack, png()).json()["fileIdentifier"]
    response = describe(stack, identifier, bucket="other")
    assert problems(response) == [("422", "bucket_is_not_the_files")]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", "404", "no_such_route"),
        ("GET", "/api/v1/nothing/", "404", "no_such_route"),
        ("DELETE", "/api/v1/metadata", "405", "method_not_allowed"),
        ("POST", "/api/v1/health", "405", "method_not_allowed"),
        ("GET", "/api/v1/upload/mybucket", "405", "method_not_allowed"),
        ("GET", "/api/v1/metadata/nonsense", "400", "malformed_identifier"),
        ("GET", "/api/v1/file/mybucket/nonsense", "400", "malformed_identifier"),
    ],
)
def test_an_unknown_path_and_an_unknown_method_are_distinguished(
    stack: LocalStack, method: str, path: str, status: str, code: str
) -> None:
    response = stack.request(method, path)
    assert problems(response) == [(status, code)]
    if status == "405":
        assert response.header("allow")


def test_outside_the_api_an_error_has_bitstores_format(stack: LocalStack) -> None:
    response = stack.request("GET", "/nothing")
    assert response.status == 404
    assert response.header("content-type") == "application/json"
    assert set(response.json()) == {"docs", "info", "error"}


def test_a_request_that_accepts_no_json_is_refused(stack: LocalStack) -> None:
    path = "/api/v1/metadata/0050559c-beae-48d6-a2b0-91f5a666fad1"
    response = stack.request("GET", path, headers={"Accept": "text/html"})
    assert problems(response) == [("406", "not_acceptable")]


def test_a_forbidden_file_in_s3_is_rejected_and_deleted(stack: LocalStack) -> None:
    offered = presigned_post(stack, name="photo.jpg", receivedMediaType="image/jpeg")
    assert post(offered, ELF) == 201
    stack.settle(retries=True)
    found = record(stack, offered["fileIdentifier"])
    assert found["uploadStatus"] == "REJECTED"
    assert found["rejectionReason"]["code"] == "media_type_forbidden"
    assert stack.keys("ObjectBucket", "") == []
    assert [event["detail"]["operation"] for event in unique_events(stack)] == ["rejected"]
    gone = stack.request("GET", f"/api/v1/file/mybucket/{offered['fileIdentifier']}")
    assert problems(gone) == [("404", "file_rejected")]


def test_each_error_of_an_upload_request_has_a_pointer(stack: LocalStack) -> None:
    response = stack.request(
        "POST",
        "/api/v1/upload/mybucket",
        json_body={
            "files": [
                {"originalFilename": "good.png"},
                {"originalFilename": ""},
                {"originalFilename": "a.png", "sizeInBytes": -1},
                {"originalFilename": "a.png", "checksums": {"sha1Hex": "zz"}, "md5": "x"},
                7,
            ]
        },
    )
    assert response.status == 400
    assert [error["source"]["pointer"] for error in response.json()["errors"]] == [
        "/files/1/originalFilename",
        "/files/2/sizeInBytes",
        "/files/3/checksums/sha1Hex",
        "/files/4",
    ]


@pytest.mark.parametrize("size", [0, 5 * 1024**3 + 1])
def test_a_presigned_post_limits_the_size(stack: LocalStack, size: int) -> None:
    response = stack.request(
        "POST",
        "/api/v1/upload/mybucket",
        json_body={"files": [{"originalFilename": "a.png", "sizeInBytes": size}]},
    )
    expected = ("422", "empty_file") if size == 0 else ("413", "file_too_large")
    assert problems(response) == [expected]


@pytest.mark.parametrize("what", ["member", "filter", "type"])
def test_an_error_repeats_no_long_value_of_the_request(stack: LocalStack, what: str) -> None:
    long = "x" * (8000 if what == "filter" else 1_000_000)
    document = {
        "member": {"data": {"type": "metadata", "attributes": {long: 1}}},
        "type": {"data": {"type": long, "attributes": {}}},
        "filter": None,
    }[what]
    if document is None:
        response = stack.request("GET", f"/api/v1/metadata?filter[{long}]=1&sort={long}")
    else:
        headers = {"Content-Type": JSON_API}
        response = stack.request("POST", "/api/v1/metadata", headers=headers, json_body=document)
    assert 400 <= response.status < 500
    assert len(response.body) < 5000
