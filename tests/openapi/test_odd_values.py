"""Ranges after the end, checksums that are no object, and whole numbers with a fraction."""

from __future__ import annotations

from typing import Any

import pytest

from local.stack import LocalStack
from tests.api.clients import problems, upload
from tests.api.images import png


def test_a_range_after_the_end_gets_an_error_document(stack: LocalStack) -> None:
    body = png()
    identifier = upload(stack, body).json()["fileIdentifier"]
    path = f"/api/v1/file/mybucket/{identifier}"
    response = stack.request("GET", path, headers={"Range": f"bytes={len(body)}-"})
    assert problems(response) == [("416", "range_not_satisfiable")]
    assert response.header("content-range") == f"bytes */{len(body)}"
    assert response.header("content-disposition") is None


@pytest.mark.parametrize("checksums", [False, 0, "", []])
def test_checksums_that_are_no_object_are_refused(stack: LocalStack, checksums: Any) -> None:
    announced = {"files": [{"originalFilename": "a.png", "checksums": checksums}]}
    response = stack.request("POST", "/api/v1/upload/mybucket", json_body=announced)
    assert problems(response) == [("400", "malformed_checksum")]


def test_checksums_may_be_null(stack: LocalStack) -> None:
    announced = {"files": [{"originalFilename": "a.png", "checksums": None}]}
    response = stack.request("POST", "/api/v1/upload/mybucket", json_body=announced)
    assert response.status == 200


@pytest.mark.parametrize(
    ("number", "status"),
    [("1.0", 200), ("1e3", 200), ("1.5", 400), ("1e400", 400), ("-1.0", 400), ("true", 400)],
)
def test_a_whole_number_may_have_a_fraction_of_zero(
    stack: LocalStack, number: str, status: int
) -> None:
    body = f'{{"files": [{{"originalFilename": "a.png", "sizeInBytes": {number}}}]}}'
    response = stack.request(
        "POST",
        "/api/v1/upload/mybucket",
        headers={"Content-Type": "application/json"},
        body=body,
    )
    assert response.status == status, response.text
