"""Multipart uploads of clients on a store that is busy, slow, or behaves as Ceph does."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from typing import Any

import pytest

from coffer.adapters import http_connections
from coffer.adapters.http_connections import HttpResponse
from coffer.adapters.s3.multipart_store import S3MultipartStore
from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer
from coffer.domain.errors import (
    MultipartUploadMissingError,
    PartsRefusedError,
    UnavailableError,
)
from coffer.domain.sessions.record import StoredPart
from tests.fakes import FrozenClock

PARTS = [StoredPart(1, "e", 7)]
BUSY = "<Error><Code>SlowDown</Code></Error>"
MISSING = "<Error><Code>NoSuchUpload</Code></Error>"
JOINED = "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"


def response(status: int, body: str) -> HttpResponse:
    return HttpResponse(status, Message(), body.encode())


class Requests:
    """Gives these results to requests, one after the other, and keeps the requests."""

    def __init__(self, *results: HttpResponse | Exception) -> None:
        self._results: Iterator[HttpResponse | Exception] = iter(results)
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def send(self, method: str, _key: str, **options: Any) -> HttpResponse:
        self.sent.append((method, options))
        result = next(self._results)
        if isinstance(result, Exception):
            raise result
        return result


def store_with(
    monkeypatch: pytest.MonkeyPatch, *results: HttpResponse | Exception
) -> tuple[S3MultipartStore, Requests]:
    """Return a store whose requests have these results."""
    monkeypatch.setattr(http_connections, "PAUSES_SECONDS", (0, 0))
    signer = Signer(Credentials("id", "secret"), "eu-central-1")
    store = S3MultipartStore(signer, Endpoint("http://s3.test"), "bucket", FrozenClock())
    requests = Requests(*results)
    monkeypatch.setattr(store, "_requests", requests)
    return store, requests


def test_a_busy_store_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    results = (response(503, BUSY), ConnectionResetError(), response(200, JOINED))
    store, requests = store_with(monkeypatch, *results)
    store.complete("key", "upload", PARTS, crc32="00000001")
    assert len(requests.sent) == 3
    assert requests.sent[0][1]["headers"]["x-amz-checksum-crc32"] == "AAAAAQ=="


def test_an_error_after_the_status_200_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 sends the status at once and the result later."""
    refused = response(200, '<?xml version="1.0"?>\n<Error><Code>InvalidPart</Code></Error>')
    store, _ = store_with(monkeypatch, refused)
    with pytest.raises(PartsRefusedError) as error:
        store.complete("key", "upload", PARTS, crc32=None)
    assert error.value.code == "InvalidPart"


@pytest.mark.parametrize(
    "results",
    [
        [response(503, BUSY)] * 3,
        [ConnectionResetError()] * 3,
        [TimeoutError()],
        [response(500, "")] * 3,
    ],
)
def test_a_store_that_stays_away_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, results: list[HttpResponse | Exception]
) -> None:
    store, requests = store_with(monkeypatch, *results)
    with pytest.raises(UnavailableError):
        store.parts("key", "upload")
    assert len(requests.sent) == len(results)


def test_ceph_reports_a_missing_upload_as_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [response(500, "<Error><Code>InternalError</Code></Error>")] * 3
    store, requests = store_with(monkeypatch, *failures, response(404, MISSING))
    with pytest.raises(MultipartUploadMissingError):
        store.complete("key", "upload", PARTS, crc32=None)
    assert requests.sent[-1][0] == "GET"


def test_a_failure_while_the_upload_exists_stays_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [response(503, BUSY)] * 3
    store, _ = store_with(monkeypatch, *failures, response(200, "<ListPartsResult/>"))
    with pytest.raises(UnavailableError):
        store.complete("key", "upload", PARTS, crc32=None)


def test_an_unexpected_error_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = store_with(monkeypatch, response(403, "<Error><Code>AccessDenied</Code></Error>"))
    with pytest.raises(RuntimeError, match="AccessDenied"):
        store.abort("key", "upload")
