"""Bodies that are not valid UTF-8, or have half of a surrogate pair, are refused."""

from __future__ import annotations

import json

import pytest

from local.stack import LocalStack

JSON_TYPE = {"Content-Type": "application/json"}
HALF_PAIR = "\ud800"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"data": {"type": "metadata", "attributes": {"acCaption": HALF_PAIR}}}).encode(),
        json.dumps({"data": {"type": "metadata", HALF_PAIR: 1}}).encode(),
        f'{{"data": "{HALF_PAIR}"}}'.encode("utf-8", "surrogatepass"),
        '{"data": "ä"}'.encode("latin-1"),
        '{"data": "ä"}'.encode("utf-16"),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/metadata", "/api/v1/upload/mybucket"])
def test_a_body_that_is_not_utf8_is_malformed(stack: LocalStack, path: str, body: bytes) -> None:
    response = stack.request("POST", path, headers=JSON_TYPE, body=body)
    assert (response.status, response.json()["errors"][0]["code"]) == (400, "malformed_json")


def test_a_surrogate_pair_and_a_byte_order_mark_are_accepted(stack: LocalStack) -> None:
    body = b'\xef\xbb\xbf{"files": [{"originalFilename": "\\ud83d\\ude00.png"}]}'
    response = stack.request("POST", "/api/v1/upload/mybucket", headers=JSON_TYPE, body=body)
    assert response.status == 200, response.text


def test_rawstore_names_a_path_with_half_of_a_surrogate_pair(stack: LocalStack) -> None:
    assert stack.permission_tokens is not None
    token = stack.permission_tokens.sign("owner", "rawstore", {"datapackage-upload": True})
    body = json.dumps({"metadata": {"owner": "owner"}, "filedata": {HALF_PAIR: {}}})
    response = stack.request(
        "POST", "/rawstore/authorize", headers={"Auth-Token": token}, body=body
    )
    assert response.status == 400
    assert list(response.json()["error"]["files"]) == [HALF_PAIR]
