"""Create and abort multipart uploads, upload, copy and list their parts.

Source for checksums: Amazon S3 User Guide, "Full object and composite checksum types".
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from moto.s3.models import FakeMultipart, get_canned_acl
from requests.structures import CaseInsensitiveDict

from local.s3 import access, checksums
from local.s3.context import MAX_SINGLE_BYTES, Context
from local.s3.copy_object import open_source
from local.s3.errors import S3Error, xml_text
from local.s3.messages import Request, Response
from local.s3.object_headers import (
    check_features,
    check_key,
    parse_tags,
    storage_class,
    stored_headers,
)
from local.s3.put_object import receive_body, too_large
from local.s3.sigv4 import VerifiedCaller
from local.s3.spool import SpooledFile, Writer, read_file
from local.s3.store import ACCOUNT_ID
from local.s3.xml_documents import xml_response

MAX_PARTS = 10_000
# Checksum types that an algorithm allows in a multipart upload; the first is the default.
TYPES: Mapping[str, tuple[str, ...]] = {
    "CRC32": ("COMPOSITE", "FULL_OBJECT"),
    "CRC32C": ("COMPOSITE", "FULL_OBJECT"),
    "CRC64NVME": ("FULL_OBJECT",),
    "SHA1": ("COMPOSITE",),
    "SHA256": ("COMPOSITE",),
    "SHA512": ("COMPOSITE",),
    "MD5": ("COMPOSITE",),
}


@dataclass(frozen=True)
class UploadedPart:
    number: int
    file: SpooledFile
    modified: datetime

    @property
    def etag(self) -> str:
        return f'"{self.file.md5}"'


class Upload(FakeMultipart):
    """A multipart upload that moto handles like its own, with its parts in files."""

    def __new__(cls, *_: Any, **__: Any) -> Upload:
        # moto's own __new__ keeps a reference to every instance.
        return object.__new__(cls)

    def __init__(
        self,
        key: str,
        region: str,
        headers: Mapping[str, str],
        acl: str,
        tags: Mapping[str, str],
        storage: str,
        algorithm: str | None,
        kind: str,
        initiated: datetime,
    ) -> None:
        super().__init__(
            key,
            CaseInsensitiveDict(),
            ACCOUNT_ID,
            region,
            storage=storage,
            tags=dict(tags),
            acl=get_canned_acl(acl),
        )
        self.id = uuid4().hex + uuid4().hex
        self.lock = threading.Lock()
        self.headers = dict(headers)
        self.canned_acl = acl
        self.object_tags = dict(tags)
        self.storage_class = storage
        self.algorithm = algorithm
        self.kind = kind
        self.initiated = initiated
        self.uploaded: dict[int, UploadedPart] = {}

    def dispose(self) -> None:
        for part in list(self.uploaded.values()):
            part.file.path.unlink(missing_ok=True)


def create_upload(context: Context, request: Request) -> Response:
    check_key(request.key)
    bucket = context.store.bucket(request.bucket)
    access.check_grants(request, bucket)
    given = dict(request.headers.items())
    check_features(given)
    algorithm, kind = checksum_kind(given)
    upload = Upload(
        request.key,
        bucket.region_name,
        stored_headers(given),
        access.check_acl(given.get("x-amz-acl"), bucket),
        parse_tags(given.get("x-amz-tagging")),
        storage_class(given),
        algorithm,
        kind,
        context.now(),
    )
    bucket.multiparts[upload.id] = upload
    headers = {"x-amz-server-side-encryption": "AES256"}
    if algorithm:
        headers |= {"x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": kind}
    inside = (
        f"<Bucket>{request.bucket}</Bucket><Key>{xml_text(request.key)}</Key>"
        f"<UploadId>{upload.id}</UploadId>"
    )
    return xml_response("InitiateMultipartUploadResult", inside, headers)


def checksum_kind(given: Mapping[str, str]) -> tuple[str | None, str]:
    """Return algorithm and type of the checksum in a request that creates an upload."""
    requested = given.get("x-amz-checksum-algorithm")
    kind = given.get("x-amz-checksum-type")
    if requested is None:
        if kind is not None:
            raise S3Error(
                "InvalidRequest",
                "The x-amz-checksum-type header can only be used with the "
                "x-amz-checksum-algorithm header.",
            )
        return None, ""
    algorithm = checksums.parse_algorithm(requested)
    if kind is None:
        return algorithm, TYPES[algorithm][0]
    if kind.upper() not in TYPES[algorithm]:
        raise S3Error(
            "InvalidRequest",
            f"The {kind.upper()} checksum type cannot be used with the {algorithm.lower()} "
            "checksum algorithm.",
        )
    return algorithm, kind.upper()


def find_upload(context: Context, request: Request) -> Upload:
    """Return the upload that a request names; raise NoSuchUpload if it does not exist."""
    upload_id = request.query["uploadId"]
    found = context.store.bucket(request.bucket).multiparts.get(upload_id)
    if not isinstance(found, Upload) or found.key_name != request.key:
        raise S3Error("NoSuchUpload", details={"UploadId": upload_id})
    return found


def part_number(request: Request) -> int:
    text = request.query.get("partNumber", "")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MAX_PARTS):
        raise S3Error(
            "InvalidArgument",
            "Part number must be an integer between 1 and 10000, inclusive",
            details={"ArgumentName": "partNumber", "ArgumentValue": text},
        )
    return int(text)


def upload_part(context: Context, request: Request, caller: VerifiedCaller) -> Response:
    number = part_number(request)
    upload = find_upload(context, request)
    check_part_checksum(upload, dict(request.headers.items()))
    spooled = receive_body(context, request, caller)
    part = UploadedPart(number, spooled, context.now())
    store_part(context, request, upload, part)
    headers = {"ETag": part.etag, "x-amz-server-side-encryption": "AES256"}
    if spooled.algorithm and spooled.checksum:
        headers[checksums.header_name(spooled.algorithm)] = spooled.checksum
    return Response(headers=headers)


def check_part_checksum(upload: Upload, given: Mapping[str, str]) -> None:
    """Raise InvalidRequest if a part's checksum has another algorithm than the upload."""
    declared = checksums.declared_checksum(given)
    actual = declared.algorithm if declared else None
    if upload.algorithm is None or actual == upload.algorithm:
        return
    if actual is None and upload.kind == "FULL_OBJECT":
        return
    raise S3Error(
        "InvalidRequest",
        "Checksum Type mismatch occurred, expected checksum Type: "
        f"{upload.algorithm.lower()}, actual checksum Type: {(actual or 'null').lower()}",
    )


