"""Convert a request to an event, invoke the function of its route, and return the response.

Sources: API Gateway Developer Guide, "Working with AWS Lambda proxy integrations for HTTP APIs"
(payload format 2.0) and "Configure CORS for HTTP APIs".
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import json
import re
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import parse_qsl, unquote

from local.clock import StackClock
from local.gateway.routes import RouteMatch, RouteTable
from local.invocation import Invoker, Outcome, PayloadTooLargeError
from local.resources import ACCOUNT, Cors, Function, Resources, Route

MAX_BODY_BYTES = 10 * 1024**2
API_ID = "local"
TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml"})
"""The media types, beside text/*, whose bodies are passed as text, as observed on API Gateway.
All other bodies are passed in base64: forms, vendor types, and bodies without a type."""


@dataclass(frozen=True)
class Request:
    """An HTTP request. `target` is the path and query as sent; header names are as sent."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"

    @property
    def raw_path(self) -> str:
        """The path, still percent-encoded."""
        return self.target.split("?", 1)[0] or "/"

    @property
    def raw_query(self) -> str:
        """The query without its question mark."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """Return the first header with that name, in upper or lower case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
NO_ROUTE = "-"
"""The route key in the log of a request that no route matches."""


@dataclass(frozen=True)
class Response:
    """An HTTP response. Header names are in lower case; `set-cookie` can occur more than once."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first header with that name, in upper or lower case, or None."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """Return the body, parsed as JSON."""
        return json.loads(self.body)


@dataclass
class HandledRequest:
    """A response, and what the log needs: the route, the function and its outcome."""

    response: Response
    route_key: str
    function: str | None = None
    outcome: Outcome | None = None
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Gateway:
    """The HTTP API of a template."""

    def __init__(self, resources: Resources, invoker: Invoker, clock: StackClock) -> None:
        self._resources = resources
        self._invoker = invoker
        self._clock = clock
        self._routes = RouteTable(resources.routes)

    def handle(self, request: Request) -> HandledRequest:
        """Invoke the function of the matching route, and return its response."""
        cors = self._resources.cors
        is_cors_preflight = cors is not None and is_preflight(request)
        handled = self._route(request)
        if is_cors_preflight and handled.route_key == NO_ROUTE:
            # Without a route the gateway responds itself; otherwise the route's status stays.
            handled.response = Response(204)
        headers = [*handled.response.headers, ("apigw-requestid", handled.request_id)]
        if cors is not None:
            headers = [one for one in headers if not one[0].startswith("access-control-")]
            headers += (
                preflight_headers(cors, request)
                if is_cors_preflight
                else response_headers(cors, request.header("origin"))
            )
        handled.response = Response(handled.response.status, headers, handled.response.body)
        return handled

    def _route(self, request: Request) -> HandledRequest:
        if len(request.body) > MAX_BODY_BYTES:
            return HandledRequest(gateway_error(413), NO_ROUTE)
        path = decoded_path(request.raw_path)
        if path is None:
            return HandledRequest(gateway_error(400), NO_ROUTE)
        match = self._routes.find(request.method, request.raw_path)
        if match is None:
            return HandledRequest(gateway_error(404), NO_ROUTE)
        handled = HandledRequest(gateway_error(500), match.route.key, match.route.function)
        function = self._resources.function(match.route.function)
        event = make_event(request, path, match, handled.request_id, self._clock.now())
        try:
            handled.outcome = self._invoke(function, event, match.route)
        except PayloadTooLargeError:
            handled.response = gateway_error(413)
            return handled
        handled.response = self._response(handled.outcome)
        return handled

    def _invoke(self, function: Function, event: dict[str, Any], route: Route) -> Outcome | None:
        """Return the outcome, or None after the route's timeout; the function then continues."""
        if function.timeout_seconds * 1000 <= route.timeout_ms:
            return self._invoker.invoke(function, event)
        outcomes: SimpleQueue[Outcome | PayloadTooLargeError] = SimpleQueue()

        def work() -> None:
            try:
                outcomes.put(self._invoker.invoke(function, event))
            except PayloadTooLargeError as error:
                outcomes.put(error)

        threading.Thread(target=work, daemon=True).start()
        try:
            outcome = outcomes.get(timeout=route.timeout_ms / 1000)
        except Empty:
            return None
        if isinstance(outcome, PayloadTooLargeError):
            raise outcome
        return outcome

    @staticmethod
    def _response(outcome: Outcome | None) -> Response:
        if outcome is None:
            return gateway_error(503)
        if outcome.failed:
            return gateway_error(500)
        try:
            return make_response(outcome.payload)
        except (ValueError, TypeError, AttributeError):
            return gateway_error(500)


_MESSAGES: Mapping[int, str] = {
    400: "Bad Request",
    404: "Not Found",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}


def gateway_error(status: int, message: str | None = None) -> Response:
    """Return an error response of the gateway itself, with its own message for most statuses."""
    text = message or _MESSAGES[status]
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return Response(status, [("content-type", "application/json")], body)


def decoded_path(raw_path: str) -> str | None:
    """Return the path as an HTTP API passes it in `rawPath`, or None if it responds with 400.

    Despite its name, `rawPath` is decoded: once, then without what follows a question mark, then
    once more (observed on AWS: `hotsock/voker`, `vokerhttp/testdata/ingress-paths.json`).
    """
    once = unquote(raw_path).partition("?")[0]
    return None if _BAD_ESCAPE.search(once) else unquote(once)


def make_event(
    request: Request, path: str, match: RouteMatch, request_id: str, now: datetime
) -> dict[str, Any]:
    """Return the event for a request, in payload format 2.0; `path` is decoded."""
    host = request.header("host") or "localhost"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": path,
        "rawQueryString": request.raw_query,
        "headers": _event_headers(request, host),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": host,
            "domainPrefix": host.split(".")[0].split(":")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": request.header("user-agent") or "",
            },
            "requestId": request_id,
            "routeKey": match.route.key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    cookies = [
        cookie.strip()
        for name, value in request.headers
        if name.lower() == "cookie"
        for cookie in value.split(";")
        if cookie.strip()
    ]
    if cookies:
        event["cookies"] = cookies
    if request.raw_query:
        event["queryStringParameters"] = _joined(
            parse_qsl(request.raw_query, keep_blank_values=True)
        )
    if match.path_parameters:
        event["pathParameters"] = dict(match.path_parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = encode_body(
            request.body, request.header("content-type")
        )
    return event


def _event_headers(request: Request, host: str) -> dict[str, str]:
    port = host.rpartition(":")[2] if ":" in host else "80"
    given = [(name, value) for name, value in request.headers if name.lower() != "cookie"]
    return {
        **_joined((name.lower(), value) for name, value in given),
        "x-amzn-trace-id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}",
        "x-forwarded-for": request.source_ip,
        "x-forwarded-port": port,
        "x-forwarded-proto": "http",
    }


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def encode_body(body: bytes, content_type: str | None) -> tuple[str, bool]:
    """Return the body for the event, and True if it is in base64."""
    media_type = (content_type or "").split(";")[0].strip().lower()
    if media_type.startswith("text/") or media_type in TEXT_TYPES:
        try:
            return body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode("ascii"), True


def make_response(payload: Any) -> Response:
    """Return the response for a handler's payload.

    Raise ValueError, TypeError or AttributeError for a payload that the gateway does not accept.
    """
    if not isinstance(payload, dict) or "statusCode" not in payload:
        # A payload without a status code is the body itself.
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        return Response(200, [("content-type", "application/json")], body)
    status = payload["statusCode"]
    if isinstance(status, bool) or not isinstance(status, int | str):
        raise TypeError(f"not a status code: {status!r}")
    status = int(status)
    if not 100 <= status <= 599:
        raise ValueError(f"not a status code: {status}")
    headers = [
        (str(name).lower(), _header_text(value))
        for name, value in (payload.get("headers") or {}).items()
    ]
    body = _decode_body(payload.get("body"), payload.get("isBase64Encoded") is True)
    if body and not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    headers += [("set-cookie", cookie) for cookie in payload.get("cookies") or ()]
    return Response(status, headers, body)


def _decode_body(body: Any, is_base64: bool) -> bytes:
    if body is None:
        return b""
    if not isinstance(body, str):
        raise TypeError("a body is text")
    if not is_base64:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise ValueError("the body is not valid base64") from error


def _header_text(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "\r" in text or "\n" in text:
        raise ValueError("a header contains a line break")
    return text


def is_preflight(request: Request) -> bool:
    """True if the request is a CORS preflight."""
    return (
        request.method == "OPTIONS"
        and request.header("origin") is not None
        and request.header("access-control-request-method") is not None
    )


def allowed_origin(cors: Cors, origin: str | None) -> str | None:
    """Return the value of Access-Control-Allow-Origin, or None if the header is not sent."""
    if origin is None:
        return None
    if "*" in cors.allow_origins:
        return "*"
    lowered = origin.lower()
    for allowed in cors.allow_origins:
        # The gateway only has the wildcard `*`; fnmatch's other ones cannot occur in an origin.
        if fnmatch.fnmatchcase(lowered, allowed.lower()):
            return origin
    return None


def preflight_headers(cors: Cors, request: Request) -> list[tuple[str, str]]:
    """Return the headers of a preflight response; none if the origin is not allowed."""
    origin = allowed_origin(cors, request.header("origin"))
    if origin is None:
        return []
    headers = [("access-control-allow-origin", origin)]
    if cors.allow_methods:
        headers.append(("access-control-allow-methods", ",".join(cors.allow_methods)))
    if cors.allow_headers:
        headers.append(("access-control-allow-headers", ",".join(cors.allow_headers)))
    if cors.max_age is not None:
        headers.append(("access-control-max-age", str(cors.max_age)))
    return headers


def response_headers(cors: Cors, origin: str | None) -> list[tuple[str, str]]:
    """Return the CORS headers of a response to an actual request."""
    allowed = allowed_origin(cors, origin)
    if allowed is None:
        return []
    headers = [("access-control-allow-origin", allowed)]
    if cors.expose_headers:
        headers.append(("access-control-expose-headers", ",".join(cors.expose_headers)))
    return headers
