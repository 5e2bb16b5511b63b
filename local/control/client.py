"""Send commands to a running local stack from another process on this machine."""

from __future__ import annotations

import http.client
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlencode

CONTROL_PREFIX = "/_local/"
"""The path prefix on the API's port that is reserved for commands to the stack."""
GUARD_HEADER = "X-Coffer-Local"
"""A header that a web page cannot send without a CORS preflight, which the stack refuses."""


class NotRunningError(Exception):
    """No local stack listens on the port."""


class CommandFailedError(Exception):
    """The stack refused a command; the message is its reason."""


class RemoteStack:
    """A running stack on a port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    def call(self, command: str, **arguments: Any) -> Any:
        """Run a command and return its result.

        Raise `NotRunningError`, or `CommandFailedError` with the stack's reason.
        """
        with self._send(command, arguments) as response:
            try:
                document = json.loads(response.read())
            except ValueError as error:
                raise self._not_running() from error
            if response.status != 200:
                raise CommandFailedError(document.get("message", f"status {response.status}"))
            return document

    def events(self, *, follow: bool, history: bool = True) -> Generator[str, None, None]:
        """Yield the events of the bus as JSON lines: those so far, or with `follow` each new one.

        With both `follow` and `history`, the events so far come first.
        """
        query = urlencode({"follow": 1} | ({"history": 1} if history else {}) if follow else {})
        with self._send(f"events?{query}", {}) as response:
            if response.status != 200:
                raise self._not_running()
            for line in response:
                text = line.decode().strip()
                if text:
                    yield text

    @contextmanager
    def _send(self, path: str, arguments: Mapping[str, Any]) -> Iterator[http.client.HTTPResponse]:
        body = json.dumps(arguments).encode()
        with closing(http.client.HTTPConnection("127.0.0.1", self._port)) as connection:
            try:
                connection.request("POST", CONTROL_PREFIX + path, body, {GUARD_HEADER: "yes"})
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise self._not_running() from error
            with response:
                yield response

    def _not_running(self) -> NotRunningError:
        return NotRunningError(
            f"No local stack responds on port {self._port}. Start one with `make start`, or set "
            "PORT to the port of a running one."
        )
