"""Decode one picture for another function, with nothing but two presigned URLs.

Used by the function `decode_picture`, whose role has no access to data. `decoder_function` is the
other side, and describes the event and the response.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache, partial
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import urlsplit

from coffer.adapters.http_connections import ConnectionPool, HttpResponse, send_with_retries
from coffer.adapters.imaging.decoder_process import CONVERSION, THUMBNAIL, DecoderProcess
from coffer.adapters.imaging.messages import reply_of, reply_of_failure
from coffer.adapters.s3.requests import BUSY_STATUSES, store_unavailable
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult

_RANGE_BYTES = 16 * 1024**2
_TIMEOUT_SECONDS = 20
_GONE_STATUSES = frozenset({404, 412})


def decode_picture(decoder: DecoderProcess, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reply about the picture of an event, and its thumbnail in base64 if it has one.

    A converted picture is sent to the `target` of the event instead. Raises UnavailableError if a
    URL cannot be used.
    """
    with TemporaryFile() as source, TemporaryFile() as result:
        try:
            _download(event["source"], source)
            found = _decode(decoder, event, source, result)
        except ThumbnailError as error:
            return {**reply_of_failure(error), "thumbnail": None}
        if "target" in event:
            _upload(event["target"], result)
            return {**reply_of(found), "thumbnail": None}
        result.seek(0)
        return {**reply_of(found), "thumbnail": b64encode(result.read()).decode()}


def _decode(
    decoder: DecoderProcess, event: Mapping[str, Any], source: IO[bytes], result: IO[bytes]
) -> ThumbnailResult:
    if "function" in event:
        return decoder.decode({"function": event["function"]}, CONVERSION, source, result)
    task = {"mediaType": event["mediaType"], "edge": event["edge"]}
    return decoder.decode(task, THUMBNAIL, source, result)


def _download(source: Mapping[str, Any], file: IO[bytes]) -> None:
    """Write the object to the file in ranges; raise ThumbnailError if it is gone or was replaced.

    A URL accepts any range, because none is signed.
    """
    size = source["sizeBytes"]
    for start in range(0, size, _RANGE_BYTES):
        end = min(size, start + _RANGE_BYTES)
        headers = {**source["headers"], "range": f"bytes={start}-{end - 1}"}
        response = _send("GET", source["url"], headers)
        if response.status in _GONE_STATUSES:
            raise ThumbnailError("source_missing", "the file is gone or was replaced")
        if response.status != 206 or len(response.body) != end - start:
            raise store_unavailable()
        file.write(response.body)
    file.flush()
    file.seek(0)


def _upload(target: Mapping[str, Any], file: IO[bytes]) -> None:
    """Send the file; it is mapped, so that it takes no memory of its own."""
    with mmap(file.fileno(), 0, access=ACCESS_READ) as mapped, memoryview(mapped) as body:
        if _send("PUT", target["url"], target["headers"], body).status != 200:
            raise store_unavailable()


def _send(
    method: str, url: str, headers: Mapping[str, str], body: memoryview | None = None
) -> HttpResponse:
    parts = urlsplit(url)
    pool = _connections(f"{parts.scheme}://{parts.netloc}")
    target = f"{parts.path}?{parts.query}"
    return send_with_retries(
        partial(pool.request, method, target, headers, body),
        lambda response: response.status in BUSY_STATUSES,
    )


@cache
def _connections(url: str) -> ConnectionPool:
    return ConnectionPool(url, timeout_seconds=_TIMEOUT_SECONDS)
