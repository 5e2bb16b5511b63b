"""The StoredFiles port: signed HEADs over kept connections, many at a time, in a bounded time."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from threading import Lock, Thread

from coffer.adapters.http_connections import FAILURES, Host, KeptConnection, Reply
from coffer.adapters.rawstore.forms import FINDABILITY_META, OWNER_META
from coffer.adapters.signing.sigv4 import Endpoint, Signer
from coffer.domain.clock import Clock
from coffer.domain.rawstore.objects import StoredFile
from coffer.observability import logger

MAX_PARALLEL_REQUESTS = 32
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
        self._host = Host(endpoint.url, timeout_seconds=TIMEOUT_SECONDS)
        self._idle: deque[KeptConnection] = deque()

    def find(self, keys: Sequence[str]) -> dict[str, StoredFile]:
        errand = _Errand(keys)
        threads = [
            Thread(target=self._run, args=(connection, errand), daemon=True)
            for connection in self._connections(min(MAX_PARALLEL_REQUESTS, len(keys)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        errand.report()
        return errand.found

    def _run(self, connection: KeptConnection, errand: _Errand) -> None:
        """Look up one key after the other over one connection, until none is left."""
        while (key := errand.next_key()) is not None:
            try:
                errand.note(key, self._head(connection, key))
            except (*FAILURES, ValueError) as error:
                errand.note_failure(type(error).__name__)
        self._idle.append(connection)

    def _head(self, connection: KeptConnection, key: str) -> Reply:
        url = self._endpoint.object_url(self._bucket, key)
        headers = self._signer.sign_headers("HEAD", url, now=self._clock.now())
        return connection.request("HEAD", url.removeprefix(self._endpoint.url), headers)

    def _connections(self, count: int) -> list[KeptConnection]:
        return [self._idle.pop() if self._idle else self._host.connection() for _ in range(count)]


def stored_file_of(reply: Reply) -> StoredFile:
    """What a good answer to a HEAD says; ValueError where that is no size."""
    return StoredFile(
        size_bytes=int(reply.headers.get("Content-Length", "")),
        etag=reply.headers.get("ETag", "").strip('"'),
        owner=reply.headers.get(OWNER_META),
        findability=reply.headers.get(FINDABILITY_META),
    )


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

    def note(self, key: str, reply: Reply) -> None:
        """Keep what a good answer says; only 404 says that there is nothing."""
        if reply.status == 200:
            self.found[key] = stored_file_of(reply)
        elif reply.status != 404:
            self.note_failure(f"status {reply.status}")

    def note_failure(self, reason: str) -> None:
        with self._lock:
            self._failures[reason] += 1

    def report(self) -> None:
        if self._failures:
            logger.warning("look-ups failed", of=self._count, failures=dict(self._failures))
