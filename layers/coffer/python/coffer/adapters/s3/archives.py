"""Implement the Archives port on S3 with multipart uploads, copies and checksums.

Source: the S3 API Reference on UploadPart, UploadPartCopy and CompleteMultipartUpload.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from coffer.adapters.http_connections import CONNECTION_ERRORS, HttpResponse, send_with_retries
from coffer.adapters.s3.read_ahead import ReadAhead
from coffer.adapters.s3.requests import BUSY_STATUSES, NOTHING, S3Requests, store_unavailable
from coffer.adapters.s3.responses import (
    error_code,
    error_of,
    header_checksum,
    hex_checksum,
    parse_xml,
    text,
)
from coffer.adapters.signing.sigv4 import Endpoint, Signer, encode_path
from coffer.domain.clock import Clock
from coffer.domain.errors import (
    MultipartUploadMissingError,
    ObjectChangedError,
    ObjectMissingError,
    StoreError,
    UnavailableError,
)
from coffer.domain.export.layout import GIB, MIB
from coffer.domain.export.ports import MAX_COPY_TIME, ObjectRange
from coffer.domain.objects import StoredObject

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_PARALLEL_READS = 16
MAX_PARALLEL_COPIES = 8
MAX_CHECKSUM_COPY_BYTES = GIB
"""The most bytes that one call copies for a checksum, so that no call takes too long."""
TIMEOUT_SECONDS = 20.0
_PAUSES_SECONDS = (0.1, 0.3, 1.0, 3.0)
_BUSY_CODES = frozenset({"InternalError", "SlowDown", "ServiceUnavailable", "OperationAborted"})
_ZIP = "application/zip"

_Item = TypeVar("_Item")
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
        max_checksum_copy_bytes: int = MAX_CHECKSUM_COPY_BYTES,
    ) -> None:
        self._requests = S3Requests(
            signer, endpoint, bucket, clock, timeout_seconds=TIMEOUT_SECONDS
        )
        self._slow_requests = S3Requests(
            signer, endpoint, bucket, clock, timeout_seconds=MAX_COPY_TIME.total_seconds()
        )
        self._bucket = bucket
        self._copy_conditions = copy_conditions
        self._max_checksum_copy_bytes = max_checksum_copy_bytes
        self.fetched = self.sent = 0

    def describe(self, key: str) -> StoredObject:
        response = self._request("HEAD", key, headers={"x-amz-checksum-mode": "ENABLED"})
        return StoredObject(
            key=key,
            size_bytes=int(response.headers["Content-Length"]),
            etag=response.headers["ETag"].strip('"'),
            last_modified=parsedate_to_datetime(response.headers["Last-Modified"]),
            sha1_hex=header_checksum(response.headers, "sha1"),
            crc32=header_checksum(response.headers, "crc32"),
        )

    def load(self, key: str) -> bytes:
        return self._request("GET", key).body

    def save(self, key: str, body: bytes, *, content_type: str = "application/json") -> None:
        self._request("PUT", key, headers={"content-type": content_type}, body=body)
        self.sent += len(body)

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        body = bytearray(length)
        self._fetch(ObjectRange(key, start, length, start + length, etag), memoryview(body))
        return bytes(body)

    def read_ahead(self, ranges: Iterable[ObjectRange], capacity: int) -> ReadAhead:
        return ReadAhead(ranges, self._fetch_exactly, capacity=capacity, threads=MAX_PARALLEL_READS)

    def remove(self, key: str) -> None:
        self._request("DELETE", key)

    def list_keys(self, prefix: str) -> Iterator[str]:
        query = {"list-type": "2", "prefix": prefix}
        while True:
            document = parse_xml(self._request("GET", "", query=query))
            yield from (element.text or "" for element in document.findall("Contents/Key"))
            token = text(document, "NextContinuationToken")
            if not token:
                return
            query = {**query, "continuation-token": token}

    def start_upload(self, key: str) -> str:
        return self._start(key, {"content-type": _ZIP})

    def upload_part(self, key: str, upload: str, part: int, body: bytes | memoryview) -> str:
        query = {"partNumber": str(part), "uploadId": upload}
        response = self._request("PUT", key, query=query, body=body)
        self.sent += len(body)
        return response.headers["ETag"].strip('"')

    def copy_part(
        self, key: str, upload: str, part: int, source: StoredObject, start: int, length: int
    ) -> str:
        headers = self._copy_headers(source)
        if (start, length) != (0, source.size_bytes):
            headers["x-amz-copy-source-range"] = f"bytes={start}-{start + length - 1}"
        query = {"partNumber": str(part), "uploadId": upload}
        document = self._copy_request("PUT", key, query=query, headers=headers)
        if not self._copy_conditions and self.describe(source.key).etag != source.etag:
            raise ObjectChangedError(source.key)  # this store ignores conditions on copies
        return text(document, "ETag").strip('"')

    def complete_upload(self, key: str, upload: str, parts: Mapping[int, str]) -> str:
        try:
            document = self._complete(key, upload, parts, NOTHING)
        except UnavailableError as error:
            # Ceph 16 also reports a missing upload like this; a request for its parts shows it.
            try:
                self._request("GET", key, query={"uploadId": upload})
            except ObjectMissingError:
                raise MultipartUploadMissingError(key) from error
            raise
        etag = text(document, "ETag").strip('"')
        return etag or self.describe(key).etag  # Ceph 16 omits the ETag

    def abort_upload(self, key: str, upload: str) -> None:
        try:
            self._request("DELETE", key, query={"uploadId": upload})
        except MultipartUploadMissingError:
            return

    def list_uploads(self, prefix: str) -> Iterator[tuple[str, str]]:
        query = {"uploads": "", "prefix": prefix}
        while True:
            document = parse_xml(self._request("GET", "", query=query))
            for upload in document.iter("Upload"):
                key = upload.findtext("Key", "")
                if key.startswith(prefix):  # some stores ignore the prefix
                    yield key, upload.findtext("UploadId", "")
            if text(document, "IsTruncated") != "true":
                return
            query = {
                **query,
                "key-marker": text(document, "NextKeyMarker"),
                "upload-id-marker": text(document, "NextUploadIdMarker"),
            }

    def crc32(self, source: StoredObject, scratch: str) -> int:
        if source.size_bytes <= self._max_checksum_copy_bytes:
            checksum = self._checksum_of_copy(source, scratch)
        else:
            checksum = self._checksum_of_parts(source, scratch)
        self.remove(scratch)
        hexadecimal = hex_checksum(checksum)
        return self._checksum_of_bytes(source) if hexadecimal is None else int(hexadecimal, 16)

    def in_parallel(
        self, work: Callable[[_Item], _Result], items: Sequence[_Item]
    ) -> Iterator[tuple[_Item, _Result]]:
        if not items:
            return
        with ThreadPoolExecutor(min(MAX_PARALLEL_COPIES, len(items))) as pool:
            pending = {pool.submit(work, item): item for item in items}
            try:
                for done in as_completed(pending):
                    yield pending[done], done.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _checksum_of_copy(self, source: StoredObject, scratch: str) -> str:
        headers = {
            **self._copy_headers(source),
            "x-amz-checksum-algorithm": "CRC32",
            "x-amz-metadata-directive": "REPLACE",
            # Without this, a copy of an object with tags needs permissions for tags.
            "x-amz-tagging-directive": "REPLACE",
        }
        document = self._copy_request("PUT", scratch, headers=headers)
        return text(document, "ChecksumCRC32")

    def _checksum_of_parts(self, source: StoredObject, scratch: str) -> str:
        """Return the checksum of a large object: S3 combines the checksums of copied parts."""
        headers = {"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT"}
        upload, part_bytes = self._start(scratch, headers), self._max_checksum_copy_bytes

        def copy(number: int) -> str:
            start = (number - 1) * part_bytes
            length = min(part_bytes, source.size_bytes - start)
            return self.copy_part(scratch, upload, number, source, start, length)

        numbers = range(1, -(-source.size_bytes // part_bytes) + 1)
        try:
            parts = dict(sorted(self.in_parallel(copy, numbers)))
            kind = {"x-amz-checksum-type": "FULL_OBJECT"}
            document = self._complete(scratch, upload, parts, kind)
        except StoreError:
            self.abort_upload(scratch, upload)
            raise
        return text(document, "ChecksumCRC32")

    def _checksum_of_bytes(self, source: StoredObject) -> int:
        crc32, buffer = 0, memoryview(bytearray(min(MIB, source.size_bytes)))
        for start in range(0, source.size_bytes, MIB):
            view = buffer[: min(MIB, source.size_bytes - start)]
            self._fetch(
                ObjectRange(source.key, start, len(view), source.size_bytes, source.etag), view
            )
            crc32 = zlib.crc32(view, crc32)
        return crc32

    def _copy_headers(self, source: StoredObject) -> dict[str, str]:
        return {
            "x-amz-copy-source": encode_path(f"/{self._bucket}/{source.key}"),
            "x-amz-copy-source-if-match": f'"{source.etag}"',
            "x-amz-copy-if-match": f'"{source.etag}"',  # Ceph reads this name
        }

    def _start(self, key: str, headers: Mapping[str, str]) -> str:
        response = self._request("POST", key, query={"uploads": ""}, headers=headers)
        return text(parse_xml(response), "UploadId")

    def _complete(
        self, key: str, upload: str, parts: Mapping[int, str], headers: Mapping[str, str]
    ) -> Element:
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>"
            for number, etag in parts.items()
        )
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        headers = {"content-type": "application/xml", **headers}
        query = {"uploadId": upload}
        return self._copy_request("POST", key, query=query, headers=headers, body=body)

    def _fetch_exactly(self, wanted: ObjectRange, view: memoryview) -> None:
        """Fill `view`; raises ObjectChangedError if the object has another size."""
        if self._fetch(wanted, view) != wanted.size_bytes:
            raise ObjectChangedError(wanted.key)

    def _fetch(self, wanted: ObjectRange, view: memoryview) -> int:
        """Fill `view` with a range and return the size of the object."""
        headers = {"range": f"bytes={wanted.start}-{wanted.start + wanted.length - 1}"}
        if wanted.etag is not None:
            headers["if-match"] = f'"{wanted.etag}"'
        response = self._request("GET", wanted.key, headers=headers, view=view)
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
        if response.body or not total.isdigit():
            raise ObjectChangedError(wanted.key)  # the object ends before the range does
        self.fetched += wanted.length
        return int(total)

    def _request(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
        body: bytes | memoryview | None = None,
        view: memoryview | None = None,
    ) -> HttpResponse:
        """Return a successful response, after retries if the store is busy.

        Raises ObjectMissingError, ObjectChangedError, MultipartUploadMissingError and
        UnavailableError.
        """
        send = partial(
            self._requests.send, method, key, query=query, headers=headers, body=body, view=view
        )
        return _send(send, key)

    def _copy_request(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
        body: bytes | None = None,
    ) -> Element:
        """Return the document of a response to which S3 may take MAX_COPY_TIME.

        After a time-out the request is not repeated: the worker has no time for that.
        """

        def send() -> HttpResponse:
            try:
                return self._slow_requests.send(
                    method, key, query=query, headers=headers, body=body
                )
            except TimeoutError as error:
                raise store_unavailable() from error

        return parse_xml(_send(send, key))


def _send(send: Callable[[], HttpResponse], key: str) -> HttpResponse:
    """Return a successful response; raises the errors of `_request`."""
    try:
        response = send_with_retries(send, _is_busy, _PAUSES_SECONDS)
    except CONNECTION_ERRORS as error:
        raise store_unavailable() from error
    if _is_busy(response):
        raise store_unavailable()
    if code := error_code(response):
        raise error_of(code, response, key)
    return response


def _is_busy(response: HttpResponse) -> bool:
    code = error_code(response)
    return code in _BUSY_CODES or bool(code and response.status in BUSY_STATUSES)
