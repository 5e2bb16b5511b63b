"""PutObject, CopyObject, DeleteObject and DeleteObjects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs
from xml.etree.ElementTree import Element  # only the type: documents.py parses

from local.s3 import access, checksums
from local.s3 import preconditions as conditions
from local.s3.context import MAX_SINGLE_BYTES, Context
from local.s3.errors import S3Error, xml_text
from local.s3.events import Cause
from local.s3.messages import Request, Response, decode, xml_answer
from local.s3.object_headers import (
    check_features,
    check_key,
    checksum_answer,
    kept_headers,
    parse_tags,
    storage_class,
)
from local.s3.payload import Payload
from local.s3.sigv4 import Caller
from local.s3.spool import Spooled, Writer, read_file
from local.s3.store import Checksum, DeleteMarker, Draft, StoredObject
from local.s3.xml_documents import parse_document

MAX_KEYS = 1000
MAX_DOCUMENT_BYTES = 2 * 1024 * 1024


def put_object(context: Context, request: Request, caller: Caller) -> Response:
    check_key(request.key)
    bucket = context.store.bucket(request.bucket)
    access.check_grants(request, bucket)
    given = dict(request.headers.items())
    acl = access.check_acl(given.get("x-amz-acl"), bucket)
    tags = parse_tags(given.get("x-amz-tagging"))
    kept = kept_headers(given)
    kind = storage_class(given)
    check_features(given)
    check_now(context, request)
    spooled = receive(context, request, caller)
    checksum = whole_checksum(spooled)
    draft = Draft(
        request.bucket,
        request.key,
        spooled.path,
        spooled.size,
        spooled.md5,
        kept,
        checksum,
        acl,
        tags,
        kind,
    )
    stored = commit(context, request, draft, "PutObject")
    return Response(headers={**written_answer(stored), **checksum_answer(stored)})


def check_now(context: Context, request: Request) -> None:
    """Refuse a write whose condition fails already, before its body was sent."""
    current = context.store.current(request.bucket, request.key)
    conditions.check_write(request.headers, current.etag if current else None, request.key)


def receive(context: Context, request: Request, caller: Caller) -> Spooled:
    """The body on disk, held against signature, Content-MD5 and checksum."""
    payload = Payload(request, caller)
    if payload.length > MAX_SINGLE_BYTES:
        raise too_large(payload.length)
    declared = checksums.declared(dict(request.headers.items()))
    with Writer(context.store.folder, declared.algorithm if declared else None) as writer:
        writer.write_all(payload)
        writer.check_md5(request.headers.get("content-md5"))
        writer.check_declared(declared, payload.trailers)
        return writer.finish()


def too_large(size: int) -> S3Error:
    return S3Error(
        "EntityTooLarge",
        details={"ProposedSize": str(size), "MaxSizeAllowed": str(MAX_SINGLE_BYTES)},
    )


def whole_checksum(spooled: Spooled) -> Checksum | None:
    if spooled.algorithm is None or spooled.checksum is None:
        return None
    return Checksum(spooled.algorithm, spooled.checksum)


def commit(context: Context, request: Request, draft: Draft, reason: str) -> StoredObject:
    """Put the draft in its place if the conditions hold, then tell the world."""
    try:
        with context.store.locked(draft.bucket, draft.key):
            current = context.store.current(draft.bucket, draft.key)
            conditions.check_write(request.headers, current.etag if current else None, draft.key)
            stored = context.store.put(draft)
            sequencer = context.announcer.sequencer()
    except S3Error:
        draft.path.unlink(missing_ok=True)
        raise
    context.announcer.created(stored, sequencer, cause(request, reason))
    return stored


def cause(request: Request, reason: str) -> Cause:
    return Cause(request.request_id, request.client_address, reason)


def written_answer(stored: StoredObject) -> dict[str, str]:
    headers = {"ETag": stored.etag, "x-amz-server-side-encryption": "AES256"}
    if stored.version_id != "null":
        headers["x-amz-version-id"] = stored.version_id
    return headers


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


def delete_object(context: Context, request: Request) -> Response:
    version_id = request.query.get("versionId")
    if_match = request.headers.get("if-match")
    headers = delete_one(context, request, request.key, version_id, if_match)
    return Response(204, headers)


def delete_one(
    context: Context, request: Request, key: str, version_id: str | None, if_match: str | None
) -> dict[str, str]:
    """Delete, tell the world, and answer the headers that say what became of the version.

    The event's reason is DeleteObject for DeleteObjects too.
    """
    with context.store.locked(request.bucket, key):
        current = context.store.current(request.bucket, key)
        conditions.check_delete(if_match, current.etag if current else None, key)
        removal = context.store.remove(request.bucket, key, version_id)
        sequencer = context.announcer.sequencer()
    why = cause(request, "DeleteObject")
    context.announcer.deleted(request.bucket, key, removal, sequencer, why)
    headers = {}
    if removal.version_id is not None:
        headers["x-amz-version-id"] = removal.version_id
    if removal.marker:
        headers["x-amz-delete-marker"] = "true"
    return headers


def delete_objects(context: Context, request: Request, caller: Caller) -> Response:
    declared = checksums.declared(dict(request.headers.items()))
    md5 = request.headers.get("content-md5")
    if declared is None and md5 is None:
        raise S3Error(
            "InvalidRequest",
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
        )
    context.store.bucket(request.bucket)
    document = read_document(context, request, caller)
    quiet = document.findtext("Quiet") == "true"
    objects = [one for one in document if one.tag == "Object"]
    if not 0 < len(objects) <= MAX_KEYS:
        raise S3Error("MalformedXML")
    results = (delete_listed(context, request, one, quiet) for one in objects)
    return xml_answer("DeleteResult", "".join(results))


def delete_listed(context: Context, request: Request, element: Element, quiet: bool) -> str:
    key, version_id = element.findtext("Key"), element.findtext("VersionId")
    if not key:
        raise S3Error("MalformedXML")
    name = f"<Key>{xml_text(key)}</Key>"
    version = f"<VersionId>{xml_text(version_id)}</VersionId>" if version_id else ""
    try:
        headers = delete_one(context, request, key, version_id, element.findtext("ETag"))
    except S3Error as error:
        reason = f"<Code>{error.code}</Code><Message>{xml_text(error.message)}</Message>"
        return f"<Error>{name}{version}{reason}</Error>"
    if quiet:
        return ""
    marker = ""
    if headers.get("x-amz-delete-marker"):
        marker = (
            "<DeleteMarker>true</DeleteMarker>"
            f"<DeleteMarkerVersionId>{headers['x-amz-version-id']}</DeleteMarkerVersionId>"
        )
    return f"<Deleted>{name}{version}{marker}</Deleted>"


def read_document(
    context: Context, request: Request, caller: Caller, *, about_body: bool = True
) -> Element:
    """A small XML body, verified like any other; its elements' names come without namespace.

    `about_body` is False where the request's checksum headers speak of something else.
    """
    payload = Payload(request, caller)
    if payload.length > MAX_DOCUMENT_BYTES:
        raise S3Error("MaxMessageLengthExceeded")
    if not about_body:
        return parse_document(payload.read_all(MAX_DOCUMENT_BYTES))
    spooled = receive(context, request, caller)
    try:
        return parse_document(spooled.path.read_bytes())
    finally:
        spooled.path.unlink()
