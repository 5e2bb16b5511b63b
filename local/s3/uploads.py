"""Multipart uploads: create, upload and copy parts, list, complete, abort.

Source for checksums: Amazon S3 User Guide, "Full object and composite checksum types".
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from moto.s3.models import FakeMultipart, get_canned_acl
from requests.structures import CaseInsensitiveDict

from local.s3 import access, checksums
from local.s3.context import MOST_SINGLE_BYTES, Context
from local.s3.errors import S3Error, xml_text
from local.s3.messages import Request, Response, xml_answer
from local.s3.object_headers import (
    check_features,
    check_key,
    kept_headers,
    parse_tags,
    storage_class,
)
from local.s3.sigv4 import Caller
from local.s3.spool import Folder, Spooled, Writer, read_file
from local.s3.store import ACCOUNT_ID, Checksum, Draft, Part
from local.s3.writing import (
    check_now,
    commit,
    open_source,
    read_document,
    receive,
    too_large,
    written_answer,
)

SMALLEST_PART_BYTES = 5 * 1024 * 1024
MOST_PARTS = 10_000
MOST_OBJECT_BYTES = 50 * 1024**4
# Which checksum types an algorithm allows in a multipart upload; the first is the default.
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
    file: Spooled
    modified: datetime

    @property
    def etag(self) -> str:
        return f'"{self.file.md5}"'


class Upload(FakeMultipart):
    """An upload under way, in moto's list of them, with its parts in files."""

    def __new__(cls, *_: Any, **__: Any) -> Upload:
        # moto's own __new__ remembers every instance for ever.
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


def create(context: Context, request: Request) -> Response:
    check_key(request.key)
    bucket = context.store.bucket(request.bucket)
    access.check_grants(request, bucket)
    given = dict(request.headers.items())
    check_features(given)
    algorithm, kind = checksum_kind(given)
    upload = Upload(
        request.key,
        bucket.region_name,
        kept_headers(given),
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
    return xml_answer("InitiateMultipartUploadResult", inside, headers)


def checksum_kind(given: Mapping[str, str]) -> tuple[str | None, str]:
    """Algorithm and type that an upload is created with."""
    asked = given.get("x-amz-checksum-algorithm")
    kind = given.get("x-amz-checksum-type")
    if asked is None:
        if kind is not None:
            raise S3Error(
                "InvalidRequest",
                "The x-amz-checksum-type header can only be used with the "
                "x-amz-checksum-algorithm header.",
            )
        return None, ""
    algorithm = checksums.known(asked)
    if kind is None:
        return algorithm, TYPES[algorithm][0]
    if kind.upper() not in TYPES[algorithm]:
        raise S3Error(
            "InvalidRequest",
            f"The {kind.upper()} checksum type cannot be used with the {algorithm.lower()} "
            "checksum algorithm.",
        )
    return algorithm, kind.upper()


def find(context: Context, request: Request) -> Upload:
    upload_id = request.query["uploadId"]
    found = context.store.bucket(request.bucket).multiparts.get(upload_id)
    if not isinstance(found, Upload) or found.key_name != request.key:
        raise S3Error("NoSuchUpload", details={"UploadId": upload_id})
    return found


def part_number(request: Request) -> int:
    text = request.query.get("partNumber", "")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST_PARTS):
        raise S3Error(
            "InvalidArgument",
            "Part number must be an integer between 1 and 10000, inclusive",
            details={"ArgumentName": "partNumber", "ArgumentValue": text},
        )
    return int(text)


def upload_part(context: Context, request: Request, caller: Caller) -> Response:
    number = part_number(request)
    upload = find(context, request)
    check_part_checksum(upload, dict(request.headers.items()))
    spooled = receive(context, request, caller)
    part = UploadedPart(number, spooled, context.now())
    keep_part(context, request, upload, part)
    headers = {"ETag": part.etag, "x-amz-server-side-encryption": "AES256"}
    if spooled.algorithm and spooled.checksum:
        headers[checksums.header_name(spooled.algorithm)] = spooled.checksum
    return Response(headers=headers)


def check_part_checksum(upload: Upload, given: Mapping[str, str]) -> None:
    """A part speaks of the algorithm its upload was created with. (With none, any may be sent.)"""
    declared = checksums.declared(given)
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


def keep_part(context: Context, request: Request, upload: Upload, part: UploadedPart) -> None:
    """The part in its place, unless the upload ended meanwhile."""
    with upload.lock:
        try:
            find(context, request)
        except S3Error:
            part.file.path.unlink(missing_ok=True)
            raise
        replaced = upload.uploaded.get(part.number)
        upload.uploaded[part.number] = part
    if replaced is not None:
        replaced.file.path.unlink(missing_ok=True)


