"""ListObjectVersions. moto's own fails if a key has characters that XML does not allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from moto.s3.models import FakeBucket

from local.s3.context import Context
from local.s3.listing import (
    NO_DELIMITER,
    after_marker,
    encoder,
    page,
    prefix_element,
)
from local.s3.messages import Request, Response
from local.s3.store import ACCOUNT_ID, DeleteMarker, S3Object
from local.s3.xml_documents import element, xml_response


@dataclass(frozen=True)
class Version:
    """A version of an object, or a delete marker."""

    stored: S3Object | DeleteMarker
    is_latest: bool

    @property
    def key(self) -> str:
        return self.stored.name

    @property
    def version_id(self) -> str:
        return str(self.stored.version_id)


def list_versions(context: Context, request: Request) -> Response:
    """Return a page of versions and delete markers, sorted by key, the newest version first."""
    query = request.query
    bucket = context.store.bucket(request.bucket)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = (query.get("key-marker", ""), query.get("version-id-marker", ""))
    max_keys = request.page_size("max-keys")
    listed, truncated = page(version_entries(bucket, prefix, delimiter, after), max_keys)
    encode = encoder(query.get("encoding-type"))
    inside = [
        element("Name", bucket.name),
        element("Prefix", encode(prefix)),
        element("KeyMarker", encode(after[0])),
        element("VersionIdMarker", after[1]),
        element("MaxKeys", str(max_keys)),
        element("Delimiter", encode(delimiter)) if delimiter else "",
        element("EncodingType", "url") if "encoding-type" in query else "",
        element("IsTruncated", str(truncated).lower()),
        next_version(listed[-1], encode) if truncated else "",
        *(version_element(one, encode) for one in listed if isinstance(one, Version)),
        *(prefix_element(one, encode) for one in listed if isinstance(one, str)),
    ]
    return xml_response("ListVersionsResult", "".join(inside))


def version_entries(
    bucket: FakeBucket, prefix: str, delimiter: str, after: tuple[str, str]
) -> Iterator[str | Version]:
    """Yield versions after the markers, and a prefix for all keys that have the delimiter."""
    marker, marker_id = after
    passed = after_marker(marker, prefix, delimiter)
    rolled = ""
    for key in sorted(name for name in list(dict.keys(bucket.keys)) if name.startswith(prefix)):
        if rolled and key.startswith(rolled):
            continue
        versions = versions_of(bucket, key)
        if key == marker and marker_id:
            ids = [one.version_id for one in versions]
            versions = versions[ids.index(marker_id) + 1 :] if marker_id in ids else []
        elif key <= passed:
            continue
        head, found, _ = key[len(prefix) :].partition(delimiter or NO_DELIMITER)
        if found:
            rolled = prefix + head + found
            yield rolled
        else:
            yield from versions


def versions_of(bucket: FakeBucket, key: str) -> list[Version]:
    kept = bucket.keys.getlist(key, [])
    return [Version(one, one is kept[-1]) for one in reversed(kept)]


def next_version(last: str | Version, encode: Callable[[str], str]) -> str:
    if isinstance(last, str):
        return element("NextKeyMarker", encode(last))
    return element("NextKeyMarker", encode(last.key)) + element(
        "NextVersionIdMarker", last.version_id
    )


def version_element(version: Version, encode: Callable[[str], str]) -> str:
    stored = version.stored
    common = (
        f"{element('Key', encode(version.key))}{element('VersionId', version.version_id)}"
        f"<IsLatest>{str(version.is_latest).lower()}</IsLatest>"
        f"<LastModified>{stored.last_modified:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
        f"<Owner>{element('ID', ACCOUNT_ID)}</Owner>"
    )
    if isinstance(stored, DeleteMarker):
        return f"<DeleteMarker>{common}</DeleteMarker>"
    return (
        f"<Version>{common}{element('ETag', stored.etag)}<Size>{stored.size}</Size>"
        f"<StorageClass>{stored.storage_class}</StorageClass></Version>"
    )
