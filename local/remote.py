"""A running stack, as another process on this machine sees it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

PREFIX = "/_local/"
"""The path of the API's port that is reserved for the stack itself."""
GUARD = "X-Coffer-Local"
"""A header that no web page can send without asking first."""


class NotRunningError(Exception):
    """Nobody answers on the port, or not a stack."""


class RefusedError(Exception):
    """The stack says no; the message says why."""


class Remote:
    """A running stack, as another process sees it."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, hand: str, **wanted: Any) -> Any:
        """Has something done; NotRunningError, or RefusedError with the stack's reason."""
        response = self._send(hand, wanted)
        try:
            document = json.loads(response.read())
        except ValueError as error:
            raise NotRunningError(self._nobody()) from error
        if response.status != 200:
            raise RefusedError(document.get("message", f"status {response.status}"))
        return document

    def events(self, *, follow: bool) -> Iterator[str]:
        """The events of the bus as JSON lines."""
        response = self._send("events?" + urlencode({"follow": 1} if follow else {}), {})
        if response.status != 200:
            raise NotRunningError(self._nobody())
        for line in response:
            text = line.decode().strip()
            if text:
                yield text

    def _send(self, path: str, wanted: Mapping[str, Any]) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        try:
            connection.request("POST", PREFIX + path, json.dumps(wanted).encode(), {GUARD: "yes"})
            return connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise NotRunningError(self._nobody()) from error

    def _nobody(self) -> str:
        return (
            f"No local stack answers on port {self._port}. Start one with `make start`, or say "
            "which with PORT."
        )
