"""PutObject, and what every write of an object shares."""

from __future__ import annotations

from xml.etree.ElementTree import Element  # only the type; xml_documents parses

from local.s3 import access, checksums, preconditions
from local.s3.context import MAX_SINGLE_BYTES, Context
from local.s3.errors import S3Error
from local.s3.events import EventCause
from local.s3.messages import Request, Response
from local.s3.object_headers import (
    check_features,
    check_key,
    checksum_headers,
    parse_tags,
    storage_class,
    stored_headers,
)
from local.s3.payload import Payload
from local.s3.sigv4 import VerifiedCaller
from local.s3.spool import SpooledFile, Writer
from local.s3.store import Checksum, NewObject, S3Object
from local.s3.xml_documents import parse_document

MAX_DOCUMENT_BYTES = 2 * 1024 * 1024


def put_object(context: Context, request: Request, caller: VerifiedCaller) -> Response:
    check_key(request.key)
    bucket = context.store.bucket(request.bucket)
    access.check_grants(request, bucket)
    given = dict(request.headers.items())
    acl = access.check_acl(given.get("x-amz-acl"), bucket)
    tags = parse_tags(given.get("x-amz-tagging"))
    kept = stored_headers(given)
    kind = storage_class(given)
    check_features(given)
    check_write_condition(context, request)
    spooled = receive_body(context, request, caller)
    checksum = full_checksum(spooled)
    new_object = NewObject(
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
    stored = commit(context, request, new_object, "PutObject")
    return Response(headers={**write_headers(stored), **checksum_headers(stored)})


def check_write_condition(context: Context, request: Request) -> None:
    """Raise S3Error before the body is received, if a condition of the write does not hold."""
    current = context.store.current(request.bucket, request.key)
    preconditions.check_write(request.headers, current.etag if current else None, request.key)


def receive_body(context: Context, request: Request, caller: VerifiedCaller) -> SpooledFile:
    """Write the body to a file; raise S3Error if its signature or a digest does not match."""
    payload = Payload(request, caller)
    if payload.length > MAX_SINGLE_BYTES:
        raise too_large(payload.length)
    declared = checksums.declared_checksum(dict(request.headers.items()))
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


def full_checksum(spooled: SpooledFile) -> Checksum | None:
    if spooled.algorithm is None or spooled.checksum is None:
        return None
    return Checksum(spooled.algorithm, spooled.checksum)


def commit(context: Context, request: Request, new_object: NewObject, reason: str) -> S3Object:
    """Store the object if the conditions hold, and publish the event."""
    try:
        with context.store.locked(new_object.bucket, new_object.key):
            current = context.store.current(new_object.bucket, new_object.key)
            preconditions.check_write(
                request.headers, current.etag if current else None, new_object.key
            )
            stored = context.store.put(new_object)
            sequencer = context.publisher.sequencer()
    except S3Error:
        new_object.path.unlink(missing_ok=True)
        raise
    context.publisher.publish_created(stored, sequencer, event_cause(request, reason))
    return stored


def event_cause(request: Request, reason: str) -> EventCause:
    return EventCause(request.request_id, request.client_address, reason)


def write_headers(stored: S3Object) -> dict[str, str]:
    headers = {"ETag": stored.etag, "x-amz-server-side-encryption": "AES256"}
    if stored.version_id != "null":
        headers["x-amz-version-id"] = stored.version_id
    return headers


def read_document(
    context: Context, request: Request, caller: VerifiedCaller, *, has_body_checksum: bool = True
) -> Element:
    """Return the XML document in a request body, without namespaces.

    `has_body_checksum` is False if the checksum headers are not those of the body.
    """
    payload = Payload(request, caller)
    if payload.length > MAX_DOCUMENT_BYTES:
        raise S3Error("MaxMessageLengthExceeded")
    if not has_body_checksum:
        return parse_document(payload.read_all(MAX_DOCUMENT_BYTES))
    spooled = receive_body(context, request, caller)
    try:
        return parse_document(spooled.path.read_bytes())
    finally:
        spooled.path.unlink()
