"""The whole path of a file: upload, detection, thumbnail, metadata and download."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from local.stack import LocalStack
from tests.api.clients import (
    JSON_API,
    change,
    describe,
    header,
    multipart,
    post,
    presigned_post,
    problems,
    record,
    unique_events,
    upload,
)
from tests.api.images import jpeg, png


@pytest.mark.parametrize(
    ("body", "name", "media_type", "extension"),
    [(png(), "my-image.png", "image/png", ".png"), (jpeg(), "a.jpg", "image/jpeg", ".jpg")],
)
def test_a_file_uploaded_through_the_api_is_downloaded_unchanged_with_a_thumbnail(
    stack: LocalStack, body: bytes, name: str, media_type: str, extension: str
) -> None:
    uploaded = upload(stack, body, name=name, media_type=media_type)
    assert uploaded.status == 200
    flat = uploaded.json()
    assert flat["fileIdentifier"] == flat["id"]
    assert flat["originalFilename"] == name
    assert flat["sha1Hex"] == hashlib.sha1(body).hexdigest()
    assert flat["receivedMediaType"] == flat["detectedMediaType"] == media_type
    assert flat["evaluatedMediaType"] == media_type
    assert flat["detectedFileExtension"] == flat["evaluatedFileExtension"] == extension
    assert flat["sizeInBytes"] == len(body)
    assert flat["dcType"] == "IMAGE"
    assert flat["createdBy"] == "dev"
    assert "meta" not in flat

    described = describe(stack, flat["fileIdentifier"], dcType="Image", fileExtension=extension)
    assert described.status == 201, described.text
    stack.settle(retries=True)
    assert stack.failures == []

    downloaded = stack.request("GET", f"/api/v1/file/mybucket/{flat['fileIdentifier']}")
    assert downloaded.status == 200
    assert downloaded.body == body
    assert downloaded.header("content-type") == media_type
    thumbnail = stack.request(
        "GET", f"/api/v1/file/mybucket/derivative/{flat['thumbnailIdentifier']}"
    )
    assert thumbnail.status == 200
    with Image.open(io.BytesIO(thumbnail.body)) as small:
        assert (small.format, small.size) == ("JPEG", (200, 150))


def test_an_upload_returns_a_json_api_document_if_that_is_accepted(stack: LocalStack) -> None:
    uploaded = upload(stack, png(), accept=JSON_API)
    assert uploaded.status == 201
    data = uploaded.json()["data"]
    assert data["type"] == "object-upload"
    assert header(uploaded, "location") == uploaded.json()["links"]["self"]
    assert header(uploaded, "location").endswith(f"/api/v1/object-upload/{data['id']}")
    assert "fileIdentifier" not in data["attributes"]


FOLDERS = {
    "folder/sub/plot.R": "folder/sub/plot.R",
    "He\u0302tre/Que\u0301bec/plot.R": "Hêtre/Québec/plot.R",
    "हिन्दी/ไทย/plot.R": "हिन्दी/ไทย/plot.R",
    "a?b/C: d/plot.R": "a_b/C_ d/plot.R",
}


@pytest.mark.parametrize("path", FOLDERS)
def test_every_way_to_upload_keeps_the_relative_path(stack: LocalStack, path: str) -> None:
    named = upload(stack, png(), name=path).json()
    headers, form = multipart(png(), name="plot.R", relative_path=path)
    given = stack.request("POST", "/api/v1/file/mybucket", headers=headers, body=form).json()
    offered = presigned_post(stack, name="plot.R", relativePath=path)
    assert post(offered, png()) == 201
    stack.settle(retries=True)
    for identifier in (one["fileIdentifier"] for one in (named, given, offered)):
        attributes = record(stack, identifier)
        assert (attributes["relativePath"], attributes["originalFilename"]) == (
            FOLDERS[path],
            "plot.R",
        )
    listed = stack.request("GET", "/api/v1/object-upload?filter[relativePath][LIKE]=%25/plot.R")
    assert len(listed.json()["data"]) == 3
    assert {event["relativePath"] for event in _upload_events(stack)} == {FOLDERS[path]}


def test_a_relative_path_ends_with_the_name_of_the_file(stack: LocalStack) -> None:
    headers, form = multipart(png(), name="other.png", relative_path="folder/leaf.png")
    sent = stack.request("POST", "/api/v1/file/mybucket", headers=headers, body=form).json()
    assert sent["relativePath"] == "folder/other.png"
    changed = change(stack, "object-upload", sent["id"], originalFilename="a/b.png")
    assert changed.json()["data"]["attributes"]["relativePath"] == "folder/a_b.png"
    assert upload(stack, png(), name="../../etc/x.png").json()["relativePath"] is None


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../x.png", "unsafe_relative_path"),
        ("C:\\x.png", "unsafe_relative_path"),
        ("f" * 251 + "/x.png", "relative_path_too_long"),
    ],
)
def test_an_unsafe_relative_path_is_refused(stack: LocalStack, path: str, code: str) -> None:
    headers, form = multipart(png(), relative_path=path)
    sent = stack.request("POST", "/api/v1/file/mybucket", headers=headers, body=form)
    assert problems(sent) == [("422", code)]
    files = {"files": [{"originalFilename": "x.png", "relativePath": path}]}
    announced = stack.request("POST", "/api/v1/upload/mybucket", json_body=files)
    assert problems(announced) == [("422", code)]
    assert stack.items("UploadsTable") == []


def _upload_events(stack: LocalStack) -> list[dict[str, Any]]:
    return [
        event["detail"]
        for event in unique_events(stack)
        if event["detail-type"] == "ObjectUploadNotification"
    ]


def test_the_same_content_again_is_accepted_with_a_warning(stack: LocalStack) -> None:
    first = upload(stack, png()).json()
    second = upload(stack, png()).json()
    assert "meta" not in first
    warning = {"duplicate_found": "A file with the same content already exists"}
    assert second["meta"] == {"warnings": warning}
    assert first["fileIdentifier"] != second["fileIdentifier"]
    document = stack.request("GET", f"/api/v1/object-upload/{second['fileIdentifier']}").json()
    assert document["data"]["meta"] == {"warnings": warning}


def test_a_file_uploaded_straight_to_s3_is_processed_and_downloaded(stack: LocalStack) -> None:
    body = jpeg(900, 600)
    offered = presigned_post(stack, name="Foto Käfer.jpg", receivedMediaType="image/jpeg")
    identifier = offered["fileIdentifier"]
    assert stack.request("GET", f"/api/v1/object-upload/{identifier}").status == 404
    assert post(offered, body) == 201
    stack.settle(retries=True)
    assert stack.failures == []
    found = record(stack, identifier)
    assert found["uploadStatus"] == "AVAILABLE"
    assert found["originalFilename"] == "Foto Käfer.jpg"
    assert found["sha1Hex"] == hashlib.sha1(body).hexdigest()
    assert found["sizeInBytes"] == len(body)
    assert found["thumbnailStatus"] == "READY"
    downloaded = stack.request("GET", f"/api/v1/file/mybucket/{identifier}")
    assert downloaded.body == body
    assert "filename*=UTF-8''Foto%20K%C3%A4fer.jpg" in header(downloaded, "content-disposition")
    assert stack.keys("ObjectBucket", "incoming/") == []


def test_a_large_file_is_downloaded_through_a_redirect(stack: LocalStack) -> None:
    body = bytes(range(256)) * (24 * 1024)  # 6 MiB
    offered = presigned_post(stack, name="measurements.bin", sizeInBytes=len(body))
    assert post(offered, body) == 201
    stack.settle(retries=True)
    response = stack.request("GET", f"/api/v1/file/mybucket/{offered['fileIdentifier']}")
    assert response.status == 307
    assert "curl -L" in response.text
    assert _get(header(response, "location")) == body
    link = stack.request("GET", f"/api/v1/file/mybucket/{offered['fileIdentifier']}?redirect=false")
    assert link.status == 200
    assert _get(link.json()["url"]) == body


def test_conditions_hold_on_both_sides_of_a_redirect(stack: LocalStack) -> None:
    """A client repeats its headers after a redirect, so the ETag is the store's."""
    body = bytes(range(256)) * (24 * 1024)
    offered = presigned_post(stack, name="measurements.bin", sizeInBytes=len(body))
    assert post(offered, body) == 201
    stack.settle(retries=True)
    path = f"/api/v1/file/mybucket/{offered['fileIdentifier']}"
    headers = stack.request("HEAD", path)
    tag, date = header(headers, "etag"), header(headers, "last-modified")
    resumed = {"Range": "bytes=5-9", "If-Range": tag, "If-Match": tag}
    response = stack.request("GET", path, headers=resumed)
    assert response.status == 307
    assert _get(header(response, "location"), resumed) == body[5:10]
    for known in ({"If-None-Match": tag}, {"If-Modified-Since": date}):
        assert stack.request("GET", path, headers=known).status == 304
    small = upload(stack, png()).json()["fileIdentifier"]
    path = f"/api/v1/file/mybucket/{small}"
    tag = header(stack.request("HEAD", path), "etag")
    response = stack.request("GET", f"{path}?redirect=true", headers={"If-Match": tag})
    assert _get(header(response, "location"), {"If-Match": tag}) == png()


