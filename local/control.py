"""The hands on a running stack, from another process: a reserved path on the API's port.

Every request has to carry a header that no web page can send without asking first, so that a page
open in a browser on this machine can't move the clock.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from local.gateway.api import Response
from local.gateway.http_server import BodyError, Connection
from local.remote import CONTROL_PREFIX, GUARD_HEADER
from local.stack import LocalStack


class Control:
    """Answers the reserved path."""

    def __init__(self, stack: LocalStack, stopping: threading.Event) -> None:
        self._stack = stack
        self._stopping = stopping
        self._hands: Mapping[str, Callable[[dict[str, Any]], Any]] = {
            "audit": self._audit,
            "bearer": self._sign_bearer,
            "clock": self._move_clock,
            "invoke": self._invoke,
            "schedule": self._run_schedule,
            "state": self._describe,
            "token": self._sign_permission,
        }

    def __call__(self, connection: Connection) -> bool:
        """Answers a request on the reserved path; False for any other."""
        if not connection.path.startswith(CONTROL_PREFIX):
            return False
        if connection.headers.get(GUARD_HEADER) is None:
            connection.write(_answer(403, {"message": f"the header {GUARD_HEADER} is missing"}))
            return True
        parts = urlsplit(connection.path.removeprefix(CONTROL_PREFIX))
        try:
            body = connection.read_body()
        except BodyError as error:
            connection.close_connection = True
            connection.write(_answer(error.status, {"message": "bad body"}))
            return True
        if parts.path == "events":
            self._stream_events(connection, "follow" in parts.query)
            return True
        hand = self._hands.get(parts.path)
        if hand is None:
            connection.write(_answer(404, {"message": f"no such hand: {parts.path}"}))
            return True
        try:
            connection.write(_answer(200, hand(json.loads(body or b"{}"))))
        except ValueError as error:
            connection.write(_answer(400, {"message": str(error)}))
        except LookupError as error:
            connection.write(_answer(400, {"message": str(error.args[0] if error.args else error)}))
        except (OverflowError, TypeError) as error:
            connection.write(_answer(400, {"message": f"{type(error).__name__}: {error}"}))
        return True

    def _stream_events(self, connection: Connection, follow: bool) -> None:
        connection.close_connection = True
        connection.send_response_only(200)
        connection.send_header("Content-Type", "application/x-ndjson")
        connection.send_header("Connection", "close")
        connection.end_headers()
        bus = self._stack.bus
        for event in bus.follow(self._stopping) if follow else bus.seen:
            # An empty line shows whether somebody still listens.
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

    def _move_clock(self, wanted: dict[str, Any]) -> dict[str, Any]:
        seconds = float(wanted.get("advance_seconds", 0))
        if seconds and not self._stack.storage.uses_stack_clock:
            raise ValueError("the clock of this stack's S3 can't be moved, so its own isn't either")
        self._stack.clock.advance(timedelta(seconds=seconds))
        swept = self._stack.sweep_expired()
        return {"now": self._stack.clock.now().isoformat(), "expired": swept}

    def _run_schedule(self, wanted: dict[str, Any]) -> dict[str, Any]:
        outcome = self._stack.run_schedule(str(wanted["name"]))
        if outcome.failed:
            return {"failed": outcome.summary()}
        return {"payload": outcome.payload}

    def _invoke(self, wanted: dict[str, Any]) -> dict[str, Any]:
        outcome = self._stack.invoke(str(wanted["function"]), wanted["event"])
        if outcome.failed:
            return {"failed": outcome.summary()}
        return {"payload": outcome.payload}

    def _audit(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        entries = self._stack.items("AuditTable")
        return sorted(entries, key=lambda one: (str(one.get("instanceId")), one.get("version", 0)))

    def _sign_bearer(self, wanted: dict[str, Any]) -> dict[str, str]:
        """A bearer token; ValueError where this stack has nobody who signs them."""
        issuer = self._stack.issuer
        if issuer is None:
            raise ValueError(
                "the tokens of this stack are signed by the issuer that OidcIssuer names"
                if self._stack.tokens_required
                else "this stack asks for no tokens: start it with AUTH=jwt make start"
            )
        groups, roles = list(map(str, wanted["groups"])), list(map(str, wanted["roles"]))
        return {"token": issuer.token(str(wanted["user"]), groups, roles, _seconds(wanted))}

    def _sign_permission(self, wanted: dict[str, Any]) -> dict[str, str]:
        """A rawstore permission token."""
        tokens = self._stack.permission_tokens
        if tokens is None:
            raise ValueError("DATAHUB_PUBLIC_KEY was given, so only its owner can sign")
        permissions = dict(wanted["permissions"])
        service = str(wanted["service"])
        return {"token": tokens.sign(str(wanted["user"]), service, permissions, _seconds(wanted))}


def _seconds(wanted: Mapping[str, Any]) -> int | None:
    expires = wanted.get("expires_seconds")
    return None if expires is None else int(expires)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _answer(status: int, document: Any) -> Response:
    body = json.dumps(document, ensure_ascii=False, default=_plain).encode()
    return Response(status, [("content-type", "application/json")], body)
