"""Completing a multipart upload: what the request claims of its parts, and the object they make."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from local.s3 import checksums
from local.s3.context import Context
from local.s3.errors import S3Error, xml_text
from local.s3.messages import Request, Response, xml_answer
from local.s3.multipart_uploads import MAX_PARTS, Upload, UploadedPart, find
from local.s3.put_object import check_now, commit, read_document, written_answer
from local.s3.sigv4 import Caller
from local.s3.spool import Folder, read_file
from local.s3.store import Checksum, Draft, Part

MIN_PART_BYTES = 5 * 1024 * 1024
MAX_OBJECT_BYTES = 50 * 1024**4


@dataclass(frozen=True)
class Claim:
    """What the request to complete says about one part."""

    number: int
    etag: str
    checksums: Mapping[str, str]


def complete_upload(context: Context, request: Request, caller: Caller) -> Response:
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
    if not 0 < len(claims) <= MAX_PARTS:
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