def upload_part_copy(context: Context, request: Request) -> Response:
    number = part_number(request)
    upload = find(context, request)
    source = open_source(context, request)
    try:
        start, length = copied_stretch(
            request.headers.get("x-amz-copy-source-range"), source.stored.size
        )
        with Writer(context.store.folder, upload.algorithm) as writer:
            writer.write_all(read_file(source.path, start, length))
            spooled = writer.finish()
    finally:
        source.path.unlink(missing_ok=True)
    part = UploadedPart(number, spooled, context.now())
    keep_part(context, request, upload, part)
    headers = {"x-amz-server-side-encryption": "AES256"}
    if source.stored.version_id != "null":
        headers["x-amz-copy-source-version-id"] = source.stored.version_id
    inside = (
        f"<LastModified>{timestamp(part.modified)}</LastModified>"
        f"<ETag>{xml_text(part.etag)}</ETag>{checksum_element(spooled)}"
    )
    return xml_answer("CopyPartResult", inside, headers)


def copied_stretch(asked: str | None, size: int) -> tuple[int, int]:
    """Start and length. A range must be whole (`bytes=first-last`) and lie inside the source."""
    if asked is None:
        if size > MOST_SINGLE_BYTES:
            raise S3Error(
                "InvalidRequest",
                "The specified copy source is larger than the maximum allowable size for a copy "
                f"source: {MOST_SINGLE_BYTES}",
            )
        return 0, size
    unit, _, stretch = asked.partition("=")
    first, dash, last = stretch.partition("-")
    digits = first.isascii() and first.isdigit() and last.isascii() and last.isdigit()
    if unit.strip() != "bytes" or not dash or not digits or int(first) > int(last):
        raise S3Error(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
            "and last are the zero-based offsets of the first and last bytes to copy",
            details={"ArgumentName": "x-amz-copy-source-range", "ArgumentValue": asked},
        )
    if int(last) >= size:
        raise S3Error(
            "InvalidArgument",
            f"Range specified is not valid for source object of size: {size}",
            details={"ArgumentName": "x-amz-copy-source-range", "ArgumentValue": asked},
        )
    length = int(last) - int(first) + 1
    if length > MOST_SINGLE_BYTES:
        raise too_large(length)
    return int(first), length


def list_parts(context: Context, request: Request) -> Response:
    upload = find(context, request)
    marker = number_parameter(request, "part-number-marker", 0)
    most = min(1000, number_parameter(request, "max-parts", 1000))
    numbers = [number for number in sorted(upload.uploaded) if number > marker]
    shown = [upload.uploaded[number] for number in numbers[:most]]
    parts = "".join(
        f"<Part><PartNumber>{part.number}</PartNumber>"
        f"<LastModified>{timestamp(part.modified)}</LastModified>"
        f"<ETag>{xml_text(part.etag)}</ETag><Size>{part.file.size}</Size>"
        f"{checksum_element(part.file)}</Part>"
        for part in shown
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
        f"<NextPartNumberMarker>{shown[-1].number if shown else 0}</NextPartNumberMarker>"
        f"<MaxParts>{most}</MaxParts>"
        f"<IsTruncated>{str(len(numbers) > len(shown)).lower()}</IsTruncated>{algorithm}{parts}"
    )
    return xml_answer("ListPartsResult", inside)


