"""The Archives port on S3: hand-signed requests over kept connections, several at once.

An SDK costs five times the processor time a request and copies every body; an export makes
thousands of requests, and its memory is the size of a part. Parts and copies are what the S3 API
Reference says of UploadPart, UploadPartCopy and CompleteMultipartUpload.
"""

from __future__ import annotations

import time
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import TypeVar
from urllib.parse import urlsplit
from xml.etree import ElementTree  # only of what our own store answers

from coffer.adapters.connections import Host, KeptConnection, Reply
from coffer.adapters.reading_ahead import ReadingAhead
from coffer.adapters.signing import (
    UNSIGNED_PAYLOAD,
    Endpoint,
    Signer,
    encode_path,
    encode_query,
)
from coffer.domain.clock import Clock
from coffer.domain.errors import (
    ObjectChangedError,
    ObjectMissingError,
    StoreError,
    UnavailableError,
)
from coffer.domain.export.layout import GIB, MIB
from coffer.domain.export.ports import Piece, UploadMissingError
from coffer.domain.ports import StoredObject

READERS = 16
COPIERS = 8
PATIENCE = timedelta(seconds=100)
"""How long one copy of a few GiB may take."""

_PAUSES_SECONDS = (0.1, 0.3, 1.0, 3.0)
_BUSY_STATUS = frozenset({429, 500, 502, 503, 504})
_BUSY_CODES = frozenset({"InternalError", "SlowDown", "ServiceUnavailable", "OperationAborted"})
_MISSING_UPLOAD = frozenset({"NoSuchUpload", "InvalidPart"})
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404"})
_CHANGED = frozenset({"PreconditionFailed", "InvalidRange", "412", "416"})
SUMMED_BYTES = GIB
"""What is copied in one call to be summed, so that none takes longer than anybody waits."""
_ZIP = "application/zip"
_NOTHING: Mapping[str, str] = {}

_Work = TypeVar("_Work")
_Result = TypeVar("_Result")


