"""Respond to requests with an access key: headers, a small part of the archive, or the download.

A key is for one download. Clients that first ask for the headers or for a small range do not spend
it, because they send their real request afterwards.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from coffer.domain.clock import Clock
from coffer.domain.downloads.ports import ObjectDownloads
from coffer.domain.errors import ObjectMissingError
from coffer.domain.export.access_keys import OpenedArchive, PresentedKey, access_key_not_found
from coffer.http.conditions import Version
from coffer.http.downloads.responses import (
    MAX_BODY_BYTES,
    accepted_type,
    byte_range,
    file_name_parameters,
)
from coffer.http.errors import RangeNotSatisfiableError
from coffer.http.requests import Request
from coffer.http.responses import Response

LINK_LIFETIME = timedelta(minutes=5)
MAX_PROBE_BYTES = 64 * 1024
"""A larger range is the download."""
_ZIP = "application/zip"


def archive_response(
    request: Request, key: PresentedKey, store: ObjectDownloads, clock: Clock
) -> Response:
    """Return the response to GET or HEAD: 200, 206, 304 or a redirect to a presigned URL.

    Only the download deletes the key: a GET of the whole archive, of a large range, or of one range
    after all probes were used. Raises NotFoundError, PreconditionError and
    RangeNotSatisfiableError.
    """
    try:
        archive, now = key.look(), clock.now()
        stored = store.describe(archive.key)
        version = Version(stored.etag, stored.last_modified)
        headers = _headers(request, archive) | version.headers
        if version.is_known(request, now):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        size = stored.size_bytes
        if request.method == "HEAD":
            length = {"Content-Length": str(size), "X-Content-Length": str(size)}
            return Response(headers=headers | length)
        applies = version.allows_range(request, now)
        wanted = _probed_range(request.header("range"), size) if applies else None
        if wanted is not None and key.count_probe():
            start, end = wanted
            return Response(
                status=HTTPStatus.PARTIAL_CONTENT,
                headers=headers | {"Content-Range": f"bytes {start}-{end}/{size}"},
                body=store.read(archive.key, start, end - start + 1),
            )
        return _download(key, archive, size, headers, store)
    except ObjectMissingError as error:
        raise access_key_not_found() from error


def _probed_range(header: str, size: int) -> tuple[int, int] | None:
    """Return first and last byte of a small range; None for a request that is the download."""
    wanted = byte_range(header, size)
    if wanted is None:
        return None
    start, end = wanted
    if start > end:
        raise RangeNotSatisfiableError(size)
    length = end - start + 1
    return wanted if length <= MAX_PROBE_BYTES and length < size else None


def _download(
    key: PresentedKey,
    archive: OpenedArchive,
    size: int,
    headers: dict[str, str],
    store: ObjectDownloads,
) -> Response:
    """Return the download and delete the key, which a store that is busy does not cost."""
    if size <= MAX_BODY_BYTES:
        body = store.read(archive.key, 0, size)
        key.redeem()
        return Response(headers=headers, body=body)
    link = store.presigned_url(
        archive.key,
        media_type=headers["Content-Type"],
        disposition=headers["Content-Disposition"],
        life=LINK_LIFETIME,
    )
    key.redeem()
    return Response(
        status=HTTPStatus.TEMPORARY_REDIRECT,
        headers={
            "Location": link,
            "Content-Type": "text/plain; charset=utf-8",
            "Cache-Control": "no-store",
        },
        body=(
            f"The archive has {size} bytes and is downloaded by a redirect: follow the Location "
            "header within five minutes (with curl: curl -L).\n"
        ),
    )


def _headers(request: Request, archive: OpenedArchive) -> dict[str, str]:
    return {
        "Content-Type": accepted_type(request, _ZIP),
        "Content-Disposition": f"attachment; {file_name_parameters(archive.filename)}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
