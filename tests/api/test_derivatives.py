"""Derivatives are recorded, downloaded and get thumbnails."""

from __future__ import annotations

import pytest

from local.stack import LocalStack
from tests.api.clients import (
    derive,
    describe,
    header,
    record,
    send,
    upload,
    upload_and_describe,
    upload_derivative,
)
from tests.api.images import jpeg, png


@pytest.mark.parametrize("path", ["/api/v1/derivative", "/api/v1/derivative/"])
def test_a_thumbnail_is_submitted_as_in_the_user_guide(stack: LocalStack, path: str) -> None:
    _, metadata = upload_and_describe(stack)
    file = upload_derivative(stack, jpeg(), media_type="image/jpeg")
    data = {
        "type": "derivative",
        "attributes": {
            "fileIdentifier": file,
            "dcType": "Image",
            "derivativeType": "THUMBNAIL_IMAGE",
        },
        "relationships": {"acDerivedFrom": {"data": {"id": metadata, "type": "metadata"}}},
    }
    response = send(stack, "POST", path, data)
    assert response.status == 201, response.text
    attributes = response.json()["data"]["attributes"]
    assert attributes["bucket"] == "mybucket"
    assert attributes["dcFormat"] == "image/jpeg"
    assert attributes["publiclyReleasable"] is False
    assert stack.request("GET", f"/api/v1/file/mybucket/derivative/{file}").body == jpeg()


def test_a_derivative_is_downloaded_under_the_name_in_its_record(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack)
    file = upload_derivative(stack, png())
    assert derive(stack, file, metadata, filename="my leaf.tif").status == 201
    response = stack.request("GET", f"/api/v1/file/mybucket/derivative/{file}")
    assert "my leaf.png" in header(response, "content-disposition")


def test_a_large_image_gets_a_thumbnail_if_its_metadata_has_none(stack: LocalStack) -> None:
    file = upload(stack, b"only text", name="a.txt", media_type=None).json()["fileIdentifier"]
    metadata = describe(stack, file).json()["data"]["id"]
    made = upload_derivative(stack, png())
    assert derive(stack, made, metadata, derivativeType="LARGE_IMAGE").status == 201
    stack.settle(retries=True)
    thumbnail = record(stack, made)["thumbnailIdentifier"]
    assert record(stack, made)["thumbnailStatus"] == "READY"
    assert stack.keys("ObjectBucket", "thumbnails/") == [f"thumbnails/mybucket/{thumbnail}.jpg"]
    shown = stack.request("GET", f"/api/v1/derivative/{thumbnail}").json()["data"]["attributes"]
    assert shown["createdBy"] == "System Generated"
    response = stack.request("GET", f"/api/v1/file/mybucket/derivative/{thumbnail}")
    assert response.status == 200, response.text
