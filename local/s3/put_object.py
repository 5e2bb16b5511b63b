"""PutObject, and what every write of an object shares."""

from __future__ import annotations

from xml.etree.ElementTree import Element  # only the type: documents.py parses

from local.s3 import access, checksums
from local.s3 import preconditions as conditions
from local.s3.context import MAX_SINGLE_BYTES, Context
from local.s3.errors import S3Error
from local.s3.events import Cause
from local.s3.messages import Request, Response
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
from local.s3.spool import Spooled, Writer
from local.s3.store import Checksum, Draft, StoredObject
from local.s3.xml_documents import parse_document

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