def test_checksums_of_the_client_are_verified_by_the_store(stack: LocalStack) -> None:
    body = png()
    sha1 = hashlib.sha1(body).hexdigest()
    offered = presigned_post(stack, name="a.png", checksums={"sha1Hex": sha1})
    assert post(offered, png(colour="navy")) == 400
    assert post(offered, body) == 201
    stack.settle(retries=True)
    found = record(stack, offered["fileIdentifier"])
    assert found["sha1Hex"] == sha1
    assert found["crc32"] is not None


def test_events_are_published_for_the_upload_its_thumbnail_and_its_metadata(
    stack: LocalStack,
) -> None:
    identifier = upload(stack, png()).json()["fileIdentifier"]
    metadata = describe(stack, identifier).json()["data"]["id"]
    stack.settle(retries=True)
    told = [(event["detail-type"], _subject(event["detail"])) for event in unique_events(stack)]
    assert sorted(told) == sorted(
        [
            ("ObjectUploadNotification", "created"),
            ("ThumbnailNotification", "READY"),
            ("DocumentOperationNotification", "ADD metadata"),
            ("DocumentOperationNotification", "ADD derivative"),
            ("DocumentOperationNotification", "UPDATE metadata"),
        ]
    )
    snapshots = {(item["instanceId"], int(item["version"])) for item in stack.items("AuditTable")}
    upload_id, thumbnail = f"object-upload/{identifier}", record(stack, identifier)
    assert snapshots == {
        (upload_id, 1),
        (upload_id, 2),
        (f"metadata/{metadata}", 1),
        (f"derivative/{thumbnail['thumbnailIdentifier']}", 1),
    }