def number_parameter(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise S3Error(
            "InvalidArgument",
            f"Provided {name} not an integer or within integer range",
            details={"ArgumentName": name, "ArgumentValue": text},
        )
    return int(text)


def timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def checksum_element(file: Spooled) -> str:
    if file.algorithm is None:
        return ""
    return f"<Checksum{file.algorithm}>{file.checksum}</Checksum{file.algorithm}>"


def abort(context: Context, request: Request) -> Response:
    upload = find(context, request)
    with upload.lock:
        find(context, request)
        del context.store.bucket(request.bucket).multiparts[upload.id]
    return Response(204)


@dataclass(frozen=True)
class Claim:
    """What the request to complete says about one part."""

    number: int
    etag: str
    checksums: Mapping[str, str]


def complete(context: Context, request: Request, caller: Caller) -> Response:
    upload = find(context, request)
    check_now(context, request)
    claims = read_claims(context, request, caller)
    with upload.lock:
        find(context, request)
        parts = claimed_parts(upload, claims)
        joined, checksum = join(context.store.folder, upload, parts)
        draft = draft_of(request, upload, parts, joined, checksum)
        try:
            check_object_checksum(request, checksum)
        except S3Error:
            joined.unlink(missing_ok=True)
            raise
        stored = commit(context, request, draft, "CompleteMultipartUpload")
        del context.store.bucket(request.bucket).multiparts[upload.id]
    location = f"http://{request.host}/{request.bucket}/{quote(request.key)}"
    element = ""
    if checksum is not None:
        name = f"Checksum{checksum.algorithm}"
        element = f"<{name}>{checksum.shown}</{name}><ChecksumType>{checksum.kind}</ChecksumType>"
    inside = (
        f"<Location>{xml_text(location)}</Location><Bucket>{request.bucket}</Bucket>"
        f"<Key>{xml_text(request.key)}</Key><ETag>{xml_text(stored.etag)}</ETag>{element}"
    )
    headers = {name: value for name, value in written_answer(stored).items() if name != "ETag"}
    return xml_answer("CompleteMultipartUploadResult", inside, headers)


def read_claims(context: Context, request: Request, caller: Caller) -> list[Claim]:
    # The checksum headers of this request are about the object, not about its document.
    document = read_document(context, request, caller, about_body=False)
    claims = []
    for part in document.iter("Part"):
        number = part.findtext("PartNumber") or ""
        if not number.isdigit():
            raise S3Error("MalformedXML")
        values = {
            child.tag.removeprefix("Checksum"): child.text or ""
            for child in part
            if child.tag.startswith("Checksum")
        }
        claims.append(Claim(int(number), (part.findtext("ETag") or "").strip('"'), values))
    if not 0 < len(claims) <= MOST_PARTS:
        raise S3Error("MalformedXML")
    numbers = [claim.number for claim in claims]
    if numbers != sorted(set(numbers)):
        raise S3Error("InvalidPartOrder")
    return claims


def claimed_parts(upload: Upload, claims: list[Claim]) -> list[UploadedPart]:
    """The parts that the claims name, in order; each as claimed, each but the last big enough."""
    parts = []
    for claim in claims:
        part = upload.uploaded.get(claim.number)
        if part is None or part.file.md5 != claim.etag:
            raise S3Error(
                "InvalidPart",
                details={
                    "UploadId": upload.id,
                    "PartNumber": str(claim.number),
                    "ETag": claim.etag,
                },
            )
        check_claimed_checksum(upload, claim, part)
        parts.append(part)
    for part in parts[:-1]:
        if part.file.size < SMALLEST_PART_BYTES:
            raise S3Error(
                "EntityTooSmall",
                details={
                    "ProposedSize": str(part.file.size),
                    "MinSizeAllowed": str(SMALLEST_PART_BYTES),
                    "PartNumber": str(part.number),
                    "ETag": part.file.md5,
                },
            )
    if sum(part.file.size for part in parts) > MOST_OBJECT_BYTES:
        raise S3Error("EntityTooLarge")
    return parts


def check_claimed_checksum(upload: Upload, claim: Claim, part: UploadedPart) -> None:
    if upload.algorithm is None:
        return
    claimed = claim.checksums.get(upload.algorithm)
    if claimed is None and upload.kind == "COMPOSITE":
        raise S3Error(
            "InvalidRequest",
            f"The upload was created using a {upload.algorithm.lower()} checksum. The complete "
            "request must include the checksum for each part. It was missing for part "
            f"{claim.number} in the request.",
        )
    known = part.file.checksum if part.file.algorithm == upload.algorithm else None
    if claimed is not None and known is not None and claimed != known:
        raise S3Error(
            "InvalidPart", details={"UploadId": upload.id, "PartNumber": str(claim.number)}
        )


def join(folder: Folder, upload: Upload, parts: list[UploadedPart]) -> tuple[Path, Checksum | None]:
    """All parts in one file, and the object's checksum. The parts' own files stay."""
    path = folder.new_path()
    whole = upload.algorithm if upload.kind == "FULL_OBJECT" else None
    state = checksums.hasher(whole) if whole else None
    with path.open("xb", buffering=0) as file:
        for part in parts:
            for chunk in read_file(part.file.path):
                file.write(chunk)
                if state is not None:
                    state.update(chunk)
    if upload.algorithm is None:
        return path, None
    if state is not None:
        return path, Checksum(upload.algorithm, checksums.encode(state.digest()))
    digests = b"".join(base64.b64decode(part.file.checksum or "") for part in parts)
    value = checksums.digest_of([digests], upload.algorithm)
    return path, Checksum(upload.algorithm, value, "COMPOSITE", len(parts))


def draft_of(
    request: Request,
    upload: Upload,
    parts: list[UploadedPart],
    joined: Path,
    checksum: Checksum | None,
) -> Draft:
    md5s = b"".join(bytes.fromhex(part.file.md5) for part in parts)
    hashed = checksums.hasher("MD5")
    hashed.update(md5s)
    stretches, start = [], 0
    for part in parts:
        stretches.append(Part(part.number, start, part.file.size, part.file.checksum))
        start += part.file.size
    return Draft(
        request.bucket,
        request.key,
        joined,
        start,
        f"{hashed.digest().hex()}-{len(parts)}",
        upload.headers,
        checksum,
        upload.canned_acl,
        upload.object_tags,
        upload.storage_class,
        tuple(stretches),
    )


def check_object_checksum(request: Request, checksum: Checksum | None) -> None:
    """The checksum of the whole, where the request to complete brings one."""
    for algorithm in checksums.DIGEST_BYTES:
        claimed = request.headers.get(checksums.header_name(algorithm))
        if claimed is None:
            continue
        if checksum is None or checksum.algorithm != algorithm:
            raise S3Error(
                "InvalidRequest",
                "The checksum of the object does not match the algorithm of the upload.",
            )
        if claimed not in (checksum.shown, checksum.value):
            checksums.verify(algorithm, claimed, checksum.shown)
