"""GET /file-info returns the length and the media type of a stored file."""

from __future__ import annotations

from local.stack import LocalStack
from tests.api.clients import describe, multipart, problems, upload
from tests.api.images import png


class TestFileInfo:
    """GET /file-info reads the length and the media type from the store."""

    def test_a_stored_file_has_a_length_and_a_media_type(self, stack: LocalStack) -> None:
        body = png()
        identifier = upload(stack, body).json()["fileIdentifier"]
        response = stack.request("GET", f"/api/v1/file-info/MYBUCKET/{identifier}.png")
        assert response.json() == {"length": len(body), "contentType": "image/png"}
        assert response.header("content-type") == "application/json"

    def test_a_derivative_and_a_generated_thumbnail_have_a_media_type(
        self, stack: LocalStack
    ) -> None:
        headers, form = multipart(png())
        target = "/api/v1/file/mybucket/derivative"
        flat = stack.request("POST", target, headers=headers, body=form).json()
        root = "/api/v1/file-info/mybucket/derivative"
        response = stack.request("GET", f"{root}/{flat['fileIdentifier']}.png")
        assert response.json()["contentType"] == "image/png"
        main = upload(stack, png()).json()
        describe(stack, main["fileIdentifier"])
        thumbnail = f"{root}/{main['thumbnailIdentifier']}.jpg"
        assert stack.request("GET", thumbnail).status == 404
        stack.settle(retries=True)
        assert stack.request("GET", thumbnail).json()["contentType"] == "image/jpeg"

    def test_a_file_that_is_missing_or_named_wrongly_is_not_found(self, stack: LocalStack) -> None:
        identifier = upload(stack, png()).json()["fileIdentifier"]
        other = "01a201b2-61d3-7847-b106-8d77d4d6c0e9"
        for path in (
            f"mybucket/{other}.png",
            f"mybucket/{identifier}.jpg",
            f"mybucket/{identifier}",
            f"mybucket/derivative/{identifier}.png",
            f"mybucket/derivative/{other}.jpg",
            f"other/{identifier}.png",
            "mybucket/leaf.png",
        ):
            response = stack.request("GET", f"/api/v1/file-info/{path}")
            assert problems(response) == [("404", "file_not_found")], path
        [key] = stack.keys("ObjectBucket")
        stack.client("s3").delete_object(Bucket=stack.name("ObjectBucket"), Key=key)
        response = stack.request("GET", f"/api/v1/file-info/mybucket/{identifier}.png")
        assert problems(response) == [("404", "file_not_found")]
