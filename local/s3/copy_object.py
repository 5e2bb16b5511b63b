"""CopyObject, and the source of a copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from local.s3 import access, checksums
from local.s3 import preconditions as conditions
from local.s3.context import MAX_SINGLE_BYTES, Context
from local.s3.errors import S3Error, xml_text
from local.s3.messages import Request, Response, decode, xml_answer
from local.s3.object_headers import (
    check_features,
    check_key,
    kept_headers,
    parse_tags,
    storage_class,
)
from local.s3.put_object import check_now, commit, written_answer
from local.s3.spool import read_file
from local.s3.store import Checksum, DeleteMarker, Draft, StoredObject


@dataclass(frozen=True)
class Source:
    """What a copy reads: its own name for the bytes, so that no later change reaches them."""

    stored: StoredObject
    path: Path


def parse_source(header: str) -> tuple[str, str, str | None]:
    """Bucket, key and version of an x-amz-copy-source; a leading slash is optional."""
    path, _, query = header.partition("?")
    version_id = parse_qs(query).get("versionId", [None])[0]
    bucket, slash, key = decode(path).removeprefix("/").partition("/")
    if not (bucket and slash and key):
        raise S3Error(
            "InvalidArgument",
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            details={"ArgumentName": "x-amz-copy-source", "ArgumentValue": header},
        )
    return bucket, key, version_id


def open_source(context: Context, request: Request) -> Source:
    """Find what to copy, check the conditions on it, and hold on to its bytes.

    The caller owns the path: it becomes the copy's, or is to be unlinked.
    """
    bucket, key, version_id = parse_source(request.headers.get("x-amz-copy-source") or "")
    with context.store.locked(bucket, key):
        stored = source_object(context, bucket, key, version_id)
        conditions.check_copy_source(request.headers, stored.etag, stored.modified)
        return Source(stored, context.store.folder.link(stored.path))


def source_object(context: Context, bucket: str, key: str, version_id: str | None) -> StoredObject:
    if version_id is None:
        stored = context.store.current(bucket, key)
        if stored is None:
            raise S3Error("NoSuchKey", details={"Key": key})
        return stored
    found = context.store.version(bucket, key, version_id)
    if isinstance(found, DeleteMarker):
        raise S3Error(
            "InvalidRequest",
            "The source of a copy request may not specifically refer to a delete "
            "marker by version id.",
        )
    return found


def copy_object(context: Context, request: Request) -> Response:
    check_key(request.key)
    given = dict(request.headers.items())
    bucket = context.store.bucket(request.bucket)
    access.check_grants(request, bucket)
    acl = access.check_acl(given.get("x-amz-acl"), bucket)
    replaces = directive(given, "x-amz-metadata-directive")
    replaces_tags = directive(given, "x-amz-tagging-directive")
    check_features(given)
    check_now(context, request)
    source = open_source(context, request)
    try:
        check_copyable(request, source.stored, given, replaces)
        etag, checksum = summed_copy(source, given.get("x-amz-checksum-algorithm"))
    except S3Error:
        source.path.unlink(missing_ok=True)
        raise
    tags = context.store.tags(source.stored)
    draft = Draft(
        request.bucket,
        request.key,
        source.path,
        source.stored.size,
        etag,
        kept_headers(given) if replaces else source.stored.headers,
        checksum,
        acl,
        parse_tags(given.get("x-amz-tagging")) if replaces_tags else tags,
        storage_class(given),
    )
    stored = commit(context, request, draft, "CopyObject")
    return copy_answer(stored, source.stored)


def directive(given: Mapping[str, str], name: str) -> bool:
    """Whether a directive says REPLACE; the default is COPY."""
    value = given.get(name, "COPY").upper()
    if value not in ("COPY", "REPLACE"):
        raise S3Error(
            "InvalidArgument", details={"ArgumentName": name, "ArgumentValue": given[name]}
        )
    return value == "REPLACE"


def check_copyable(
    request: Request, source: StoredObject, given: Mapping[str, str], replaces: bool
) -> None:
    if source.size > MAX_SINGLE_BYTES:
        raise S3Error(
            "InvalidRequest",
            "The specified copy source is larger than the maximum allowable size for a copy "
            f"source: {MAX_SINGLE_BYTES}",
        )
    changes = replaces or any(
        name in given
        for name in (
            "x-amz-storage-class",
            "x-amz-server-side-encryption",
            "x-amz-website-redirect-location",
            "x-amz-checksum-algorithm",
        )
    )
    onto_itself = (source.bucket_name, source.name) == (request.bucket, request.key)
    if onto_itself and source.version_id == "null" and not changes:
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without "
            "changing the object's metadata, storage class, website redirect location or "
            "encryption attributes.",
        )


def summed_copy(source: Source, asked: str | None) -> tuple[str, Checksum | None]:
    """Entity tag and checksum of the copy, which is one piece however the source came about.

    Without an algorithm asked for, the copy has the source's; a composite checksum, and the entity
    tag of a multipart source, are computed anew. Bytes are read only if something has to be.
    """
    stored = source.stored
    algorithm = checksums.known(asked) if asked else None
    checksum = stored.checksum
    if algorithm is None and checksum is not None:
        algorithm = checksum.algorithm
    keep = checksum is None or (checksum.kind == "FULL_OBJECT" and checksum.algorithm == algorithm)
    needs_sum = algorithm is not None and (checksum is None or not keep)
    if not needs_sum and not stored.parts:
        return stored.etag.strip('"'), checksum
    md5 = checksums.hasher("MD5") if stored.parts else None
    state = checksums.hasher(algorithm) if needs_sum and algorithm else None
    for chunk in read_file(source.path):
        for one in (md5, state):
            if one is not None:
                one.update(chunk)
    if state is not None and algorithm is not None:
        checksum = Checksum(algorithm, checksums.encode(state.digest()))
    return (md5.digest().hex() if md5 else stored.etag.strip('"')), checksum


def copy_answer(stored: StoredObject, source: StoredObject) -> Response:
    checksum = ""
    if stored.checksum is not None:
        name = f"Checksum{stored.checksum.algorithm}"
        checksum = (
            f"<{name}>{stored.checksum.shown}</{name}>"
            f"<ChecksumType>{stored.checksum.kind}</ChecksumType>"
        )
    inside = (
        f"<LastModified>{timestamp(stored)}</LastModified>"
        f"<ETag>{xml_text(stored.etag)}</ETag>{checksum}"
    )
    headers = {name: value for name, value in written_answer(stored).items() if name != "ETag"}
    if source.version_id != "null":
        headers["x-amz-copy-source-version-id"] = source.version_id
    return xml_answer("CopyObjectResult", inside, headers)


def timestamp(stored: StoredObject) -> str:
    return stored.last_modified.strftime("%Y-%m-%dT%H:%M:%S.000Z")
