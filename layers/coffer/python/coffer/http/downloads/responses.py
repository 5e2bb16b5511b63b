"""Respond to downloads with ranges, conditions and names (RFC 9110, RFC 6266, RFC 8187).

Small files are in the response; larger ones are redirected to a presigned URL of the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from coffer.domain.clock import Clock, to_text
from coffer.domain.downloads.ports import ObjectDownloads
from coffer.domain.errors import MalformedRequestError, NotFoundError, ObjectMissingError
from coffer.domain.media_types import OCTET_STREAM, PDF, base_type, is_header_value, is_inert
from coffer.domain.objects import StoredObject
from coffer.http.conditions import Version
from coffer.http.errors import RangeNotSatisfiableError
from coffer.http.requests import Request
from coffer.http.responses import JSON, Response

if TYPE_CHECKING:
    # The functions of exports use this module, too, and find no files.
    from coffer.domain.downloads.find import Download

LINK_LIFE = timedelta(minutes=5)
MAX_BODY_BYTES = 4 * 1024**2
"""Larger files are redirected."""
# Browsers refuse to show a PDF under `sandbox`. Their viewers need styles.
_PDF_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_PLAIN_NAME = frozenset(" !#$&+-.^_`|~()[]{}@,;='")


def download_response(
    request: Request, download: Download, store: ObjectDownloads, clock: Clock
) -> Response:
    """Return the bytes, a range of them, a redirect, a link document, or 304.

    Raises NotFoundError if the store lacks the object, and PreconditionError.
    """
    try:
        return _DownloadResponse(request, download, store, clock).respond()
    except ObjectMissingError as error:
        raise NotFoundError(
            "file_missing", "The record exists, but its bytes are missing. Please report this file."
        ) from error


@dataclass(frozen=True)
class _DownloadResponse:
    """One download request and what is needed to respond to it."""

    request: Request
    download: Download
    store: ObjectDownloads
    clock: Clock

    def respond(self) -> Response:
        redirect, size = self.request.parameter("redirect"), self._stored.size_bytes
        if redirect not in (None, "true", "false"):
            raise MalformedRequestError(
                "malformed_parameter", "redirect is true or false.", parameter="redirect"
            )
        headers = self._headers
        if self._version.is_known(self.request, self.clock.now()):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        if self.request.method == "HEAD":
            length = {"Content-Length": str(size), "X-Content-Length": str(size)}
            return Response(headers=headers | length)
        if redirect == "false":
            return self._link_document()
        if size > MAX_BODY_BYTES or (redirect == "true" and self._store_agrees()):
            return self._redirect()
        return self._body()

    def _store_agrees(self) -> bool:
        """Return False if the store may come to another result because it has another date."""
        compares = self.request.header("if-range") or self.request.header("if-unmodified-since")
        return self.download.has_store_date or not compares

    @property
    def _media_type(self) -> str:
        """The media type. Old records may have one that no header can hold."""
        given = self.download.media_type
        known = given if given and is_header_value(given) else OCTET_STREAM
        return accepted_type(self.request, known)

    @property
    def _is_pdf(self) -> bool:
        """True if the file is sent as a PDF and was also detected as one."""
        detected = self.download.detected_media_type
        if "," in self._media_type:
            return False  # a browser takes the last type of a list
        return {base_type(self._media_type), base_type(detected or "")} == {PDF}

    @cached_property
    def _stored(self) -> StoredObject:
        return self.download.stored or self.store.describe(self.download.object_key)

    @property
    def _version(self) -> Version:
        return Version(self._stored.etag, self._stored.last_modified)

    @cached_property
    def _headers(self) -> dict[str, str]:
        disposition = self.request.parameter("disposition") or "attachment"
        if disposition not in ("attachment", "inline"):
            raise MalformedRequestError(
                "malformed_parameter",
                "disposition is attachment or inline.",
                parameter="disposition",
            )
        shows_pdf = disposition == "inline" and self._is_pdf
        if not (shows_pdf or is_inert(self._media_type)):
            disposition = "attachment"
        name = file_name_parameters(self.download.filename)
        policy = {"Content-Security-Policy": _PDF_POLICY} if shows_pdf else {}
        return policy | {
            "Content-Type": self._media_type,
            "Content-Disposition": f"{disposition}; {name}",
            **self._version.headers,
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-cache",
            "X-Content-Type-Options": "nosniff",
        }

    def _link_document(self) -> Response:
        expires = to_text(self.clock.now() + LINK_LIFE)
        return Response.of_json(
            {"url": self._presigned_url(), "expires": expires},
            media_type=JSON,
            headers={"Cache-Control": "no-store"},
        )

    def _redirect(self) -> Response:
        return Response(
            status=HTTPStatus.TEMPORARY_REDIRECT,
            headers={
                "Location": self._presigned_url(),
                "Content-Type": "text/plain; charset=utf-8",
                "Cache-Control": "no-store",
            },
            body=(
                f"The file has {self._stored.size_bytes} bytes and is downloaded by a redirect: "
                "follow the Location header within five minutes (with curl: curl -L).\n"
            ),
        )

    def _presigned_url(self) -> str:
        return self.store.presigned_url(
            self.download.object_key,
            media_type=self._media_type,
            disposition=self._headers["Content-Disposition"],
            life=LINK_LIFE,
        )

    def _body(self) -> Response:
        key, size, headers = self.download.object_key, self._stored.size_bytes, self._headers
        applies = self._version.allows_range(self.request, self.clock.now())
        wanted = byte_range(self.request.header("range"), size) if applies else None
        if wanted is None:
            return Response(headers=headers, body=self.store.read(key, 0, size))
        start, end = wanted
        if start > end:
            raise RangeNotSatisfiableError(size)
        return Response(
            status=HTTPStatus.PARTIAL_CONTENT,
            headers={**headers, "Content-Range": f"bytes {start}-{end}/{size}"},
            body=self.store.read(key, start, end - start + 1),
        )


def accepted_type(request: Request, media_type: str) -> str:
    """Return application/octet-stream if Accept names it and forbids the file's type; else that."""
    is_forbidden = not request.accepts(base_type(media_type))
    return OCTET_STREAM if is_forbidden and request.accepts_exactly(OCTET_STREAM) else media_type


def file_name_parameters(name: str) -> str:
    """Return `filename*` in UTF-8, and `filename` in ASCII for old clients (RFC 6266).

    The order has no meaning, but dina-ui takes everything after the first `filename=` as the name.
    """
    plain = "".join(
        char if char.isascii() and (char.isalnum() or char in _PLAIN_NAME) else "_" for char in name
    )
    return f"filename*=UTF-8''{quote(name, safe='')}; filename=\"{plain}\""


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte of a single range, or None to send the whole file.

    For a range that begins behind the end, the first byte is above the last: that becomes 416.
    Several ranges, other units and malformed headers are ignored, as RFC 9110, 14.2 allows.
    """
    unit, _, ranges = header.partition("=")
    first, dash, last = ranges.strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash or not _is_number(first) or not _is_number(last):
        return None
    if not first:
        return _suffix(_number(last), size) if last else None
    start, end = _number(first), min(_number(last), size - 1) if last else size - 1
    if last and _number(last) < start:
        return None
    return (start, end) if start < size else (size, size - 1)


def _suffix(length: int, size: int) -> tuple[int, int]:
    return (max(size - length, 0) if length else size, size - 1)


def _is_number(text: str) -> bool:
    """True for "" and for decimal digits."""
    return not text or (text.isascii() and text.isdigit())


def _number(digits: str) -> int:
    """Return the number, or a larger one than any file has if it has more than 19 digits."""
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) < 20 else 10**19
