"""CopyObject, and the source of a copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from local.s3 import access, checksums, preconditions
from local.s3.context import MAX_SINGLE_BYTES, Context
from local.s3.errors import S3Error, xml_text
from local.s3.messages import Request, Response, decode
from local.s3.object_headers import (
    check_features,
    check_key,
    parse_tags,
    storage_class,
    stored_headers,
)
from local.s3.put_object import check_write_condition, commit, write_headers
from local.s3.spool import read_file
from local.s3.store import Checksum, DeleteMarker, NewObject, S3Object
from local.s3.xml_documents import xml_response


@dataclass(frozen=True)
class CopySource:
    """The object to copy, and a new path for its bytes, which later changes do not affect."""

    stored: S3Object
    path: Path


def parse_source(header: str) -> tuple[str, str, str | None]:
    """Return bucket, key and version in x-amz-copy-source; a leading slash is optional."""
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


def open_source(context: Context, request: Request) -> CopySource:
    """Return the object to copy, if the conditions on it hold.

    The caller must use the path for the copy, or delete the file.
    """
    bucket, key, version_id = parse_source(request.headers.get("x-amz-copy-source") or "")
    with context.store.locked(bucket, key):
        stored = find_source(context, bucket, key, version_id)
        preconditions.check_copy_source(request.headers, stored.etag, stored.modified)
        return CopySource(stored, context.store.folder.link(stored.path))


def find_source(context: Context, bucket: str, key: str, version_id: str | None) -> S3Object:
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
    replaces = is_replaced(given, "x-amz-metadata-directive")
    replaces_tags = is_replaced(given, "x-amz-tagging-directive")
    check_features(given)
    check_write_condition(context, request)
    source = open_source(context, request)
    try:
        check_copy_allowed(request, source.stored, given, replaces)
        etag, checksum = copy_digests(source, given.get("x-amz-checksum-algorithm"))
    except S3Error:
        source.path.unlink(missing_ok=True)
        raise
    tags = context.store.tags(source.stored)
    new_object = NewObject(
        request.bucket,
        request.key,
        source.path,
        source.stored.size,
        etag,
        stored_headers(given) if replaces else source.stored.headers,
        checksum,
        acl,
        parse_tags(given.get("x-amz-tagging")) if replaces_tags else tags,
        storage_class(given),
    )
    stored = commit(context, request, new_object, "CopyObject")
    return copy_response(stored, source.stored)


def is_replaced(given: Mapping[str, str], name: str) -> bool:
    """True if the directive is REPLACE; the default is COPY."""
    value = given.get(name, "COPY").upper()
    if value not in ("COPY", "REPLACE"):
        raise S3Error(
            "InvalidArgument", details={"ArgumentName": name, "ArgumentValue": given[name]}
        )
    return value == "REPLACE"


def check_copy_allowed(
    request: Request, source: S3Object, given: Mapping[str, str], replaces: bool
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


def copy_digests(source: CopySource, requested: str | None) -> tuple[str, Checksum | None]:
    """Return ETag and checksum of the copy, which is not a multipart object.

    `requested` is an algorithm; the default is that of the source. A composite checksum and the
    ETag of a multipart source are computed again. The bytes are only read for a computation.
    """
    stored = source.stored
    algorithm = checksums.parse_algorithm(requested) if requested else None
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


def copy_response(stored: S3Object, source: S3Object) -> Response:
    checksum = stored.checksum.elements if stored.checksum else ""
    inside = (
        f"<LastModified>{timestamp(stored)}</LastModified>"
        f"<ETag>{xml_text(stored.etag)}</ETag>{checksum}"
    )
    headers = {name: value for name, value in write_headers(stored).items() if name != "ETag"}
    if source.version_id != "null":
        headers["x-amz-copy-source-version-id"] = source.version_id
    return xml_response("CopyObjectResult", inside, headers)


def timestamp(stored: S3Object) -> str:
    return stored.last_modified.strftime("%Y-%m-%dT%H:%M:%S.000Z")
