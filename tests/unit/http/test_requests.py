"""Parsing gateway events, Accept headers and JSON bodies."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.errors import MalformedRequestError, UnsupportedTypeError
from coffer.http.requests import Request
from coffer.http.responses import JSON, JSON_API
from tests.unit.http.events import make_event, make_request


def with_body(body: bytes, content_type: str = JSON_API) -> Request:
    return make_request("POST /x", body=body, headers={"content-type": content_type})


def test_an_event_is_parsed() -> None:
    request = make_request(
        "GET /api/v1/file/{bucket}/{fileId}",
        path="/api/v1/file/aafc/x",
        variables={"bucket": "aafc", "fileId": "x"},
        query="redirect=false&a=1&a=2&empty=&sp%20ace=%C3%A9",
        headers={"Accept": " */* ", "x-forwarded-proto": "http"},
    )
    assert request.route_key == "GET /api/v1/file/{bucket}/{fileId}"
    assert (request.method, request.path) == ("GET", "/api/v1/file/aafc/x")
    assert request.base_url == "http://coffer.example"
    assert request.request_id == "gateway-request-1"
    assert request.variables == {"bucket": "aafc", "fileId": "x"}
    assert request.parameter("redirect") == "false"
    assert request.parameter("a") == "1"
    assert request.parameter("empty") == ""
    assert request.parameter("sp ace") == "é"
    assert request.parameter("none") is None
    assert request.header("accept") == "*/*"
    assert request.header("none") == ""
    assert request.body == b""


def test_a_link_to_the_path_is_encoded_again() -> None:
    """API Gateway decodes the path of an event."""
    request = make_request(path="/api/v1/x/a b#c?é%", query="")
    link = "https://coffer.example/api/v1/x/a%20b%23c%3F%C3%A9%25?page%5Blimit%5D=1"
    assert request.url([("page[limit]", "1")]) == link


def test_the_scheme_is_https_by_default() -> None:
    assert make_request().base_url == "https://coffer.example"


def test_a_body_is_text_or_base64() -> None:
    event = make_event("POST /x", body="é")
    assert Request.from_event(event).body == "é".encode()
    event |= {"body": b64encode(b"\xff\x00").decode(), "isBase64Encoded": True}
    assert Request.from_event(event).body == b"\xff\x00"


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", True),
        ("*/*", True),
        ("application/*", True),
        (JSON_API, True),
        (JSON, True),
        ("APPLICATION/JSON", True),
        ("text/html, application/json;q=0.1", True),
        (f'{JSON_API}; profile="x"', True),
        ("text/html;level=1, */*;q=0.001", True),
        ("text/html", False),
        ("text/*", False),
        ("image/png, text/plain", False),
        ("*/*;q=0", False),
        ("application/json;q=0.0, text/html", False),
        ("application/json ; Q=0.000", False),
        ("application", False),
    ],
)
def test_json_is_acceptable_if_accept_allows_it(header: str, accepted: bool) -> None:
    assert make_request(headers={"accept": header}).accepts(JSON_API, JSON) is accepted


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (JSON_API, True),
        (f"{JSON}, {JSON_API};q=0.5", True),
        ("*/*", False),
        ("application/*", False),
        (JSON, False),
        ("", False),
        (f"{JSON_API};q=0", False),
    ],
)
def test_a_type_is_accepted_exactly_only_if_it_is_named(header: str, named: bool) -> None:
    assert make_request(headers={"accept": header}).accepts_exactly(JSON_API) is named


@given(st.text())
def test_no_accept_header_crashes_the_parser(header: str) -> None:
    request = make_request(headers={"accept": header})
    assert request.accepts(JSON_API) in (True, False)
    assert request.accepts_exactly(JSON_API) in (True, False)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, null, true]}', {"a": [1, None, True]}),
        (b'\xef\xbb\xbf"with a mark"', "with a mark"),
        ('"é 🌱"'.encode(), "é 🌱"),
        (rb'"\ud83c\udf31"', "🌱"),
        (b"7", 7),
        (b"7.0", 7),
        (b"7.5", 7.5),
        (b"7e2", 700),
    ],
)
def test_a_body_is_parsed_as_json_in_utf_8(body: bytes, value: object) -> None:
    assert with_body(body).json() == value


def test_a_whole_number_is_an_int_in_every_spelling() -> None:
    assert isinstance(with_body(b"326.0").json(), int)


@pytest.mark.parametrize("content_type", ["", JSON, JSON_API, f"{JSON_API}; charset=utf-8"])
def test_a_json_body_may_declare_its_type(content_type: str) -> None:
    assert with_body(b"1", content_type).json() == 1


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "x" * 1000])
def test_another_content_type_is_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedTypeError) as refusal:
        with_body(b"1", content_type).json()
    [problem] = refusal.value.problems
    assert (problem.code, problem.header) == ("unsupported_content_type", "Content-Type")
    assert len(problem.detail) < 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"1e999",
        b"-1e999",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 5000,
        b'"\xff"',
        rb'"\ud800"',
        rb'{"\udfff": 1}',
        '"\ud800"'.encode("utf-8", "surrogatepass"),
        '{"a": 1}'.encode("utf-16"),
        b'{"a": 1} trailing',
        b'{"a": 1, "b": {}, "a": 1}',
        b'[{"a": {"": 1, "": 2}}]',
        rb'{"\u0061": 1, "a": 2}',
    ],
)
def test_a_body_that_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequestError) as refusal:
        with_body(body).json()
    [problem] = refusal.value.problems
    assert problem.code == "malformed_json"
    assert len(problem.detail) < 200


@given(st.binary(max_size=100))
def test_no_body_crashes_the_parser(body: bytes) -> None:
    with suppress(MalformedRequestError):
        with_body(body).json()
