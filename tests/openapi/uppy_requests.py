"""Requests for every described response of Uppy's routes, with a bearer token and with a grant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local.gateway.api import Response
from tests.api.uppy import Session, base_of, complete, granted, send_part, started

UNKNOWN = "01a201b2-61d3-7847-b106-8d77d4d6c0e9"
TOO_LARGE = b" " * (10 * 1024**2 + 1)
ZIP = "all.zip"
FAR_PART = 1025
"""The parts before it have at least 5 GiB, the limit of the deployment."""

Request = Callable[[Any], Response]
Base = Callable[[Any], str]


def _send(
    api: Any, method: str, target: str, body: Any = None, *, raw: bytes = b"", **headers: Any
) -> Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None or raw:
        sent.setdefault("Content-Type", "application/json")
    sent = {**api.headers, **sent}
    response: Response = api.stack.request(method, target, headers=sent, json_body=body, body=raw)
    return response


def _after(call: Request, token: str) -> Request:
    """Return a request that is repeated after the stack requires a token."""

    def send(api: Any) -> Response:
        call(api)
        api.require_tokens(token)
        return call(api)

    return send


def _with_access(requests: Mapping[int, Request], *, is_grant: bool) -> Mapping[int, Request]:
    """Add the responses to tokens that are refused, or remove those that a grant does not have."""
    if is_grant:
        return {status: send for status, send in requests.items() if status != 403}
    probe = requests.get(404, requests[200])
    return {401: _after(probe, ""), 403: _after(probe, "roleless"), **requests}


def _form(base: Base) -> Mapping[int, Request]:
    def call(api: Any, query: str = "filename=a.txt&type=text/plain", **headers: Any) -> Response:
        return _send(api, "GET", f"{base(api)}/params?{query}", **headers)

    return {
        200: call,
        400: lambda api: call(api, "filename=&colour=red"),
        403: _after(call, "outsider"),
        406: lambda api: call(api, Accept="image/png"),
        413: lambda api: call(api, f"filename=a.txt&metadata[sizeInBytes]={10**14}"),
        415: lambda api: call(api, f"filename={ZIP}"),
        422: lambda api: call(api, "filename=a.txt&metadata[sizeInBytes]=0"),
    }


def _creation(base: Base) -> Mapping[int, Request]:
    def call(api: Any, **document: Any) -> Response:
        body = {"filename": "a.txt", "type": "text/plain", "metadata": None, **document}
        return _send(api, "POST", f"{base(api)}/multipart", body)

    return {
        200: call,
        400: lambda api: call(api, filename=""),
        403: _after(call, "outsider"),
        406: lambda api: _send(api, "POST", f"{base(api)}/multipart", {}, Accept="image/png"),
        413: lambda api: call(api, metadata={"sizeInBytes": 10**14}),
        415: lambda api: call(api, filename=ZIP),
        422: lambda api: call(api, metadata={"sizeInBytes": 10, "partSizeInBytes": 1}),
    }


def _session(base: Base, api: Any, **announced: Any) -> Session:
    return started(api.stack, base(api), **announced)


def _completed(base: Base, api: Any) -> Session:
    session = _session(base, api)
    assert complete(api.stack, session, [send_part(api.stack, session, 1, b"text")]).status == 200
    return session


def _unknown(base: Base, api: Any) -> Session:
    return Session(base(api), UNKNOWN, f"incoming/mybucket/{UNKNOWN}")


def _signing(base: Base, of: Callable[[Session, int], str]) -> Mapping[int, Request]:
    def call(api: Any, number: int = 1, **headers: Any) -> Response:
        return _send(api, "GET", of(_session(base, api), number), **headers)

    return {
        200: call,
        400: lambda api: call(api, 0),
        404: lambda api: _send(api, "GET", of(_unknown(base, api), 1)),
        406: lambda api: call(api, Accept="image/png"),
        409: lambda api: _send(api, "GET", of(_completed(base, api), 1)),
        413: lambda api: call(api, FAR_PART),
    }


def _editing(method: str, base: Base) -> Mapping[int, Request]:
    def call(api: Any, **headers: Any) -> Response:
        return _send(api, method, _session(base, api).target(), **headers)

    return {
        200: call,
        400: lambda api: _send(api, method, _session(base, api).target().partition("?")[0]),
        404: lambda api: _send(api, method, _unknown(base, api).target()),
        406: lambda api: call(api, Accept="image/png"),
    }


def _completion(base: Base) -> Mapping[int, Request]:
    def call(api: Any, session: Session, **more: Any) -> Response:
        document = more.pop("document", {"parts": []})
        return _send(api, "POST", session.target("/complete"), document, **more)

    def completed(api: Any) -> Response:
        session = _session(base, api)
        etag = send_part(api.stack, session, 1, b"text")
        return call(api, session, document={"parts": [{"PartNumber": 1, "ETag": etag}]})

    def with_body(api: Any, body: bytes, **headers: Any) -> Response:
        target = _session(base, api).target("/complete")
        return _send(api, "POST", target, raw=body, **headers)

    return {
        200: completed,
        400: lambda api: call(api, _session(base, api)),
        404: lambda api: call(api, _unknown(base, api)),
        406: lambda api: call(api, _session(base, api), Accept="image/png"),
        413: lambda api: with_body(api, TOO_LARGE),
        415: lambda api: with_body(api, b"a,b", Content_Type="text/csv"),
    }


def _requests() -> Iterator[tuple[str, Mapping[int, Request]]]:
    def by_grant(api: Any) -> str:
        return base_of(grant=granted(api.stack)["grant"])

    expired = f"{'0' * 32}secret"
    for path, base in (("{bucket}", lambda _: base_of()), ("grant/{grant}", by_grant)):
        root, is_grant = f"/api/v1/uppy/{path}/s3", base is by_grant
        for key, requests in (
            (f"GET {root}/params", _form(base)),
            (f"POST {root}/multipart", _creation(base)),
            (
                f"GET {root}/multipart/{{uploadId}}/{{partNumber}}",
                _signing(base, lambda session, number: session.target(f"/{number}")),
            ),
            (
                f"GET {root}/multipart/{{uploadId}}/batch",
                _signing(base, lambda one, number: one.target("/batch", partNumbers=str(number))),
            ),
            (f"GET {root}/multipart/{{uploadId}}", _editing("GET", base)),
            (f"DELETE {root}/multipart/{{uploadId}}", _editing("DELETE", base)),
            (f"POST {root}/multipart/{{uploadId}}/complete", _completion(base)),
        ):
            added: dict[int, Request] = {}
            if is_grant and 404 not in requests:
                start = base_of(grant=expired)
                method, _, end = key.partition(" ")
                target = f"{start}{end.removeprefix(root)}"
                body = {"filename": "a.txt"} if method == "POST" else None
                query = "" if body else "?filename=a.txt"
                added[404] = _sender(method, target + query, body)
            yield key, {**_with_access(requests, is_grant=is_grant), **added}


def _sender(method: str, target: str, body: Any) -> Request:
    return lambda api: _send(api, method, target, body)


def _grant_requests() -> Mapping[str, Mapping[int, Request]]:
    root = "/api/v1/upload-grant/mybucket"

    def call(api: Any, **limits: Any) -> Response:
        return _send(api, "POST", root, limits)

    def revoke(api: Any, **headers: Any) -> Response:
        return _send(api, "DELETE", f"{root}/{granted(api.stack)['id']}", **headers)

    def revoke_unknown(api: Any) -> Response:
        return _send(api, "DELETE", f"{root}/{UNKNOWN}")

    return {
        "POST /api/v1/upload-grant/{bucket}": {
            201: call,
            400: lambda api: call(api, colour="red"),
            401: _after(call, ""),
            403: _after(call, "outsider"),
            406: lambda api: _send(api, "POST", root, {}, Accept="image/png"),
            413: lambda api: call(api, maxBytes=10**14),
            415: lambda api: _send(api, "POST", root, raw=b"a", Content_Type="text/csv"),
            422: lambda api: call(api, lifetimeSeconds=3601),
        },
        "DELETE /api/v1/upload-grant/{bucket}/{id}": {
            204: revoke,
            400: lambda api: _send(api, "DELETE", f"{root}/nonsense"),
            401: _after(revoke_unknown, ""),
            403: _after(revoke_unknown, "roleless"),
            404: revoke_unknown,
            406: lambda api: revoke(api, Accept="image/png"),
        },
    }


UPPY_REQUESTS: Mapping[str, Mapping[int, Request]] = {**dict(_requests()), **_grant_requests()}
