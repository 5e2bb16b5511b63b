"""The StoredFiles port: signed HEADs over kept connections, many at a time, in a bounded time."""

from __future__ import annotations

import ssl
import time
from collections import Counter, deque
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Lock, Thread
from urllib.parse import urlsplit
from weakref import finalize

from coffer.adapters.package_forms import FINDABILITY_META
from coffer.adapters.signing import Endpoint, Signer
from coffer.domain.clock import Clock
from coffer.domain.rawstore.uploads import StoredFile
from coffer.observability import logger

MOST_AT_A_TIME = 32
BUDGET_SECONDS = 10.0
"""No look-up begins later than this: the gateway waits at most 30 seconds for the whole answer."""
TIMEOUT_SECONDS = 3.0


class S3StoredFiles:
    """Looks into one S3 bucket. Its connections outlive the invocation that opened them."""

    def __init__(self, signer: Signer, endpoint: Endpoint, bucket: str, clock: Clock) -> None:
        self._signer = signer
        self._endpoint = endpoint
        self._bucket = bucket
        self._clock = clock
        self._idle: deque[HTTPConnection] = deque()
        self._tls: ssl.SSLContext | None = None
        finalize(self, _close, self._idle)

    def find(self, keys: Sequence[str]) -> dict[str, StoredFile]:
        errand = _Errand(keys)
        threads = [
            Thread(target=self._run, args=(connection, errand), daemon=True)
            for connection in self._connections(min(MOST_AT_A_TIME, len(keys)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        errand.report()
        return errand.found

    def _run(self, connection: HTTPConnection, errand: _Errand) -> None:
        """Look up one key after the other over one connection, until none is left."""
        while (key := errand.next_key()) is not None:
            try:
                errand.note(key, self._head(connection, key))
            except (OSError, HTTPException, ValueError) as error:
                connection.close()
                errand.note_failure(type(error).__name__)
        self._idle.append(connection)

    def _head(self, connection: HTTPConnection, key: str) -> HTTPResponse:
        try:
            return self._send(connection, key)
        except (OSError, HTTPException):
            # A kept connection may have been closed at the other end; sending opens it anew.
            connection.close()
            return self._send(connection, key)

    def _send(self, connection: HTTPConnection, key: str) -> HTTPResponse:
        url = self._endpoint.object_url(self._bucket, key)
        headers = self._signer.sign_headers("HEAD", url, now=self._clock.now())
        connection.request("HEAD", url.removeprefix(self._endpoint.url), headers=headers)
        response = connection.getresponse()
        response.read()
        return response

    def _connections(self, count: int) -> list[HTTPConnection]:
        return [self._idle.pop() if self._idle else self._connect() for _ in range(count)]

    def _connect(self) -> HTTPConnection:
        parts = urlsplit(self._endpoint.url)
        host, port = str(parts.hostname), parts.port
        if parts.scheme == "http":
            return HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=self._tls)


def _close(connections: deque[HTTPConnection]) -> None:
    """Close kept connections: when their owner goes, or the process ends."""
    while connections:
        connections.pop().close()


class _Errand:
    """Keys to look up, handed out one by one to whoever asks first, and what came of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.found: dict[str, StoredFile] = {}
        self._keys = iter(keys)
        self._count = len(keys)
        self._failures: Counter[str] = Counter()
        self._deadline = time.monotonic() + BUDGET_SECONDS
        self._lock = Lock()

    def next_key(self) -> str | None:
        with self._lock:
            if time.monotonic() > self._deadline:
                self._failures["out of time"] += sum(1 for _ in self._keys)
            return next(self._keys, None)

    def note(self, key: str, response: HTTPResponse) -> None:
        """Keep what a good answer says; only 404 says that there is nothing."""
        if response.status == 200:
            self.found[key] = StoredFile(
                size_bytes=int(response.getheader("Content-Length", "")),
                etag=response.getheader("ETag", "").strip('"'),
                findability=response.getheader(FINDABILITY_META),
            )
        elif response.status != 404:
            self.note_failure(f"status {response.status}")

    def note_failure(self, reason: str) -> None:
        with self._lock:
            self._failures[reason] += 1

    def report(self) -> None:
        if self._failures:
            logger.warning("look-ups failed", of=self._count, failures=dict(self._failures))