def store_part(context: Context, request: Request, upload: Upload, part: UploadedPart) -> None:
    """Add the part to the upload; raise NoSuchUpload if that was completed or aborted meanwhile."""
    with upload.lock:
        try:
            find_upload(context, request)
        except S3Error:
            part.file.path.unlink(missing_ok=True)
            raise
        replaced = upload.uploaded.get(part.number)
        upload.uploaded[part.number] = part
    if replaced is not None:
        replaced.file.path.unlink(missing_ok=True)


def upload_part_copy(context: Context, request: Request) -> Response:
    number = part_number(request)
    upload = find_upload(context, request)
    source = open_source(context, request)
    try:
        start, length = copied_range(
            request.headers.get("x-amz-copy-source-range"), source.stored.size
        )
        with Writer(context.store.folder, upload.algorithm) as writer:
            writer.write_all(read_file(source.path, start, length))
            spooled = writer.finish()
    finally:
        source.path.unlink(missing_ok=True)
    part = UploadedPart(number, spooled, context.now())
    store_part(context, request, upload, part)
    headers = {"x-amz-server-side-encryption": "AES256"}
    if source.stored.version_id != "null":
        headers["x-amz-copy-source-version-id"] = source.stored.version_id
    inside = (
        f"<LastModified>{timestamp(part.modified)}</LastModified>"
        f"<ETag>{xml_text(part.etag)}</ETag>{checksum_element(spooled)}"
    )
    return xml_response("CopyPartResult", inside, headers)


def copied_range(header: str | None, size: int) -> tuple[int, int]:
    """Return start and length of the bytes to copy.

    A range must have both ends (`bytes=first-last`) and be inside the source.
    """
    if header is None:
        if size > MAX_SINGLE_BYTES:
            raise S3Error(
                "InvalidRequest",
                "The specified copy source is larger than the maximum allowable size for a copy "
                f"source: {MAX_SINGLE_BYTES}",
            )
        return 0, size
    unit, _, byte_range = header.partition("=")
    first, dash, last = byte_range.partition("-")
    digits = first.isascii() and first.isdigit() and last.isascii() and last.isdigit()
    if unit.strip() != "bytes" or not dash or not digits or int(first) > int(last):
        raise S3Error(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
            "and last are the zero-based offsets of the first and last bytes to copy",
            details={"ArgumentName": "x-amz-copy-source-range", "ArgumentValue": header},
        )
    if int(last) >= size:
        raise S3Error(
            "InvalidArgument",
            f"Range specified is not valid for source object of size: {size}",
            details={"ArgumentName": "x-amz-copy-source-range", "ArgumentValue": header},
        )
    length = int(last) - int(first) + 1
    if length > MAX_SINGLE_BYTES:
        raise too_large(length)
    return int(first), length


def list_parts(context: Context, request: Request) -> Response:
    upload = find_upload(context, request)
    marker = request.number("part-number-marker", 0)
    max_parts = request.page_size("max-parts")
    numbers = [number for number in sorted(upload.uploaded) if number > marker]
    listed = [upload.uploaded[number] for number in numbers[:max_parts]]
    parts = "".join(
        f"<Part><PartNumber>{part.number}</PartNumber>"
        f"<LastModified>{timestamp(part.modified)}</LastModified>"
        f"<ETag>{xml_text(part.etag)}</ETag><Size>{part.file.size}</Size>"
        f"{checksum_element(part.file)}</Part>"
        for part in listed
    )
    algorithm = ""
    if upload.algorithm:
        algorithm = (
            f"<ChecksumAlgorithm>{upload.algorithm}</ChecksumAlgorithm>"
            f"<ChecksumType>{upload.kind}</ChecksumType>"
        )
    owner = f"<ID>{ACCOUNT_ID}</ID>"
    inside = (
        f"<Bucket>{request.bucket}</Bucket><Key>{xml_text(request.key)}</Key>"
        f"<UploadId>{upload.id}</UploadId><Initiator>{owner}</Initiator><Owner>{owner}</Owner>"
        f"<StorageClass>{upload.storage_class}</StorageClass>"
        f"<PartNumberMarker>{marker}</PartNumberMarker>"
        f"<NextPartNumberMarker>{listed[-1].number if listed else 0}</NextPartNumberMarker>"
        f"<MaxParts>{max_parts}</MaxParts>"
        f"<IsTruncated>{str(len(numbers) > len(listed)).lower()}</IsTruncated>{algorithm}{parts}"
    )
    return xml_response("ListPartsResult", inside)


def timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def checksum_element(file: SpooledFile) -> str:
    if file.algorithm is None:
        return ""
    return f"<Checksum{file.algorithm}>{file.checksum}</Checksum{file.algorithm}>"


def abort_upload(context: Context, request: Request) -> Response:
    upload = find_upload(context, request)
    with upload.lock:
        find_upload(context, request)
        del context.store.bucket(request.bucket).multiparts[upload.id]
    return Response(204)
