"""Responses in the gateway's form."""

from __future__ import annotations

from http import HTTPStatus

from coffer.http.responses import JSON, Response


def test_text_is_sent_as_it_is() -> None:
    response = Response(status=HTTPStatus.CREATED, headers={"ETag": '"1"'}, body="é")
    assert response.to_gateway() == {
        "statusCode": 201,
        "headers": {"X-Content-Type-Options": "nosniff", "ETag": '"1"'},
        "body": "é",
        "isBase64Encoded": False,
    }


def test_bytes_are_sent_in_base64() -> None:
    gateway = Response(body=b"\xff\x00").to_gateway()
    assert (gateway["body"], gateway["isBase64Encoded"]) == ("/wA=", True)


def test_json_is_compact_and_not_escaped() -> None:
    response = Response.of_json({"a": ["é"]}, media_type=JSON, headers={"X": "y"})
    assert response.body == '{"a":["é"]}'
    assert response.headers == {"Content-Type": JSON, "X": "y"}


def test_half_a_surrogate_pair_is_escaped() -> None:
    assert Response.of_json({"a": "é\ud800"}).body == '{"a": "\\u00e9\\ud800"}'.replace(" ", "")
