"""The thumbnail of a file, by the file's own identifier."""

from __future__ import annotations

import io

from PIL import Image

from local.stack import LocalStack
from tests.api.clients import describe, header, problems, record, upload
from tests.api.images import png


def path_of(identifier: str, bucket: str = "mybucket") -> str:
    return f"/api/v1/file/{bucket}/{identifier}/thumbnail"


def test_a_thumbnail_is_there_before_and_after_its_file_is_described(stack: LocalStack) -> None:
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


def test_asking_for_the_thumbnails_headers_gives_its_length(stack: LocalStack) -> None:
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
    answer = stack.request("GET", path_of(uploaded["fileIdentifier"]))
    assert problems(answer) == [("404", "thumbnail_unsupported")]


def test_a_thumbnail_is_found_in_its_files_bucket_only(stack: LocalStack) -> None:
    identifier = upload(stack, png()).json()["fileIdentifier"]
    stack.settle(retries=True)
    assert problems(stack.request("GET", path_of(identifier, "other"))) == [
        ("404", "file_not_found")
    ]
    assert problems(stack.request("GET", path_of("nonsense"))) == [("400", "malformed_identifier")]
