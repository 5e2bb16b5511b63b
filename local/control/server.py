"""Commands to a running stack, on a reserved path of the API's port (see `local.control.client`).

Every request must carry the header `GUARD_HEADER`, so that a web page open in a browser on this
machine cannot move the clock.
"""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local.control.client import CONTROL_PREFIX, GUARD_HEADER
from local.gateway.api import Response
from local.gateway.http_server import BodyError, Connection
from local.hosts import is_console_origin
from local.invocation import Outcome
from local.stack import LocalStack


class Control:
    """Handler of the reserved path."""

    def __init__(self, stack: LocalStack, stopping: threading.Event) -> None:
        self._stack = stack
        self._stopping = stopping
        self._commands: Mapping[str, Callable[[dict[str, Any]], Any]] = {
            "audit": self._audit,
            "bearer": self._sign_bearer,
            "clock": self._move_clock,
            "invoke": self._invoke,
            "schedule": self._run_schedule,
            "state": self._describe,
            "token": self._sign_permission,
        }

    def __call__(self, connection: Connection) -> bool:
        """Respond to a request on the reserved path; return False for any other path."""
        if not connection.path.startswith(CONTROL_PREFIX):
            return False
        if connection.headers.get(GUARD_HEADER) is None:
            connection.write(_response(403, {"message": f"the header {GUARD_HEADER} is missing"}))
            return True
        origin, host = connection.headers.get("Origin"), connection.headers.get("Host")
        if not is_console_origin(origin, host):
            message = f"pages of {origin} cannot call this path: only the console's own can"
            connection.write(_response(403, {"message": message}))
            return True
        parts = urlsplit(connection.path.removeprefix(CONTROL_PREFIX))
        try:
            body = connection.read_body()
        except BodyError as error:
            connection.close_connection = True
            connection.write(_response(error.status, {"message": "bad body"}))
            return True
        if parts.path == "events":
            self._stream_events(connection, parse_qs(parts.query))
            return True
        command = self._commands.get(parts.path)
        if command is None:
            connection.write(_response(404, {"message": f"unknown command: {parts.path}"}))
            return True
        try:
            connection.write(_response(200, command(json.loads(body or b"{}"))))
        except ValueError as error:
            connection.write(_response(400, {"message": str(error)}))
        except LookupError as error:
            message = str(error.args[0] if error.args else error)
            connection.write(_response(400, {"message": message}))
        except (OverflowError, TypeError) as error:
            connection.write(_response(400, {"message": f"{type(error).__name__}: {error}"}))
        return True

    def _stream_events(self, connection: Connection, options: Mapping[str, object]) -> None:
        connection.close_connection = True
        connection.send_response_only(200)
        connection.send_header("Content-Type", "application/x-ndjson")
        connection.send_header("Connection", "close")
        connection.end_headers()
        bus = self._stack.bus
        follow, history = "follow" in options, "history" in options
        for event in bus.follow(self._stopping, history=history) if follow else bus.seen:
            # Writing an empty line fails if the client has closed the connection.
            line = "" if event is None else json.dumps(event, ensure_ascii=False)
            connection.wfile.write(line.encode() + b"\n")

    def _describe(self, _: dict[str, Any]) -> dict[str, Any]:
        resources = self._stack.resources
        return {
            "endpoints": self._stack.endpoints(),
            "names": dict(resources.names),
            "functions": {
                function.logical_id: dict(function.environment) for function in resources.functions
            },
            "now": self._stack.clock.now().isoformat(),
        }

    def _move_clock(self, arguments: dict[str, Any]) -> dict[str, Any]:
        seconds = float(arguments.get("advance_seconds", 0))
        if seconds and not self._stack.storage.uses_stack_clock:
            raise ValueError(
                "the clock of this stack's S3 cannot be moved, so the stack's clock is not moved"
            )
        self._stack.clock.advance(timedelta(seconds=seconds))
        expired = self._stack.sweep_expired()
        return {"now": self._stack.clock.now().isoformat(), "expired": expired}

    def _run_schedule(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return _result(self._stack.run_schedule(str(arguments["name"])))

    def _invoke(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return _result(self._stack.invoke(str(arguments["function"]), arguments["event"]))

    def _audit(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        entries = map(readable_entry, self._stack.items("AuditTable"))
        return sorted(entries, key=lambda one: (str(one.get("instanceId")), one.get("version", 0)))

    def _sign_bearer(self, arguments: dict[str, Any]) -> dict[str, str]:
        """Return a bearer token; raise ValueError if the stack has no issuer."""
        issuer = self._stack.issuer
        if issuer is None:
            raise ValueError(
                "the tokens of this stack are signed by the issuer that OidcIssuer names"
                if self._stack.tokens_required
                else "this stack needs no tokens: start it with AUTH=jwt make start"
            )
        groups, roles = list(map(str, arguments["groups"])), list(map(str, arguments["roles"]))
        user = str(arguments["user"])
        return {"token": issuer.token(user, groups, roles, _expires_seconds(arguments))}

    def _sign_permission(self, arguments: dict[str, Any]) -> dict[str, str]:
        """Return a rawstore token; raise ValueError if the stack does not hold the private key."""
        tokens = self._stack.permission_tokens
        if tokens is None:
            raise ValueError("DATAHUB_PUBLIC_KEY was given, so only its owner can sign tokens")
        user, service = str(arguments["user"]), str(arguments["service"])
        permissions = dict(arguments["permissions"])
        return {"token": tokens.sign(user, service, permissions, _expires_seconds(arguments))}


def readable_entry(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of the audit table with its state as JSON text, which may be compressed."""
    entry = dict(item)
    if "compressedState" in entry:
        entry["state"] = zlib.decompress(bytes(entry.pop("compressedState"))).decode()
    return entry


def _result(outcome: Outcome) -> dict[str, Any]:
    return {"failed": outcome.summary()} if outcome.failed else {"payload": outcome.payload}


def _expires_seconds(arguments: Mapping[str, Any]) -> int | None:
    expires = arguments.get("expires_seconds")
    return None if expires is None else int(expires)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _response(status: int, document: Any) -> Response:
    body = json.dumps(document, ensure_ascii=False, default=_plain).encode()
    return Response(status, [("content-type", "application/json")], body)
