"""Lambda's Invoke operation, in front of moto's application: functions invoke functions with it.

Source: Lambda API Reference, "Invoke". Only synchronous invocations are supported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from local.faults.throttling import Application, NextError
from local.invocation import Outcome, PayloadTooLargeError

_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")

InvokeByName = Callable[[str, Any], Outcome | None]
"""Invokes a function by its name; returns None if there is no such function."""


class LambdaApplication:
    """A WSGI application with Lambda's Invoke; other requests go to `application`."""

    def __init__(
        self, application: Application, invoke: InvokeByName, next_error: NextError
    ) -> None:
        self._application = application
        self._invoke = invoke
        self._next_error = next_error

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        found = _PATH.fullmatch(environ.get("PATH_INFO", ""))
        if found is None or environ.get("REQUEST_METHOD") != "POST":
            return self._application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, headers, document = self._respond(found[1], body)
        response = json.dumps(document).encode()
        start_response(
            status,
            [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(response))),
                *headers,
            ],
        )
        return [response]

    def _respond(self, name: str, body: bytes) -> tuple[str, list[tuple[str, str]], Any]:
        error = self._next_error("Lambda", "Invoke")
        if error is not None:
            return f"{error.status} Refused", [_error_type(error.code)], {"message": error.message}
        try:
            outcome = self._invoke(name, json.loads(body or b"{}"))
        except PayloadTooLargeError as refused:
            kind = _error_type("RequestTooLargeException")
            return "413 Request Entity Too Large", [kind], {"message": str(refused)}
        if outcome is None:
            kind = _error_type("ResourceNotFoundException")
            return "404 Not Found", [kind], {"message": f"Function not found: {name}"}
        if outcome.failed:
            document = {"errorType": outcome.error_type, "errorMessage": outcome.error_message}
            return "200 OK", [("X-Amz-Function-Error", "Unhandled")], document
        return "200 OK", [], outcome.payload


def _error_type(code: str) -> tuple[str, str]:
    return "x-amzn-ErrorType", code
