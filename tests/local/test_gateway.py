"""The gateway: events for requests, responses for payloads, and its own errors."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.clock import StackClock
from local.gateway.api import (
    MAX_BODY_BYTES,
    Gateway,
    Request,
    Response,
    encode_body,
    make_response,
)
from local.invocation import Outcome, encode_event
from local.resources import Cors, Function, Resources, RetryPolicy, Route

CORS = Cors(
    allow_origins=("https://*.example.org", "http://localhost:8080"),
    allow_methods=("GET", "POST"),
    allow_headers=("content-type",),
    expose_headers=("ETag", "Location"),
    max_age=600,
)


def make_function(timeout_seconds: int = 3) -> Function:
    return Function(
        logical_id="ThingFunction",
        name="thing",
        folder=Path(),
        handler="app.handler",
        layers=(),
        timeout_seconds=timeout_seconds,
        memory_mb=128,
        environment={},
        reserved_concurrency=None,
        asynchronous=RetryPolicy(0, 0, None),
    )


class Echo:
    """An invoker that records events and returns a given outcome."""

    def __init__(self, respond: Callable[[Any], Any]) -> None:
        self.events: list[Any] = []
        self._respond = respond

    def invoke(self, function: Function, event: Any) -> Outcome:
        encode_event(event)
        self.events.append(event)
        payload = self._respond(event)
        return payload if isinstance(payload, Outcome) else Outcome(payload)

    def close(self) -> None:
        """Do nothing."""


def ask(
    request: Request,
    respond: Callable[[Any], Any] = lambda _: {"statusCode": 204},
    *,
    cors: Cors | None = None,
    function: Function | None = None,
    timeout_ms: int = 30_000,
    has_default_route: bool = False,
) -> tuple[Response, list[Any]]:
    routes = [
        Route("GET", "/things/{id}", "ThingFunction", timeout_ms),
        Route("POST", "/things", "ThingFunction", timeout_ms),
    ]
    if has_default_route:
        routes.append(Route("ANY", "$default", "ThingFunction", timeout_ms))
    resources = Resources(functions=(function or make_function(),), routes=tuple(routes), cors=cors)
    invoker = Echo(respond)
    handled = Gateway(resources, invoker, StackClock()).handle(request)
    return handled.response, invoker.events


def test_an_event_has_the_shape_of_payload_format_2() -> None:
    headers = [
        ("Host", "localhost:8081"),
        ("User-Agent", "curl/8"),
        ("X-Twice", "one"),
        ("x-twice", "two"),
        ("Cookie", "a=1; b=2"),
    ]
    _, [event] = ask(Request("GET", "/things/a%2Fb?x=1&x=2&y=%20&z", headers))
    context = event.pop("requestContext")
    sent = event.pop("headers")
    assert event == {
        "version": "2.0",
        "routeKey": "GET /things/{id}",
        "rawPath": "/things/a/b",
        "rawQueryString": "x=1&x=2&y=%20&z",
        "cookies": ["a=1", "b=2"],
        "queryStringParameters": {"x": "1,2", "y": " ", "z": ""},
        "pathParameters": {"id": "a/b"},
        "isBase64Encoded": False,
    }
    assert sent["x-twice"] == "one,two"
    assert "cookie" not in sent
    assert sent["x-forwarded-port"] == "8081"
    assert (context["stage"], context["domainName"]) == ("$default", "localhost:8081")
    assert context["http"] == {
        "method": "GET",
        "path": "/things/a/b",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "curl/8",
    }
    assert context["requestId"]
    assert context["timeEpoch"] > 0


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("/things/plain", "/things/plain"),
        ("/things/space%20value", "/things/space value"),
        ("/things/question%3Fvalue", "/things/question"),
        ("/things/hash%23value", "/things/hash#value"),
        ("/things/slash%2Fvalue", "/things/slash/value"),
        ("/things/unicode-%CE%BB-%E4%B8%96", "/things/unicode-λ-世"),
        ("/things/literal%252Fvalue", "/things/literal/value"),
        ("/things/literal%253Fvalue", "/things/literal?value"),
        ("/things/literal%2525value", "/things/literal%value"),
    ],
)
def test_the_path_of_an_event_is_decoded_as_on_aws(sent: str, path: str) -> None:
    """Captured on AWS: hotsock/voker, vokerhttp/testdata/ingress-paths.json."""
    _, [event] = ask(Request("GET", sent))
    assert (event["rawPath"], event["requestContext"]["http"]["path"]) == (path, path)


def test_a_path_that_cannot_be_decoded_is_refused_as_on_aws() -> None:
    response, events = ask(Request("GET", "/things/percent%25done"))
    assert (response.status, events) == (400, [])


def test_absent_parts_are_absent_in_the_event() -> None:
    _, [event] = ask(Request("POST", "/things"))
    assert not {"body", "cookies", "pathParameters", "queryStringParameters"} & set(event)


@pytest.mark.parametrize(
    ("content_type", "is_base64"),
    [
        ("application/json", False),
        ("application/json; charset=utf-8", False),
        ("text/csv", False),
        ("application/xml", False),
        ("application/javascript", False),
        ("application/vnd.api+json", True),
        ("application/x-www-form-urlencoded", True),
        ("multipart/form-data; boundary=x", True),
        ("application/octet-stream", True),
        (None, True),
    ],
)
def test_only_some_types_arrive_as_text(content_type: str | None, is_base64: bool) -> None:
    body, encoded = encode_body(b"{}", content_type)
    assert encoded is is_base64
    assert body == (base64.b64encode(b"{}").decode() if is_base64 else "{}")


def test_text_that_is_not_utf_8_arrives_in_base64() -> None:
    assert encode_body(b"\xff", "text/plain") == ("/w==", True)


@pytest.mark.parametrize(
    ("payload", "status", "content_type", "body"),
    [
        ({"hello": 1}, 200, "application/json", b'{"hello":1}'),
        ("plain", 200, "application/json", b'"plain"'),
        ({"statusCode": 201, "body": "x"}, 201, "text/plain;charset=UTF-8", b"x"),
        ({"statusCode": "202"}, 202, None, b""),
        (
            {"statusCode": 200, "body": "/w==", "isBase64Encoded": True,
             "headers": {"Content-Type": "image/png"}},
            200, "image/png", b"\xff",
        ),
    ],
)  # fmt: skip
def test_payloads_become_responses(
    payload: Any, status: int, content_type: str | None, body: bytes
) -> None:
    response = make_response(payload)
    assert (response.status, response.header("content-type"), response.body) == (
        status,
        content_type,
        body,
    )


def test_each_cookie_is_one_header() -> None:
    response = make_response({"statusCode": 200, "cookies": ["a=1", "b=2"]})
    assert [value for name, value in response.headers if name == "set-cookie"] == ["a=1", "b=2"]


@pytest.mark.parametrize(
    "payload",
    [
        {"statusCode": "many"},
        {"statusCode": 1000},
        {"statusCode": True},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
        {"statusCode": 200, "headers": {"X": "a\r\nSet-Cookie: b"}},
        {"statusCode": 200, "headers": ["no", "mapping"]},
    ],
)
def test_an_invalid_payload_is_a_500(payload: Any) -> None:
    response, _ = ask(Request("POST", "/things"), lambda _: payload)
    assert (response.status, response.json()) == (500, {"message": "Internal Server Error"})


def test_a_function_error_is_a_500_without_its_details() -> None:
    failed = Outcome(error_type="KeyError", error_message="secret")
    response, _ = ask(Request("POST", "/things"), lambda _: failed)
    assert response.status == 500
    assert "secret" not in response.text


def test_a_body_beyond_the_gateways_limit_is_refused_before_any_function() -> None:
    response, events = ask(Request("POST", "/things", body=b"x" * (MAX_BODY_BYTES + 1)))
    assert (response.status, response.json()) == (413, {"message": "Request Entity Too Large"})
    assert events == []


def test_a_body_that_makes_too_large_an_event_is_refused() -> None:
    response, events = ask(Request("POST", "/things", body=b"x" * 4_800_000))
    assert (response.status, events) == (413, [])


def test_a_function_slower_than_the_gateway_waits_is_a_503() -> None:
    release = threading.Event()
    response, _ = ask(
        Request("POST", "/things"),
        lambda _: release.wait(5),
        function=make_function(timeout_seconds=60),
        timeout_ms=50,
    )
    release.set()
    assert (response.status, response.json()) == (503, {"message": "Service Unavailable"})


def test_a_request_without_a_route_is_a_404_of_the_gateway() -> None:
    response, _ = ask(Request("GET", "/nowhere"))
    assert (response.status, response.json()) == (404, {"message": "Not Found"})


def preflight(origin: str) -> Response:
    headers = [("Origin", origin), ("Access-Control-Request-Method", "POST")]
    response, events = ask(Request("OPTIONS", "/things", headers), cors=CORS)
    assert events == []
    return response


def test_the_gateway_responds_to_a_preflight() -> None:
    response = preflight("https://a.example.org")
    assert response.status == 204
    headers = dict(response.headers)
    assert headers.pop("apigw-requestid")
    assert headers == {
        "access-control-allow-origin": "https://a.example.org",
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "600",
    }


def test_a_preflight_from_another_origin_gets_no_headers() -> None:
    response = preflight("https://example.com")
    assert (response.status, [name for name, _ in response.headers]) == (204, ["apigw-requestid"])


def test_a_preflight_reaches_the_default_route_whose_status_stays() -> None:
    """As at AWS: `$default` matches every method, and the gateway only adds headers."""
    headers = [("Origin", "https://a.example.org"), ("Access-Control-Request-Method", "POST")]
    response, events = ask(
        Request("OPTIONS", "/things", headers),
        lambda _: {"statusCode": 405},
        cors=CORS,
        has_default_route=True,
    )
    assert [event["requestContext"]["http"]["method"] for event in events] == ["OPTIONS"]
    assert response.status == 405
    assert response.header("access-control-allow-origin") == "https://a.example.org"


def test_the_apis_cors_headers_replace_the_handlers() -> None:
    payload = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "ETag": "x"}}
    request = Request("POST", "/things", [("Origin", "http://localhost:8080")])
    response, _ = ask(request, lambda _: payload, cors=CORS)
    assert response.header("access-control-allow-origin") == "http://localhost:8080"
    assert response.header("access-control-expose-headers") == "ETag,Location"
    assert response.header("etag") == "x"
    without_origin, _ = ask(Request("POST", "/things"), lambda _: payload, cors=CORS)
    assert without_origin.header("access-control-allow-origin") is None
