"""GetObject, HeadObject and GetObjectAttributes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from local.s3 import access
from local.s3 import preconditions as conditions
from local.s3.context import Context
from local.s3.errors import S3Error, xml_text
from local.s3.messages import FilePart, Request, Response, xml_answer
from local.s3.object_headers import (
    OVERRIDES,
    check_key,
    checksum_answer,
    http_date,
    object_answer,
    wire_text,
)
from local.s3.sigv4 import Caller
from local.s3.store import DeleteMarker, StoredObject

RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


def find(context: Context, request: Request) -> StoredObject:
    """The object a request names, by key or by version; NoSuchKey and its relatives."""
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


def get_object(context: Context, request: Request, caller: Caller | None) -> Response:
    """Also HEAD: the same answer, whose body the server doesn't send."""
    check_key(request.key)
    overrides = {
        OVERRIDES[name]: value for name, value in request.query.items() if name in OVERRIDES
    }
    if caller is None:
        check_anonymous(context, request, overrides)
    with context.store.locked(request.bucket, request.key):
        stored = find(context, request)
        # Once it is open, replacing or deleting the object cannot take the bytes away.
        file = stored.path.open("rb", buffering=0)
    try:
        return object_response(context, request, stored, FilePart(file, 0, stored.size), overrides)
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
    stored: StoredObject,
    part: FilePart,
    overrides: Mapping[str, str],
) -> Response:
    headers = object_answer(stored, len(context.store.tags(stored)))
    conditions.check_read(
        request.headers,
        stored.etag,
        stored.modified,
        {name: headers[name] for name in ("ETag", "Last-Modified")},
    )
    headers |= {name: wire_text(value) for name, value in overrides.items()}
    if (request.headers.get("x-amz-checksum-mode") or "").upper() == "ENABLED":
        whole = "range" not in request.headers and "partNumber" not in request.query
        if whole or (stored.checksum and request.method == "HEAD"):
            headers |= checksum_answer(stored)
    stretch = wanted_stretch(request, stored)
    if stretch is None:
        return Response(200, headers, part)
    start, end = stretch
    if stored.parts and "partNumber" in request.query:
        headers["x-amz-mp-parts-count"] = str(len(stored.parts))
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{stored.size}"
    part.start, part.length = start, end - start
    return Response(206, headers, part)


def wanted_stretch(request: Request, stored: StoredObject) -> tuple[int, int] | None:
    """Start and end of the bytes to send; None is all of them, with a 200."""
    number = request.query.get("partNumber")
    asked = request.headers.get("range")
    if number is not None:
        if asked is not None:
            raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query")
        return part_stretch(number, stored)
    if_range = request.headers.get("if-range")
    if asked is None or (
        if_range is not None and not conditions.etag_listed(if_range, stored.etag)
    ):
        return None
    return parse_range(asked, stored.size)


def part_stretch(number: str, stored: StoredObject) -> tuple[int, int] | None:
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


def parse_range(asked: str, size: int) -> tuple[int, int] | None:
    """One range of bytes; what S3 can't read, or several of them, means the whole object."""
    match = RANGE.fullmatch(asked.strip())
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
            details={"RangeRequested": asked, "ActualObjectSize": str(size)},
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, end


def get_object_attributes(context: Context, request: Request) -> Response:
    stored = find(context, request)
    listed = ",".join(request.headers.all("x-amz-object-attributes"))
    wanted = {name.strip() for name in listed.split(",") if name.strip()}
    unknown = wanted - {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}
    if unknown or not wanted:
        raise S3Error("InvalidArgument", "Invalid attribute name specified.")
    conditions.check_read(request.headers, stored.etag, stored.modified, {"ETag": stored.etag})
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
    inside = "".join(text for name, text in elements.items() if name in wanted)
    return xml_answer("GetObjectAttributesResponse", inside, headers)


def checksum_element(stored: StoredObject) -> str:
    """Here a composite checksum comes without its `-N`; its type says what it is."""
    checksum = stored.checksum
    if checksum is None:
        return ""
    name = f"Checksum{checksum.algorithm}"
    return (
        f"<Checksum><{name}>{checksum.value}</{name}>"
        f"<ChecksumType>{checksum.kind}</ChecksumType></Checksum>"
    )


def parts_element(stored: StoredObject) -> str:
    """The parts of a multipart object; one by one only where they have checksums, as S3 does."""
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
