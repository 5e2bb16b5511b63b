"""Check the parts that a client lists and assemble the object from them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from local.s3 import checksums
from local.s3.context import Context
from local.s3.errors import S3Error, xml_text
from local.s3.messages import Request, Response
from local.s3.multipart_uploads import MAX_PARTS, Upload, UploadedPart, find_upload
from local.s3.put_object import check_write_condition, commit, read_document, write_headers
from local.s3.sigv4 import VerifiedCaller
from local.s3.spool import Folder, read_file
from local.s3.store import Checksum, NewObject, ObjectPart
from local.s3.xml_documents import xml_response

MIN_PART_BYTES = 5 * 1024 * 1024
MAX_OBJECT_BYTES = 50 * 1024**4


@dataclass(frozen=True)
class CompletedPart:
    """A part in the request's list."""

    number: int
    etag: str
    checksums: Mapping[str, str]


def complete_upload(context: Context, request: Request, caller: VerifiedCaller) -> Response:
    upload = find_upload(context, request)
    check_write_condition(context, request)
    completed = read_completed_parts(context, request, caller)
    with upload.lock:
        find_upload(context, request)
        parts = select_parts(upload, completed)
        joined, checksum = join(context.store.folder, upload, parts)
        new_object = assemble_object(request, upload, parts, joined, checksum)
        try:
            check_object_checksum(request, checksum)
        except S3Error:
            joined.unlink(missing_ok=True)
            raise
        stored = commit(context, request, new_object, "CompleteMultipartUpload")
        del context.store.bucket(request.bucket).multiparts[upload.id]
    location = f"http://{request.host}/{request.bucket}/{quote(request.key)}"
    inside = (
        f"<Location>{xml_text(location)}</Location><Bucket>{request.bucket}</Bucket>"
        f"<Key>{xml_text(request.key)}</Key><ETag>{xml_text(stored.etag)}</ETag>"
        f"{checksum.elements if checksum else ''}"
    )
    headers = {name: value for name, value in write_headers(stored).items() if name != "ETag"}
    return xml_response("CompleteMultipartUploadResult", inside, headers)


def read_completed_parts(
    context: Context, request: Request, caller: VerifiedCaller
) -> list[CompletedPart]:
    # The checksum headers of this request are those of the object, not of the request body.
    document = read_document(context, request, caller, has_body_checksum=False)
    completed = []
    for part in document.iter("Part"):
        number = part.findtext("PartNumber") or ""
        if not number.isdigit():
            raise S3Error("MalformedXML")
        values = {
            child.tag.removeprefix("Checksum"): child.text or ""
            for child in part
            if child.tag.startswith("Checksum")
        }
        etag = (part.findtext("ETag") or "").strip('"')
        completed.append(CompletedPart(int(number), etag, values))
    if not 0 < len(completed) <= MAX_PARTS:
        raise S3Error("MalformedXML")
    numbers = [part.number for part in completed]
    if numbers != sorted(set(numbers)):
        raise S3Error("InvalidPartOrder")
    return completed


def select_parts(upload: Upload, completed: list[CompletedPart]) -> list[UploadedPart]:
    """Return the uploaded parts that are listed.

    Raise S3Error if one is missing, differs from the list, or is too small.
    """
    parts = []
    for completed_part in completed:
        part = upload.uploaded.get(completed_part.number)
        if part is None or part.file.md5 != completed_part.etag:
            raise S3Error(
                "InvalidPart",
                details={
                    "UploadId": upload.id,
                    "PartNumber": str(completed_part.number),
                    "ETag": completed_part.etag,
                },
            )
        check_completed_checksum(upload, completed_part, part)
        parts.append(part)
    for part in parts[:-1]:
        if part.file.size < MIN_PART_BYTES:
            raise S3Error(
                "EntityTooSmall",
                details={
                    "ProposedSize": str(part.file.size),
                    "MinSizeAllowed": str(MIN_PART_BYTES),
                    "PartNumber": str(part.number),
                    "ETag": part.file.md5,
                },
            )
    if sum(part.file.size for part in parts) > MAX_OBJECT_BYTES:
        raise S3Error("EntityTooLarge")
    return parts


def check_completed_checksum(
    upload: Upload, completed_part: CompletedPart, part: UploadedPart
) -> None:
    if upload.algorithm is None:
        return
    expected = completed_part.checksums.get(upload.algorithm)
    if expected is None and upload.kind == "COMPOSITE":
        raise S3Error(
            "InvalidRequest",
            f"The upload was created using a {upload.algorithm.lower()} checksum. The complete "
            "request must include the checksum for each part. It was missing for part "
            f"{completed_part.number} in the request.",
        )
    actual = part.file.checksum if part.file.algorithm == upload.algorithm else None
    if expected is not None and actual is not None and expected != actual:
        raise S3Error(
            "InvalidPart", details={"UploadId": upload.id, "PartNumber": str(completed_part.number)}
        )


def join(folder: Folder, upload: Upload, parts: list[UploadedPart]) -> tuple[Path, Checksum | None]:
    """Write all parts into one file; return its path and the object's checksum."""
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


def assemble_object(
    request: Request,
    upload: Upload,
    parts: list[UploadedPart],
    joined: Path,
    checksum: Checksum | None,
) -> NewObject:
    md5s = b"".join(bytes.fromhex(part.file.md5) for part in parts)
    hashed = checksums.hasher("MD5")
    hashed.update(md5s)
    stretches, start = [], 0
    for part in parts:
        stretches.append(ObjectPart(part.number, start, part.file.size, part.file.checksum))
        start += part.file.size
    return NewObject(
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
    """Raise S3Error if the request has a checksum of the object that does not match."""
    for algorithm in checksums.DIGEST_BYTES:
        expected = request.headers.get(checksums.header_name(algorithm))
        if expected is None:
            continue
        if checksum is None or checksum.algorithm != algorithm:
            raise S3Error(
                "InvalidRequest",
                "The checksum of the object does not match the algorithm of the upload.",
            )
        if expected not in (checksum.text, checksum.value):
            checksums.verify(algorithm, expected, checksum.text)
