"""Downloads at the edge: ranges, conditions and names (RFC 9110, RFC 6266, RFC 8187).

Small files come through the function; larger ones by a redirect to a link that the store serves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from urllib.parse import quote

from coffer.domain.clock import Clock, to_text
from coffer.domain.downloads.find import Download
from coffer.domain.downloads.ports import Deliveries
from coffer.domain.errors import MalformedRequestError, NotFoundError, ObjectMissingError
from coffer.http.documents import tag_matches
from coffer.http.errors import RangeNotSatisfiableError
from coffer.http.requests import Request
from coffer.http.responses import JSON, Response

LINK_LIFE = timedelta(minutes=5)
MAX_BODY_BYTES = 4 * 1024**2
_SAFE_INLINE = frozenset(
    # What a browser shows without running anything in it.
    {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp",
     "audio/mpeg", "audio/ogg", "audio/wav", "video/mp4", "video/webm", "text/plain"}
)  # fmt: skip
_PLAIN_NAME = frozenset(" !#$&+-.^_`|~()[]{}@,;='")


def download_response(
    request: Request, download: Download, deliveries: Deliveries, clock: Clock
) -> Response:
    """The bytes, a part of them, a link to them, or what conditions make of the request."""
    try:
        return _answer(request, download, deliveries, clock)
    except ObjectMissingError as error:
        raise NotFoundError(
            "file_missing", "The record is there, but its bytes are not. Please report this file."
        ) from error


def _answer(request: Request, download: Download, deliveries: Deliveries, clock: Clock) -> Response:
    tag = f'"{download.tag}"'
    headers = _headers(request, download, tag)
    if tag_matches(request.header("if-none-match"), tag):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    size = download.size_bytes
    if size is None:
        size = deliveries.size(download.object_key)
    known = replace(download, size_bytes=size)
    if request.method == "HEAD":
        length = {"Content-Length": str(size), "X-Content-Length": str(size)}
        return Response(headers=headers | length)
    redirect = request.parameter("redirect")
    if redirect not in (None, "true", "false"):
        raise MalformedRequestError(
            "malformed_parameter", "redirect is true or false.", parameter="redirect"
        )
    if redirect == "false":
        return _link_document(known, deliveries, headers, clock)
    if redirect == "true" or size > MAX_BODY_BYTES:
        return _redirect(known, deliveries, headers)
    return _bytes(request, known, deliveries, headers, tag)


def _headers(request: Request, download: Download, tag: str) -> dict[str, str]:
    disposition = request.parameter("disposition") or "attachment"
    if disposition not in ("attachment", "inline"):
        raise MalformedRequestError(
            "malformed_parameter", "disposition is attachment or inline.", parameter="disposition"
        )
    if download.media_type.lower() not in _SAFE_INLINE:
        disposition = "attachment"
    return {
        "Content-Type": download.media_type,
        "Content-Disposition": f"{disposition}; {file_name_parameters(download.filename)}",
        "ETag": tag,
        "Last-Modified": format_datetime(download.last_modified, usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }


def file_name_parameters(name: str) -> str:
    """`filename` in plain ASCII for old clients, `filename*` in UTF-8 for the rest (RFC 6266)."""
    plain = "".join(
        char if char.isascii() and (char.isalnum() or char in _PLAIN_NAME) else "_" for char in name
    )
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _link_document(
    download: Download, deliveries: Deliveries, headers: dict[str, str], clock: Clock
) -> Response:
    return Response.of_json(
        {"url": _link(download, deliveries, headers), "expires": to_text(clock.now() + LINK_LIFE)},
        media_type=JSON,
        headers={"Cache-Control": "no-store"},
    )


def _redirect(download: Download, deliveries: Deliveries, headers: dict[str, str]) -> Response:
    return Response(
        status=HTTPStatus.TEMPORARY_REDIRECT,
        headers={
            "Location": _link(download, deliveries, headers),
            "Content-Type": "text/plain; charset=utf-8",
            "Cache-Control": "no-store",
        },
        body=(
            f"The file has {download.size_bytes} bytes and is handed out by a redirect: follow the "
            "Location header within five minutes (with curl: curl -L).\n"
        ),
    )


def _link(download: Download, deliveries: Deliveries, headers: dict[str, str]) -> str:
    return deliveries.link(
        download.object_key,
        media_type=download.media_type,
        disposition=headers["Content-Disposition"],
        life=LINK_LIFE,
    )


def _bytes(
    request: Request, download: Download, deliveries: Deliveries, headers: dict[str, str], tag: str
) -> Response:
    size = download.size_bytes or 0
    whole = _whole_if_changed(request, headers, tag)
    wanted = None if whole else byte_range(request.header("range"), size)
    if wanted is None:
        body = deliveries.fetch(download.object_key, 0, size)
        return Response(headers=headers, body=body)
    start, end = wanted
    if start > end:
        raise RangeNotSatisfiableError(size)
    return Response(
        status=HTTPStatus.PARTIAL_CONTENT,
        headers={**headers, "Content-Range": f"bytes {start}-{end}/{size}"},
        body=deliveries.fetch(download.object_key, start, end - start + 1),
    )


def _whole_if_changed(request: Request, headers: dict[str, str], tag: str) -> bool:
    """If-Range: the part is only wanted of the very bytes that the client knows."""
    known = request.header("if-range")
    return bool(known) and known not in (tag, headers["Last-Modified"])


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range; None where the whole is to be sent.

    A range that begins behind the end comes back with its first byte above its last one: 416.
    Several ranges, other units and nonsense are ignored, as RFC 9110, 14.2 allows.
    """
    unit, _, ranges = header.partition("=")
    first, dash, last = ranges.strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash or not _digits(first) or not _digits(last):
        return None
    if not first:
        return _suffix(int(last), size) if last else None
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    return (start, end) if start < size else (size, size - 1)


def _suffix(length: int, size: int) -> tuple[int, int]:
    return (max(size - length, 0) if length else size, size - 1)


def _digits(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and len(text) < 20)
