"""A running stack, as another process on this machine sees it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlencode

CONTROL_PREFIX = "/_local/"
"""The path of the API's port that is reserved for the stack itself."""
GUARD_HEADER = "X-Coffer-Local"
"""A header that no web page can send without asking first."""


class NotRunningError(Exception):
    """Nobody answers on the port, or not a stack."""


class CommandFailedError(Exception):
    """The stack says no; the message says why."""


class RemoteStack:
    """A running stack, as another process sees it."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, hand: str, **wanted: Any) -> Any:
        """Has something done; NotRunningError, or RefusedError with the stack's reason."""
        with self._send(hand, wanted) as response:
            try:
                document = json.loads(response.read())
            except ValueError as error:
                raise NotRunningError(self._nobody()) from error
            if response.status != 200:
                raise CommandFailedError(document.get("message", f"status {response.status}"))
            return document

    def events(self, *, follow: bool) -> Generator[str, None, None]:
        """The events of the bus as JSON lines."""
        query = urlencode({"follow": 1} if follow else {})
        with self._send(f"events?{query}", {}) as response:
            if response.status != 200:
                raise NotRunningError(self._nobody())
            for line in response:
                text = line.decode().strip()
                if text:
                    yield text

    @contextmanager
    def _send(self, path: str, wanted: Mapping[str, Any]) -> Iterator[http.client.HTTPResponse]:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port)) as connection:
            try:
                connection.request(
                    "POST",
                    CONTROL_PREFIX + path,
                    json.dumps(wanted).encode(),
                    {GUARD_HEADER: "yes"},
                )
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise NotRunningError(self._nobody()) from error
            with response:
                yield response

    def _nobody(self) -> str:
        return (
            f"No local stack answers on port {self._port}. Start one with `make start`, or say "
            "which with PORT."
        )
