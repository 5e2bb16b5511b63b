"""The Archives port on S3: objects, multipart uploads and sums, several at once.

Parts and copies are what the S3 API Reference says of UploadPart, UploadPartCopy and
CompleteMultipartUpload.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from email.utils import parsedate_to_datetime
from typing import TypeVar
from xml.etree import ElementTree  # only of what our own store answers

from coffer.adapters.s3.read_ahead import ReadAhead
from coffer.adapters.s3.requests import NOTHING, StoreRequests
from coffer.adapters.s3.responses import crc32_of, document_of, text, texts, whole_checksum
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
from coffer.domain.export.ports import ObjectRange
from coffer.domain.objects import StoredObject

READERS = 16
COPIERS = 8
SUMMED_BYTES = GIB
"""What is copied in one call to be summed, so that none takes longer than anybody waits."""
_ZIP = "application/zip"

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
        self._store = StoreRequests(signer, endpoint, bucket, clock)
        self._bucket = bucket
        self._copy_conditions = copy_conditions
        self._summed_bytes = summed_bytes
        self.fetched = self.sent = 0

    # ------------------------------------------------------------------ objects

    def describe(self, key: str) -> StoredObject:
        reply = self._store.ask("HEAD", key, headers={"x-amz-checksum-mode": "ENABLED"})
        return StoredObject(
            key=key,
            size_bytes=int(reply.headers["Content-Length"]),
            etag=reply.headers["ETag"].strip('"'),
            last_modified=parsedate_to_datetime(reply.headers["Last-Modified"]),
            sha1_hex=whole_checksum(reply.headers, "sha1"),
            crc32=whole_checksum(reply.headers, "crc32"),
        )

    def load(self, key: str) -> bytes:
        return self._store.ask("GET", key).body

    def save(self, key: str, body: bytes, *, content_type: str = "application/json") -> None:
        self._store.ask("PUT", key, headers={"content-type": content_type}, body=body)
        self.sent += len(body)

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        body = bytearray(length)
        self._fetch(ObjectRange(key, start, length, start + length, etag), memoryview(body))
        return bytes(body)

    def ahead(self, wanted: Iterable[ObjectRange], capacity: int) -> ReadAhead:
        return ReadAhead(wanted, self._fetch_whole, capacity=capacity, threads=READERS)

    def remove(self, key: str) -> None:
        self._store.ask("DELETE", key)

    def keys(self, prefix: str) -> Iterator[str]:
        query = {"list-type": "2", "prefix": prefix}
        while True:
            document = document_of(self._store.ask("GET", "", query=query))
            yield from texts(document, "Contents/Key")
            token = text(document, "NextContinuationToken")
            if not token:
                return
            query = {**query, "continuation-token": token}

    # ------------------------------------------------------------------ multipart uploads

    def begin(self, key: str) -> str:
        return self._begin(key, {"content-type": _ZIP})

    def send(self, key: str, upload: str, part: int, body: bytes | memoryview) -> str:
        query = {"partNumber": str(part), "uploadId": upload}
        reply = self._store.ask("PUT", key, query=query, body=body)
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
        document = document_of(self._store.ask("PUT", key, query=query, headers=headers))
        if not self._copy_conditions and self.describe(source.key).etag != source.etag:
            raise ObjectChangedError(source.key)  # where the store takes no condition on copies
        return text(document, "ETag").strip('"')

    def finish(self, key: str, upload: str, parts: Mapping[int, str]) -> str:
        try:
            document = self._finish(key, upload, parts, NOTHING)
        except UnavailableError as error:
            # Ceph 16 says so, too, where there is no such upload: asked for its parts it knows.
            try:
                self._store.ask("GET", key, query={"uploadId": upload})
            except ObjectMissingError:
                raise MultipartUploadMissingError(key) from error
            raise
        etag = text(document, "ETag").strip('"')
        return etag or self.describe(key).etag  # Ceph 16 does not say

    def abandon(self, key: str, upload: str) -> None:
        try:
            self._store.ask("DELETE", key, query={"uploadId": upload})
        except MultipartUploadMissingError:
            return

    def unfinished(self, prefix: str) -> Iterator[tuple[str, str]]:
        query = {"uploads": "", "prefix": prefix}
        while True:
            document = document_of(self._store.ask("GET", "", query=query))
            for upload in document.iter("Upload"):
                key = upload.findtext("Key", "")
                if key.startswith(prefix):  # not every store filters
                    yield key, upload.findtext("UploadId", "")
            if text(document, "IsTruncated") != "true":
                return
            query = {
                **query,
                "key-marker": text(document, "NextKeyMarker"),
                "upload-id-marker": text(document, "NextUploadIdMarker"),
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
        document = document_of(self._store.ask("PUT", scratch, headers=headers))
        return crc32_of(text(document, "ChecksumCRC32"))

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
        return crc32_of(text(done, "ChecksumCRC32"))

    def _summed_by_reading(self, source: StoredObject) -> int:
        crc32, buffer = 0, memoryview(bytearray(min(MIB, source.size_bytes)))
        for start in range(0, source.size_bytes, MIB):
            view = buffer[: min(MIB, source.size_bytes - start)]
            self._fetch(
                ObjectRange(source.key, start, len(view), source.size_bytes, source.etag), view
            )
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

    # ------------------------------------------------------------------ what these share

    def _begin(self, key: str, headers: Mapping[str, str]) -> str:
        reply = self._store.ask("POST", key, query={"uploads": ""}, headers=headers)
        return text(document_of(reply), "UploadId")

    def _finish(
        self, key: str, upload: str, parts: Mapping[int, str], headers: Mapping[str, str]
    ) -> ElementTree.Element:
        claims = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>"
            for number, etag in parts.items()
        )
        body = f"<CompleteMultipartUpload>{claims}</CompleteMultipartUpload>".encode()
        sent = {"content-type": "application/xml", **headers}
        return document_of(
            self._store.ask("POST", key, query={"uploadId": upload}, headers=sent, body=body)
        )

    def _fetch_whole(self, piece: ObjectRange, view: memoryview) -> None:
        """A piece of an object that has as many bytes as it should."""
        total = self._fetch(piece, view)
        if total != piece.size_bytes:
            raise ObjectChangedError(piece.key)

    def _fetch(self, piece: ObjectRange, view: memoryview) -> int:
        """Fill `view`; how many bytes the whole object has."""
        headers = {"range": f"bytes={piece.start}-{piece.start + piece.length - 1}"}
        if piece.etag is not None:
            headers["if-match"] = f'"{piece.etag}"'
        reply = self._store.ask("GET", piece.key, headers=headers, view=view)
        total = reply.headers.get("Content-Range", "").rpartition("/")[2]
        if reply.body or not total.isdigit():
            raise ObjectChangedError(piece.key)  # it ends before the piece does
        self.fetched += piece.length
        return int(total)
