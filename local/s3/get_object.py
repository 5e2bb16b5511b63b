"""GetObject, HeadObject and GetObjectAttributes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from local.s3 import access, preconditions
from local.s3.context import Context
from local.s3.errors import S3Error, xml_text
from local.s3.messages import FileRange, Request, Response
from local.s3.object_headers import (
    OVERRIDES,
    check_key,
    checksum_headers,
    http_date,
    response_headers,
    wire_text,
)
from local.s3.sigv4 import VerifiedCaller
from local.s3.store import DeleteMarker, S3Object
from local.s3.xml_documents import xml_response

RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


def find_object(context: Context, request: Request) -> S3Object:
    """Return the object or version that a request names; raise S3Error if it does not exist."""
    version_id = request.query.get("versionId")
    if version_id is None:
        stored = context.store.current(request.bucket, request.key)
        if stored is None:
            raise no_such_key(context, request)
        return stored
    found = context.store.version(request.bucket, request.key, version_id)
    if isinstance(found, DeleteMarker):
        raise S3Error(
            "MethodNotAllowed",
            details={"Method": request.method, "ResourceType": "DeleteMarker"},
            headers={"x-amz-delete-marker": "true", "Last-Modified": http_date(found.modified)},
        )
    return found


def no_such_key(context: Context, request: Request) -> S3Error:
    marker = context.store.bucket(request.bucket).keys.get(request.key)
    headers = {}
    if isinstance(marker, DeleteMarker):
        headers = {"x-amz-delete-marker": "true", "x-amz-version-id": marker.version_id}
    return S3Error("NoSuchKey", details={"Key": request.key}, headers=headers)


def get_object(context: Context, request: Request, caller: VerifiedCaller | None) -> Response:
    """Return the response to a GET or HEAD; the server does not send the body of the latter."""
    check_key(request.key)
    overrides = {
        OVERRIDES[name]: value for name, value in request.query.items() if name in OVERRIDES
    }
    if caller is None:
        check_anonymous(context, request, overrides)
    with context.store.locked(request.bucket, request.key):
        stored = find_object(context, request)
        # An open file can still be read after the object was replaced or deleted.
        file = stored.path.open("rb", buffering=0)
    try:
        return object_response(context, request, stored, FileRange(file, 0, stored.size), overrides)
    except BaseException:
        file.close()
        raise


def check_anonymous(context: Context, request: Request, overrides: Mapping[str, str]) -> None:
    bucket = context.store.bucket(request.bucket)
    if "versionId" in request.query or not access.is_public(
        context.store.current(request.bucket, request.key), bucket
    ):
        raise S3Error("AccessDenied")
    if overrides:
        raise S3Error(
            "InvalidRequest",
            "Request specific response headers cannot be used for anonymous GET requests.",
        )


def object_response(
    context: Context,
    request: Request,
    stored: S3Object,
    part: FileRange,
    overrides: Mapping[str, str],
) -> Response:
    headers = response_headers(stored, len(context.store.tags(stored)))
    preconditions.check_read(
        request.headers,
        stored.etag,
        stored.modified,
        {name: headers[name] for name in ("ETag", "Last-Modified")},
    )
    headers |= {name: wire_text(value) for name, value in overrides.items()}
    if (request.headers.get("x-amz-checksum-mode") or "").upper() == "ENABLED":
        whole = "range" not in request.headers and "partNumber" not in request.query
        if whole or (stored.checksum and request.method == "HEAD"):
            headers |= checksum_headers(stored)
    byte_range = requested_range(request, stored)
    if byte_range is None:
        return Response(200, headers, part)
    start, end = byte_range
    if stored.parts and "partNumber" in request.query:
        headers["x-amz-mp-parts-count"] = str(len(stored.parts))
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{stored.size}"
    part.start, part.length = start, end - start
    return Response(206, headers, part)


def requested_range(request: Request, stored: S3Object) -> tuple[int, int] | None:
    """Return start and end of the bytes to send, or None for the whole object with a 200."""
    number = request.query.get("partNumber")
    header = request.headers.get("range")
    if number is not None:
        if header is not None:
            raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query")
        return part_range(number, stored)
    if_range = request.headers.get("if-range")
    if header is None or not preconditions.allows_range(if_range, stored.etag, stored.modified):
        return None
    return parse_range(header, stored.size)


def part_range(number: str, stored: S3Object) -> tuple[int, int] | None:
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:6]) <= 10_000):
        raise S3Error(
            "InvalidArgument",
            "Part number must be an integer between 1 and 10000, inclusive",
            details={"ArgumentName": "partNumber", "ArgumentValue": number},
        )
    if not stored.parts and int(number) == 1:
        return (0, stored.size) if stored.size else None
    for part in stored.parts:
        if part.number == int(number):
            return part.start, part.start + part.size
    raise S3Error("InvalidRange", details={"ActualPartCount": str(max(1, len(stored.parts)))})


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return start and end of one byte range.

    Return None for an invalid header and for several ranges: S3 then sends the whole object.
    """
    match = RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size or start >= end:
        raise S3Error(
            "InvalidRange",
            details={"RangeRequested": header, "ActualObjectSize": str(size)},
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, end


def get_object_attributes(context: Context, request: Request) -> Response:
    stored = find_object(context, request)
    listed = ",".join(request.headers.all("x-amz-object-attributes"))
    requested = {name.strip() for name in listed.split(",") if name.strip()}
    unknown = requested - {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}
    if unknown or not requested:
        raise S3Error("InvalidArgument", "Invalid attribute name specified.")
    preconditions.check_read(request.headers, stored.etag, stored.modified, {"ETag": stored.etag})
    elements = {
        "ETag": f"<ETag>{stored.etag.strip(chr(34))}</ETag>",
        "Checksum": checksum_element(stored),
        "ObjectParts": parts_element(stored),
        "StorageClass": f"<StorageClass>{stored.storage_class}</StorageClass>",
        "ObjectSize": f"<ObjectSize>{stored.size}</ObjectSize>",
    }
    headers = {"Last-Modified": http_date(stored.modified)}
    if stored.version_id != "null":
        headers["x-amz-version-id"] = stored.version_id
    inside = "".join(text for name, text in elements.items() if name in requested)
    return xml_response("GetObjectAttributesResponse", inside, headers)


def checksum_element(stored: S3Object) -> str:
    """Return the element of the checksum; here a composite one does not end with `-N`."""
    checksum = stored.checksum
    if checksum is None:
        return ""
    name = f"Checksum{checksum.algorithm}"
    return (
        f"<Checksum><{name}>{checksum.value}</{name}>"
        f"<ChecksumType>{checksum.kind}</ChecksumType></Checksum>"
    )


def parts_element(stored: S3Object) -> str:
    """Return the element of the parts; as in S3 they are only listed if they have checksums."""
    if not stored.parts:
        return ""
    count = f"<PartsCount>{len(stored.parts)}</PartsCount>"
    if stored.checksum is None or stored.checksum.kind != "COMPOSITE":
        return f"<ObjectParts>{count}</ObjectParts>"
    name = f"Checksum{stored.checksum.algorithm}"
    parts = "".join(
        f"<Part><PartNumber>{part.number}</PartNumber><Size>{part.size}</Size>"
        f"<{name}>{xml_text(part.checksum or '')}</{name}></Part>"
        for part in stored.parts
    )
    return (
        f"<ObjectParts><IsTruncated>false</IsTruncated><MaxParts>1000</MaxParts>"
        f"<PartNumberMarker>0</PartNumberMarker>"
        f"<NextPartNumberMarker>{stored.parts[-1].number}</NextPartNumberMarker>"
        f"{count}{parts}</ObjectParts>"
    )
