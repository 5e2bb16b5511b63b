"""DeleteObject and DeleteObjects."""

from __future__ import annotations

from xml.etree.ElementTree import Element  # only the type; xml_documents parses

from local.s3 import checksums, preconditions
from local.s3.context import Context
from local.s3.errors import S3Error, xml_text
from local.s3.messages import Request, Response
from local.s3.put_object import event_cause, read_document
from local.s3.sigv4 import VerifiedCaller
from local.s3.xml_documents import xml_response

MAX_KEYS = 1000


def delete_object(context: Context, request: Request) -> Response:
    version_id = request.query.get("versionId")
    if_match = request.headers.get("if-match")
    headers = delete_one(context, request, request.key, version_id, if_match)
    return Response(204, headers)


def delete_one(
    context: Context, request: Request, key: str, version_id: str | None, if_match: str | None
) -> dict[str, str]:
    """Delete an object or version, publish the event, and return the version headers."""
    with context.store.locked(request.bucket, key):
        current = context.store.current(request.bucket, key)
        preconditions.check_delete(if_match, current.etag if current else None, key)
        removal = context.store.remove(request.bucket, key, version_id)
        sequencer = context.publisher.sequencer()
    # S3 uses this reason for DeleteObjects too.
    cause = event_cause(request, "DeleteObject")
    context.publisher.publish_deleted(request.bucket, key, removal, sequencer, cause)
    headers = {}
    if removal.version_id is not None:
        headers["x-amz-version-id"] = removal.version_id
    if removal.marker:
        headers["x-amz-delete-marker"] = "true"
    return headers


def delete_objects(context: Context, request: Request, caller: VerifiedCaller) -> Response:
    declared = checksums.declared_checksum(dict(request.headers.items()))
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
    return xml_response("DeleteResult", "".join(results))


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
