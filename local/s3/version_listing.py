"""ListObjectVersions. moto's own fails where a key has what XML cannot carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from moto.s3.models import FakeBucket

from local.s3.context import Context
from local.s3.listing import (
    NOWHERE,
    behind,
    element,
    encoder,
    most_keys,
    page,
    prefix_element,
)
from local.s3.messages import Request, Response, xml_answer
from local.s3.store import ACCOUNT_ID, DeleteMarker, StoredObject


@dataclass(frozen=True)
class Version:
    """One version of a key, or the marker of a deletion."""

    stored: StoredObject | DeleteMarker
    is_latest: bool

    @property
    def key(self) -> str:
        return self.stored.name

    @property
    def version_id(self) -> str:
        return str(self.stored.version_id)


def list_versions(context: Context, request: Request) -> Response:
    """Versions and delete markers: by key, and those of one key from the newest on."""
    query = request.query
    bucket = context.store.bucket(request.bucket)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = (query.get("key-marker", ""), query.get("version-id-marker", ""))
    most = most_keys(query)
    shown, truncated = page(version_entries(bucket, prefix, delimiter, after), most)
    encoded = encoder(query.get("encoding-type"))
    inside = [
        element("Name", bucket.name),
        element("Prefix", encoded(prefix)),
        element("KeyMarker", encoded(after[0])),
        element("VersionIdMarker", after[1]),
        element("MaxKeys", str(most)),
        element("Delimiter", encoded(delimiter)) if delimiter else "",
        element("EncodingType", "url") if "encoding-type" in query else "",
        element("IsTruncated", str(truncated).lower()),
        next_version(shown[-1], encoded) if truncated else "",
        *(version_element(one, encoded) for one in shown if isinstance(one, Version)),
        *(prefix_element(one, encoded) for one in shown if isinstance(one, str)),
    ]
    return xml_answer("ListVersionsResult", "".join(inside))


def version_entries(
    bucket: FakeBucket, prefix: str, delimiter: str, after: tuple[str, str]
) -> Iterator[str | Version]:
    """Versions behind the markers and, where a delimiter rolls keys up, their prefixes."""
    marker, marker_id = after
    passed = behind(marker, prefix, delimiter)
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
        head, found, _ = key[len(prefix) :].partition(delimiter or NOWHERE)
        if found:
            rolled = prefix + head + found
            yield rolled
        else:
            yield from versions


def versions_of(bucket: FakeBucket, key: str) -> list[Version]:
    kept = bucket.keys.getlist(key, [])
    return [Version(one, one is kept[-1]) for one in reversed(kept)]


def next_version(last: str | Version, encoded: Callable[[str], str]) -> str:
    if isinstance(last, str):
        return element("NextKeyMarker", encoded(last))
    return element("NextKeyMarker", encoded(last.key)) + element(
        "NextVersionIdMarker", last.version_id
    )


def version_element(version: Version, encoded: Callable[[str], str]) -> str:
    stored = version.stored
    common = (
        f"{element('Key', encoded(version.key))}{element('VersionId', version.version_id)}"
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