class S3Archives:
    """One S3 bucket. `fetched` and `sent` count the bytes of objects that passed through here."""

    def __init__(
        self,
        signer: Signer,
        endpoint: Endpoint,
        bucket: str,
        clock: Clock,
        *,
        copy_conditions: bool = True,
        summed_bytes: int = SUMMED_BYTES,
    ) -> None:
        self._signer = signer
        self._bucket = bucket
        self._bucket_url = endpoint.bucket_url(bucket)
        self._clock = clock
        self._copy_conditions = copy_conditions
        self._summed_bytes = summed_bytes
        self._host = Host(endpoint.url, timeout_seconds=PATIENCE.total_seconds())
        self._idle: list[KeptConnection] = []
        self.fetched = self.sent = 0

    # ------------------------------------------------------------------ objects

    def describe(self, key: str) -> StoredObject:
        reply = self._ask("HEAD", key, headers={"x-amz-checksum-mode": "ENABLED"})
        return StoredObject(
            key=key,
            size_bytes=int(reply.headers["Content-Length"]),
            etag=reply.headers["ETag"].strip('"'),
            last_modified=_moment(reply.headers["Last-Modified"]),
            sha1_hex=_whole(reply.headers, "sha1"),
            crc32=_whole(reply.headers, "crc32"),
        )

    def load(self, key: str) -> bytes:
        return self._ask("GET", key).body

    def save(self, key: str, body: bytes, *, content_type: str = "application/json") -> None:
        self._ask("PUT", key, headers={"content-type": content_type}, body=body)
        self.sent += len(body)

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        body = bytearray(length)
        self._fetch(Piece(key, start, length, start + length, etag), memoryview(body))
        return bytes(body)

    def ahead(self, wanted: Iterable[Piece], capacity: int) -> ReadingAhead:
        return ReadingAhead(wanted, self._fetch_whole, capacity=capacity, threads=READERS)

    def remove(self, key: str) -> None:
        self._ask("DELETE", key)

    def keys(self, prefix: str) -> Iterator[str]:
        query = {"list-type": "2", "prefix": prefix}
        while True:
            document = _document(self._ask("GET", "", query=query))
            yield from _texts(document, "Contents/Key")
            token = _text(document, "NextContinuationToken")
            if not token:
                return
            query = {**query, "continuation-token": token}

    # ------------------------------------------------------------------ multipart uploads

    def begin(self, key: str) -> str:
        return self._begin(key, {"content-type": _ZIP})

    def send(self, key: str, upload: str, part: int, body: bytes | memoryview) -> str:
        query = {"partNumber": str(part), "uploadId": upload}
        reply = self._ask("PUT", key, query=query, body=body)
        self.sent += len(body)
        return reply.headers["ETag"].strip('"')

    def copy(
        self, key: str, upload: str, part: int, source: StoredObject, start: int, length: int
    ) -> str:
        headers = {
            "x-amz-copy-source": encode_path(f"/{self._bucket}/{source.key}"),
            "x-amz-copy-source-if-match": f'"{source.etag}"',
            "x-amz-copy-if-match": f'"{source.etag}"',  # the name that Ceph honours
        }
        if (start, length) != (0, source.size_bytes):
            headers["x-amz-copy-source-range"] = f"bytes={start}-{start + length - 1}"
        query = {"partNumber": str(part), "uploadId": upload}
        document = _document(self._ask("PUT", key, query=query, headers=headers))
        if not self._copy_conditions and self.describe(source.key).etag != source.etag:
            raise ObjectChangedError(source.key)  # where the store takes no condition on copies
        return _text(document, "ETag").strip('"')

    def finish(self, key: str, upload: str, parts: Mapping[int, str]) -> str:
        try:
            document = self._finish(key, upload, parts, _NOTHING)
        except UnavailableError as error:
            # Ceph 16 says so, too, where there is no such upload: asked for its parts it knows.
            try:
                self._ask("GET", key, query={"uploadId": upload})
            except ObjectMissingError:
                raise UploadMissingError(key) from error
            raise
        etag = _text(document, "ETag").strip('"')
        return etag or self.describe(key).etag  # Ceph 16 does not say

    def abandon(self, key: str, upload: str) -> None:
        try:
            self._ask("DELETE", key, query={"uploadId": upload})
        except UploadMissingError:
            return

    def unfinished(self, prefix: str) -> Iterator[tuple[str, str]]:
        query = {"uploads": "", "prefix": prefix}
        while True:
            document = _document(self._ask("GET", "", query=query))
            for upload in document.iter("Upload"):
                key = upload.findtext("Key", "")
                if key.startswith(prefix):  # not every store filters
                    yield key, upload.findtext("UploadId", "")
            if _text(document, "IsTruncated") != "true":
                return
            query = {
                **query,
                "key-marker": _text(document, "NextKeyMarker"),
                "upload-id-marker": _text(document, "NextUploadIdMarker"),
            }

    # ------------------------------------------------------------------ sums

    def crc32(self, source: StoredObject, scratch: str) -> int:
        computed = (
            self._summed_by_a_copy(source, scratch)
            if source.size_bytes <= self._summed_bytes
            else self._summed_by_parts(source, scratch)
        )
        self.remove(scratch)
        return self._summed_by_reading(source) if computed is None else computed

    def _summed_by_a_copy(self, source: StoredObject, scratch: str) -> int | None:
        headers = {
            "x-amz-copy-source": encode_path(f"/{self._bucket}/{source.key}"),
            "x-amz-copy-source-if-match": f'"{source.etag}"',
            "x-amz-copy-if-match": f'"{source.etag}"',
            "x-amz-checksum-algorithm": "CRC32",
            "x-amz-metadata-directive": "REPLACE",
        }
        document = _document(self._ask("PUT", scratch, headers=headers))
        return _crc32(_text(document, "ChecksumCRC32"))

    def _summed_by_parts(self, source: StoredObject, scratch: str) -> int | None:
        """What one call would take too long over: the store makes one sum of those of parts."""
        kind = {"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT"}
        upload, most = self._begin(scratch, kind), self._summed_bytes

        def copy(number: int) -> str:
            start = (number - 1) * most
            length = min(most, source.size_bytes - start)
            return self.copy(scratch, upload, number, source, start, length)

        try:
            parts = dict(sorted(self.at_once(copy, range(1, -(-source.size_bytes // most) + 1))))
            done = self._finish(scratch, upload, parts, {"x-amz-checksum-type": "FULL_OBJECT"})
        except StoreError:
            self.abandon(scratch, upload)
            raise
        return _crc32(_text(done, "ChecksumCRC32"))

    def _summed_by_reading(self, source: StoredObject) -> int:
        crc32, buffer = 0, memoryview(bytearray(min(MIB, source.size_bytes)))
        for start in range(0, source.size_bytes, MIB):
            view = buffer[: min(MIB, source.size_bytes - start)]
            self._fetch(Piece(source.key, start, len(view), source.size_bytes, source.etag), view)
            crc32 = zlib.crc32(view, crc32)
        return crc32

    # ------------------------------------------------------------------ several at once

    def at_once(
        self, work: Callable[[_Work], _Result], pieces: Sequence[_Work]
    ) -> Iterator[tuple[_Work, _Result]]:
        if not pieces:
            return
        with ThreadPoolExecutor(min(COPIERS, len(pieces))) as pool:
            pending = {pool.submit(work, piece): piece for piece in pieces}
            try:
                for done in as_completed(pending):
                    yield pending[done], done.result()
            finally:
                pool.shutdown(cancel_futures=True)

    # ------------------------------------------------------------------ requests

    def _begin(self, key: str, headers: Mapping[str, str]) -> str:
        reply = self._ask("POST", key, query={"uploads": ""}, headers=headers)
        return _text(_document(reply), "UploadId")

    def _finish(
        self, key: str, upload: str, parts: Mapping[int, str], headers: Mapping[str, str]
    ) -> ElementTree.Element:
        claims = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>"
            for number, etag in parts.items()
        )
        body = f"<CompleteMultipartUpload>{claims}</CompleteMultipartUpload>".encode()
        sent = {"content-type": "application/xml", **headers}
        return _document(
            self._ask("POST", key, query={"uploadId": upload}, headers=sent, body=body)
        )

    def _fetch_whole(self, piece: Piece, view: memoryview) -> None:
        """A piece of an object that has as many bytes as it should."""
        total = self._fetch(piece, view)
        if total != piece.size_bytes:
            raise ObjectChangedError(piece.key)

    def _fetch(self, piece: Piece, view: memoryview) -> int:
        """Fill `view`; how many bytes the whole object has."""
        headers = {"range": f"bytes={piece.start}-{piece.start + piece.length - 1}"}
        if piece.etag is not None:
            headers["if-match"] = f'"{piece.etag}"'
        reply = self._ask("GET", piece.key, headers=headers, view=view)
        total = reply.headers.get("Content-Range", "").rpartition("/")[2]
        if reply.body or not total.isdigit():
            raise ObjectChangedError(piece.key)  # it ends before the piece does
        self.fetched += piece.length
        return int(total)

    def _ask(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        body: bytes | memoryview | None = None,
        view: memoryview | None = None,
    ) -> Reply:
        """The store's good answer; where it is busy, after a few more tries."""
        for pause in (*_PAUSES_SECONDS, None):
            try:
                reply = self._send(method, key, query, headers, body, view)
            except (OSError, HTTPException) as error:
                if pause is None:
                    raise _unavailable() from error
            else:
                code = _error_code(reply)
                if not code:
                    return reply
                if reply.status not in _BUSY_STATUS and code not in _BUSY_CODES:
                    raise _failure(code, reply, key)
            if pause is not None:
                time.sleep(pause)
        raise _unavailable()

    def _send(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | memoryview | None,
        view: memoryview | None,
    ) -> Reply:
        url = f"{self._bucket_url}/{encode_path(key)}" if key else self._bucket_url
        signed = self._signer.sign_headers(
            method,
            url,
            now=self._clock.now(),
            query=query,
            headers=headers,
            payload_hash=UNSIGNED_PAYLOAD,
        )
        encoded = encode_query(query)
        target = f"{urlsplit(url).path}?{encoded}" if encoded else urlsplit(url).path
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._host.connection()
        try:
            if view is not None:
                return connection.request_into(method, target, signed, view)
            return connection.request(method, target, signed, body)
        finally:
            self._idle.append(connection)


def _error_code(reply: Reply) -> str:
    """The code of an error, which may come under a good status: what takes long is answered at
    once, and kept up with white space until there is more to say; or nothing."""
    body = reply.body.lstrip()
    if reply.status < 300:
        root = body.partition(b"?>")[2].lstrip() if body.startswith(b"<?xml") else body
        if not root.startswith(b"<Error>"):
            return ""
    if body.startswith(b"<"):
        return _text(_document(reply), "Code") or str(reply.status)
    return str(reply.status)


def _failure(code: str, reply: Reply, key: str) -> Exception:
    if code in _MISSING_UPLOAD:
        return UploadMissingError(key)
    if code in _MISSING:
        return ObjectMissingError(key)
    if code in _CHANGED:
        return ObjectChangedError(key)
    return RuntimeError(f"the store answered {reply.status} {code} about {key}")


def _document(reply: Reply) -> ElementTree.Element:
    """An answer's XML, its names without their namespace."""
    root = ElementTree.fromstring(reply.body.strip())  # noqa: S314 - what our own store answers
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _text(document: ElementTree.Element, name: str) -> str:
    return document.findtext(name, "")


def _texts(document: ElementTree.Element, path: str) -> list[str]:
    return [element.text or "" for element in document.findall(path)]


def _crc32(checksum: str) -> int | None:
    """The number that base64 stands for; None of a composite, which is about parts."""
    if not checksum or "-" in checksum:
        return None
    return int.from_bytes(b64decode(checksum), "big")


def _whole(headers: Message, algorithm: str) -> str | None:
    """A checksum of the whole object in hexadecimal."""
    value = headers.get(f"x-amz-checksum-{algorithm}")
    composite = headers.get("x-amz-checksum-type") == "COMPOSITE"
    return None if value is None or composite or "-" in value else b64decode(value).hex()


def _moment(header: str) -> datetime:
    return parsedate_to_datetime(header)


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "store_unavailable", "The object store cannot be reached right now. Try again."
    )
