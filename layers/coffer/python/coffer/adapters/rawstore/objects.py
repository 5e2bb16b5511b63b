"""The ports for objects of datasets on S3: one object at a time, or many in a bounded time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from threading import Lock, Thread

from coffer.adapters.http_connections import (
    CONNECTION_ERRORS,
    HttpResponse,
    is_server_error,
    send_with_retries,
)
from coffer.adapters.rawstore.forms import FINDABILITY_META, OWNER_META
from coffer.adapters.s3.requests import NOTHING, S3Requests
from coffer.adapters.signing.sigv4 import Endpoint, Signer
from coffer.domain.clock import Clock
from coffer.domain.errors import ObjectChangedError, ObjectMissingError, UnavailableError
from coffer.domain.rawstore.objects import ATTACHMENT, StoredFile
from coffer.observability import logger

MAX_PARALLEL_REQUESTS = 32
BUDGET_SECONDS = 10.0
"""No look-up starts later than this: API Gateway waits at most 30 seconds for a response."""
TIMEOUT_SECONDS = 3.0


class S3DatasetObjects:
    """Describes and signs single objects of one S3 bucket."""

    def __init__(self, signer: Signer, endpoint: Endpoint, bucket: str, clock: Clock) -> None:
        self._requests = S3Requests(
            signer, endpoint, bucket, clock, timeout_seconds=TIMEOUT_SECONDS
        )
        self._signer = signer
        self._clock = clock

    def describe(self, key: str, *, etag: str | None = None) -> StoredFile:
        response = self._head(key, {"if-match": f'"{etag}"'} if etag else NOTHING)
        if response.status == HTTPStatus.OK:
            return stored_file_of(response)
        if response.status == HTTPStatus.NOT_FOUND:
            raise ObjectMissingError(key)
        if response.status == HTTPStatus.PRECONDITION_FAILED:
            raise ObjectChangedError(key)
        raise _unavailable()

    def is_public(self, key: str) -> bool:
        return self._head(key, NOTHING, is_signed=False).status == HTTPStatus.OK

    def address(self, key: str) -> str:
        return self._requests.url(key)

    def link(self, key: str, *, attachment: bool, life: timedelta) -> str:
        query = {"response-content-disposition": ATTACHMENT} if attachment else {}
        return self._signer.presign_url(
            "GET", self.address(key), now=self._clock.now(), expires_in=life, query=query
        )

    def _head(
        self, key: str, headers: Mapping[str, str], *, is_signed: bool = True
    ) -> HttpResponse:
        send = partial(self._requests.send, "HEAD", key, headers=headers, is_signed=is_signed)
        try:
            return send_with_retries(send, is_server_error)
        except CONNECTION_ERRORS as error:
            raise _unavailable() from error


class S3StoredFiles:
    """Looks many keys of one S3 bucket up, in parallel."""

    def __init__(self, signer: Signer, endpoint: Endpoint, bucket: str, clock: Clock) -> None:
        self._requests = S3Requests(
            signer, endpoint, bucket, clock, timeout_seconds=TIMEOUT_SECONDS
        )

    def find(self, keys: Sequence[str]) -> dict[str, StoredFile]:
        lookup = _Lookup(keys)
        threads = [
            Thread(target=self._run, args=(lookup,), daemon=True)
            for _ in range(min(MAX_PARALLEL_REQUESTS, len(keys)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lookup.log_failures()
        return lookup.found

    def _run(self, lookup: _Lookup) -> None:
        """Look one key after the other up until none is left."""
        while (key := lookup.next_key()) is not None:
            try:
                lookup.add(key, self._requests.send("HEAD", key))
            except (*CONNECTION_ERRORS, ValueError) as error:
                lookup.add_failure(type(error).__name__)


def stored_file_of(response: HttpResponse) -> StoredFile:
    """Return the file that a HEAD response describes; raises ValueError if it has no size."""
    return StoredFile(
        size_bytes=int(response.headers.get("Content-Length", "")),
        etag=response.headers.get("ETag", "").strip('"'),
        owner=response.headers.get(OWNER_META),
        findability=response.headers.get(FINDABILITY_META),
        media_type=response.headers.get("Content-Type", ""),
        disposition=response.headers.get("Content-Disposition", ""),
    )


class _Lookup:
    """Keys that several threads look up, with the files found and a count of failures."""

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

    def add(self, key: str, response: HttpResponse) -> None:
        """Save the file if the object exists. 404 means that it does not; other statuses are
        failures."""
        if response.status == HTTPStatus.OK:
            self.found[key] = stored_file_of(response)
        elif response.status != HTTPStatus.NOT_FOUND:
            self.add_failure(f"status {response.status}")

    def add_failure(self, reason: str) -> None:
        with self._lock:
            self._failures[reason] += 1

    def log_failures(self) -> None:
        if self._failures:
            logger.warning("look-ups failed", of=self._count, failures=dict(self._failures))


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "store_unavailable", "The store cannot be reached right now. Try again."
    )
