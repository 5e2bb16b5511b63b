"""Thumbnails: served by the file's identifier, for several formats, and made again on request."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from local.stack import LocalStack
from tests.api.clients import (
    derive,
    describe,
    header,
    problems,
    record,
    unique_events,
    upload,
    upload_derivative,
)
from tests.api.conftest import MAX_ATTEMPTS
from tests.api.images import jpeg, photo, png
from tests.fakes.files import png_header


def path_of(identifier: str, bucket: str = "mybucket") -> str:
    return f"/api/v1/file/{bucket}/{identifier}/thumbnail"


def test_a_thumbnail_is_served_before_and_after_its_file_is_described(stack: LocalStack) -> None:
    identifier = upload(stack, png(), name="leaf.png").json()["fileIdentifier"]
    pending = stack.request("GET", path_of(identifier))
    assert problems(pending) == [("404", "thumbnail_pending")]
    assert int(header(pending, "retry-after")) > 0

    stack.settle(retries=True)
    before = stack.request("GET", path_of(identifier))
    assert before.status == 200, before.text
    with Image.open(io.BytesIO(before.body)) as small:
        assert (small.format, small.size) == ("JPEG", (200, 150))

    assert describe(stack, identifier, filename="sheet.png").status == 201
    after = stack.request("GET", path_of(identifier))
    assert after.body == before.body
    assert 'filename="sheet_thumbnail.jpg"' in header(after, "content-disposition")
    derivative = record(stack, identifier)["thumbnailIdentifier"]
    assert (
        stack.request("GET", f"/api/v1/file/mybucket/derivative/{derivative}").body == before.body
    )


def test_a_head_request_returns_the_thumbnails_length(stack: LocalStack) -> None:
    identifier = upload(stack, png()).json()["fileIdentifier"]
    stack.settle(retries=True)
    whole = stack.request("GET", path_of(identifier))
    head = stack.request("HEAD", path_of(identifier))
    assert (head.status, head.body) == (200, b"")
    assert header(head, "x-content-length") == str(len(whole.body))
    assert header(head, "content-type") == header(whole, "content-type") == "image/jpeg"
    known = {"If-None-Match": header(whole, "etag")}
    assert stack.request("GET", path_of(identifier), headers=known).status == 304


def test_a_file_that_is_no_image_has_no_thumbnail(stack: LocalStack) -> None:
    uploaded = upload(stack, b"a,b\n1,2\n", name="table.csv", media_type="text/csv").json()
    response = stack.request("GET", path_of(uploaded["fileIdentifier"]))
    assert problems(response) == [("404", "thumbnail_unsupported")]


def test_a_thumbnail_is_found_in_its_files_bucket_only(stack: LocalStack) -> None:
    identifier = upload(stack, png()).json()["fileIdentifier"]
    stack.settle(retries=True)
    assert problems(stack.request("GET", path_of(identifier, "other"))) == [
        ("404", "file_not_found")
    ]
    assert problems(stack.request("GET", path_of("nonsense"))) == [("400", "malformed_identifier")]


# ---------------------------------------------------------------- other formats, other sources


def test_the_exif_properties_of_a_photo_are_stored_with_its_thumbnail(stack: LocalStack) -> None:
    flat = upload(stack, photo(), name="leaf.jpg", media_type="image/jpeg").json()
    assert (flat["exif"], flat["dateTimeDigitized"], flat["width"]) == ({}, None, None)
    stack.settle(retries=True)
    found = record(stack, flat["fileIdentifier"])
    assert found["dateTimeDigitized"] == "2020-11-13T10:03:17"
    assert found["exif"] == {"Date/Time Original": "2020:11:13 10:03:17"}
    assert (found["width"], found["height"], found["orientation"]) == (300, 400, 6)
    [told] = [one for one in unique_events(stack) if one["detail-type"] == "ThumbnailNotification"]
    assert told["detail"]["dateTimeDigitized"] == "2020-11-13T10:03:17"
    small = stack.request("GET", path_of(flat["fileIdentifier"]))
    with Image.open(io.BytesIO(small.body)) as image:
        assert image.size == (150, 200)


def test_a_batch_with_hostile_images_is_processed(stack: LocalStack) -> None:
    giant = png_header(60_000, 60_000)
    bodies = [png(), giant, b"\xff\xd8\xff\xe0\x00 no JPEG", png(colour="seagreen"), giant[:40]]
    identifiers = [upload(stack, body).json()["fileIdentifier"] for body in bodies]
    stack.settle(retries=True)
    found = [record(stack, identifier) for identifier in identifiers]
    assert [one["thumbnailStatus"] for one in found] == [
        "READY", "FAILED", "FAILED", "READY", "FAILED",
    ]  # fmt: skip
    assert found[1]["thumbnailFailure"] == "image_too_large"


def described(stack: LocalStack, body: bytes) -> tuple[str, str]:
    """Upload and describe a file and return the identifiers of both."""
    identifier = upload(stack, body).json()["fileIdentifier"]
    metadata = describe(stack, identifier).json()["data"]["id"]
    stack.settle(retries=True)
    return identifier, metadata


def test_a_submitted_thumbnail_is_served_instead_of_the_generated_one(
    stack: LocalStack,
) -> None:
    identifier, metadata = described(stack, png())
    generated = stack.request("GET", path_of(identifier)).body
    submitted = jpeg(300, 300)
    file = upload_derivative(stack, submitted)
    response = derive(
        stack, file, metadata, derivativeType="THUMBNAIL_IMAGE", dcFormat="image/jpeg"
    )
    assert response.status == 201, response.text
    stack.settle(retries=True)
    assert stack.request("GET", path_of(identifier)).body == submitted != generated


def test_a_derivative_gets_a_thumbnail_if_its_file_has_none(stack: LocalStack) -> None:
    identifier, metadata = described(stack, png()[:200])
    assert stack.request("GET", path_of(identifier)).status == 404
    file = upload_derivative(stack, png(600, 600))
    derivative = derive(stack, file, metadata, derivativeType="LARGE_IMAGE").json()["data"]["id"]
    stack.settle(retries=True)
    small = stack.request("GET", path_of(identifier))
    assert small.status == 200, small.text
    with Image.open(io.BytesIO(small.body)) as image:
        assert image.size == (200, 200)
    made = record(stack, file)["thumbnailIdentifier"]
    assert derivative_item(stack, made)["createdBy"] == "System Generated"
    assert derivative_item(stack, made)["generatedFromDerivative"] == derivative


def derivative_item(stack: LocalStack, identifier: str) -> dict[str, Any]:
    [item] = [one for one in stack.items("DerivativesTable") if one["id"] == identifier]
    return item


def test_a_derivative_gets_no_thumbnail_if_its_file_has_one(stack: LocalStack) -> None:
    _, metadata = described(stack, png())
    file = upload_derivative(stack, png(600, 600))
    derive(stack, file, metadata, derivativeType="LARGE_IMAGE")
    stack.settle(retries=True)
    assert record(stack, file)["thumbnailStatus"] is None


# ---------------------------------------------------------------- asking again


def test_an_operator_has_failed_thumbnails_made_again(stack: LocalStack) -> None:
    identifier, metadata = described(stack, png()[:200])
    thumbnail = record(stack, identifier)["thumbnailIdentifier"]
    assert stack.request("GET", f"/api/v1/derivative/{thumbnail}").status == 410
    [key] = [key for key in stack.keys("ObjectBucket") if identifier in key]
    stack.client("s3").put_object(Bucket=stack.name("ObjectBucket"), Key=key, Body=png())

    assert remake(stack, "decoder_crashed") == {"asked": 0, "goOnAfter": None}
    assert remake(stack, "image_truncated") == {"asked": 1, "goOnAfter": None}
    stack.settle(retries=True)
    assert record(stack, identifier)["thumbnailStatus"] == "READY"
    assert record(stack, identifier)["thumbnailFailure"] is None
    assert stack.request("GET", f"/api/v1/derivative/{thumbnail}").status == 200
    assert derivative_item(stack, thumbnail)["acDerivedFrom"] == metadata
    assert remake(stack, "image_truncated")["asked"] == 0


def generate(stack: LocalStack, metadata: str) -> str:
    """Request the thumbnail of a record and return the identifier of its derivative."""
    attributes = {"metadataUuid": metadata, "derivativeType": "THUMBNAIL_IMAGE"}
    body = {"data": {"type": "derivative-generation", "attributes": attributes}}
    response = stack.request("POST", "/api/v1/derivative-generation", json_body=body)
    assert response.status == 201, response.text
    return str(response.json()["data"]["id"])


def test_a_thumbnail_whose_message_was_lost_is_made_on_request(stack: LocalStack) -> None:
    identifier = upload(stack, png()).json()["fileIdentifier"]
    metadata = describe(stack, identifier).json()["data"]["id"]
    stack.settle(retries=True)
    [lost] = stack.keys("ObjectBucket", "thumbnails/")
    stack.client("s3").delete_object(Bucket=stack.name("ObjectBucket"), Key=lost)
    thumbnail = generate(stack, metadata)
    # It is requested again before the first event was published.
    assert generate(stack, metadata) == thumbnail
    assert record(stack, identifier)["thumbnailStatus"] == "PENDING"
    stack.settle(retries=True)
    assert record(stack, identifier)["thumbnailStatus"] == "READY"
    assert stack.keys("ObjectBucket", "thumbnails/") == [lost]


def test_a_thumbnail_that_fails_again_is_removed_again(stack: LocalStack) -> None:
    identifier, metadata = described(stack, png()[:200])
    for _ in range(2):
        thumbnail = generate(stack, metadata)
        assert stack.request("GET", f"/api/v1/derivative/{thumbnail}").status == 200
        stack.settle(retries=True)
        assert record(stack, identifier)["thumbnailFailure"] == "image_truncated"
        assert stack.request("GET", f"/api/v1/derivative/{thumbnail}").status == 410
        assert problems(stack.request("GET", path_of(identifier))) == [("404", "thumbnail_failed")]


def remake(stack: LocalStack, code: str) -> dict[str, Any]:
    """Run the operator's command, again if AWS was too busy, and return its output."""
    for _ in range(MAX_ATTEMPTS):
        outcome = stack.invoke("MakeThumbnailFunction", {"again": code})
        if outcome.error_type != "UnavailableError":
            break
    assert not outcome.failed, outcome.error_message
    return dict(outcome.payload)