def test_a_pending_thumbnail_is_404_with_retry_after(stack: LocalStack) -> None:
    flat = upload(stack, png()).json()
    describe(stack, flat["fileIdentifier"])
    path = f"/api/v1/file/mybucket/derivative/{flat['thumbnailIdentifier']}"
    pending = stack.request("GET", path)
    assert pending.status == 404
    assert int(header(pending, "retry-after")) > 0
    stack.settle(retries=True)
    assert stack.request("GET", path).status == 200


def test_an_image_that_cannot_be_decoded_is_kept_and_reported(stack: LocalStack) -> None:
    broken = png()[:200]
    identifier = upload(stack, broken).json()["fileIdentifier"]
    stack.settle(retries=True)
    found = record(stack, identifier)
    assert found["thumbnailStatus"] == "FAILED"
    assert found["thumbnailFailure"] == "image_truncated"
    assert stack.request("GET", f"/api/v1/file/mybucket/{identifier}").body == broken


def test_the_record_of_a_thumbnail_that_fails_is_removed_and_the_upload_says_why(
    stack: LocalStack,
) -> None:
    flat = upload(stack, png()[:200]).json()
    describe(stack, flat["fileIdentifier"])
    stack.settle(retries=True)
    path = f"/api/v1/file/mybucket/derivative/{flat['thumbnailIdentifier']}"
    response = stack.request("GET", path)
    assert response.status == 404
    assert "image_truncated" in response.text
    operations = [
        (event["detail"]["documentType"], event["detail"]["operationType"])
        for event in unique_events(stack)
        if event["detail-type"] == "DocumentOperationNotification"
    ]
    assert operations.count(("derivative", "DELETE")) == 1


def _subject(detail: dict[str, Any]) -> str:
    if "operationType" in detail:
        return f"{detail['operationType']} {detail['documentType']}"
    return str(detail.get("operation") or detail.get("thumbnailStatus"))


def _get(url: str, headers: Mapping[str, str] | None = None) -> bytes:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=dict(headers or {}))
        response = connection.getresponse()
        assert response.status == (206 if headers and "Range" in headers else 200)
        return response.read()
    finally:
        connection.close()
