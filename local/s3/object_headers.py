"""The metadata that is stored with an object, and the headers of responses with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from urllib.parse import parse_qsl

from moto.s3.utils import STORAGE_CLASS

from local.s3.checksums import header_name
from local.s3.errors import S3Error
from local.s3.store import S3Object

META = "x-amz-meta-"
MAX_METADATA_BYTES = 2048
MAX_KEY_BYTES = 1024
DEFAULT_TYPE = "binary/octet-stream"
# System metadata that a client may set: the name in lower case, and as in the response.
SYSTEM = {
    "cache-control": "Cache-Control",
    "content-disposition": "Content-Disposition",
    "content-encoding": "Content-Encoding",
    "content-language": "Content-Language",
    "content-type": "Content-Type",
    "expires": "Expires",
    "x-amz-website-redirect-location": "x-amz-website-redirect-location",
}
# Query parameters of a signed GET that replace a header of the response.
OVERRIDES = {
    "response-cache-control": "Cache-Control",
    "response-content-disposition": "Content-Disposition",
    "response-content-encoding": "Content-Encoding",
    "response-content-language": "Content-Language",
    "response-content-type": "Content-Type",
    "response-expires": "Expires",
}


def stored_headers(given: Mapping[str, str]) -> dict[str, str]:
    """Return system and user metadata from headers or form fields (names in lower case)."""
    kept = {SYSTEM[name]: value for name, value in given.items() if name in SYSTEM}
    kept.setdefault("Content-Type", DEFAULT_TYPE)
    encoding = kept.pop("Content-Encoding", "")
    encodings = [
        one.strip() for one in encoding.split(",") if one.strip() not in ("", "aws-chunked")
    ]
    if encodings:
        kept["Content-Encoding"] = ",".join(encodings)
    metadata = {name: value for name, value in given.items() if name.startswith(META)}
    size = sum(
        len(name.removeprefix(META).encode()) + len(value.encode())
        for name, value in metadata.items()
    )
    if size > MAX_METADATA_BYTES:
        raise S3Error(
            "MetadataTooLarge",
            details={"Size": str(size), "MaxSizeAllowed": str(MAX_METADATA_BYTES)},
        )
    return {**kept, **metadata}


def check_key(key: str) -> None:
    size = len(key.encode("utf-8"))
    if size > MAX_KEY_BYTES:
        raise S3Error(
            "KeyTooLongError",
            details={"Size": str(size), "MaxSizeAllowed": str(MAX_KEY_BYTES)},
        )


def storage_class(given: Mapping[str, str]) -> str:
    name = given.get("x-amz-storage-class") or "STANDARD"
    if name not in STORAGE_CLASS:
        raise S3Error("InvalidStorageClass", details={"StorageClassRequested": name})
    return name


def check_features(given: Mapping[str, str]) -> None:
    """Raise NotImplemented for object locks, and for encryption other than SSE-S3."""
    locks = [name for name in given if name.startswith("x-amz-object-lock-")]
    if locks:
        raise S3Error("NotImplemented", details={"Header": locks[0]})
    kind = given.get("x-amz-server-side-encryption", "AES256")
    others = [name for name in given if name.startswith("x-amz-server-side-encryption-customer-")]
    if kind != "AES256" or others:
        raise S3Error("NotImplemented", details={"Header": "x-amz-server-side-encryption"})


def parse_tags(encoded: str | None) -> dict[str, str]:
    """Return the tags in the header x-amz-tagging, which has the form of a query string."""
    if not encoded:
        return {}
    pairs = parse_qsl(encoded, keep_blank_values=True)
    check_tags(pairs)
    return dict(pairs)


def check_tags(pairs: list[tuple[str, str]]) -> None:
    if len(pairs) > 10:
        raise S3Error("BadRequest", "Object tags cannot be greater than 10")
    if len(dict(pairs)) != len(pairs):
        raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key")
    for name, value in pairs:
        if not 0 < len(name) <= 128 or len(value) > 256 or name.startswith("aws:"):
            raise S3Error("InvalidTag", details={"TagKey": name, "TagValue": value})


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def response_headers(stored: S3Object, tag_count: int) -> dict[str, str]:
    """Return the headers of a GET or HEAD response, without those of the body's length."""
    headers = {
        "ETag": stored.etag,
        "Last-Modified": http_date(stored.modified),
        "Accept-Ranges": "bytes",
        "x-amz-server-side-encryption": "AES256",
        **{name: wire_text(value) for name, value in stored.headers.items()},
    }
    if stored.version_id != "null":
        headers["x-amz-version-id"] = stored.version_id
    if stored.storage_class and stored.storage_class != "STANDARD":
        headers["x-amz-storage-class"] = stored.storage_class
    if tag_count:
        headers["x-amz-tagging-count"] = str(tag_count)
    return headers


def checksum_headers(stored: S3Object) -> dict[str, str]:
    """Return the headers of the stored checksum and its type."""
    checksum = stored.checksum
    if checksum is None:
        return {}
    return {header_name(checksum.algorithm): checksum.text, "x-amz-checksum-type": checksum.kind}


def wire_text(value: str) -> str:
    """Return a value for a header; S3 encodes text that is not ASCII by RFC 2047."""
    if value.isascii() and value.isprintable():
        return value
    return "".join(Header(value, "utf-8", maxlinelen=10_000).encode().splitlines())
