"""ListObjectsV2, ListObjects and ListMultipartUploads.

moto's own listings need a second for a page of a thousand keys and repeat every prefix on each
page, and its uploads all have a date in November 2010.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar
from urllib.parse import quote

from moto.s3.models import FakeBucket

from local.s3.context import Context
from local.s3.errors import S3Error
from local.s3.messages import Request, Response
from local.s3.multipart_uploads import Upload
from local.s3.store import ACCOUNT_ID, S3Object
from local.s3.xml_documents import element, xml_response

# Parameters that the response repeats: unchanged, or encoded like keys.
PLAIN_PARAMETERS = {"EncodingType": "encoding-type", "ContinuationToken": "continuation-token"}
KEY_PARAMETERS = {"Delimiter": "delimiter", "StartAfter": "start-after"}
OLD_KEY_PARAMETERS = {"Delimiter": "delimiter", "Marker": "marker"}
# A prefix with this suffix sorts after all keys with the prefix.
AFTER_ALL_KEYS = "\U0010ffff"
# Stands for no delimiter: no key contains it, because it cannot be encoded in UTF-8.
NO_DELIMITER = "\ud800"

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class ListingQuery:
    """The prefix, delimiter, start and size of a requested page."""

    prefix: str
    delimiter: str
    after: str
    max_keys: int


def list_objects_v2(context: Context, request: Request) -> Response:
    query = request.query
    bucket = context.store.bucket(request.bucket)
    token = query.get("continuation-token")
    after = query.get("start-after", "") if token is None else decode_token(token)
    listing = ListingQuery(
        query.get("prefix", ""),
        query.get("delimiter", ""),
        after,
        request.page_size("max-keys"),
    )
    listed, truncated = page(entries(bucket, listing), listing.max_keys)
    encode = encoder(query.get("encoding-type"))
    owner = query.get("fetch-owner") == "true"
    inside = [
        element("Name", bucket.name),
        element("Prefix", encode(listing.prefix)),
        element("MaxKeys", str(listing.max_keys)),
        element("KeyCount", str(len(listed))),
        element("IsTruncated", str(truncated).lower()),
        *(
            element(name, encode(query[parameter]))
            for name, parameter in KEY_PARAMETERS.items()
            if parameter in query
        ),
        *(
            element(name, query[parameter])
            for name, parameter in PLAIN_PARAMETERS.items()
            if parameter in query
        ),
        element("NextContinuationToken", continuation_token(listed[-1])) if truncated else "",
        *(object_element(one, encode, owner) for one in listed if isinstance(one, S3Object)),
        *(prefix_element(one, encode) for one in listed if isinstance(one, str)),
    ]
    return xml_response("ListBucketResult", "".join(inside))


def list_objects(context: Context, request: Request) -> Response:
    """Return a page of the older listing, which has a NextMarker only with a delimiter."""
    query = request.query
    bucket = context.store.bucket(request.bucket)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = after_marker(query.get("marker", ""), prefix, delimiter)
    listing = ListingQuery(prefix, delimiter, after, request.page_size("max-keys"))
    listed, truncated = page(entries(bucket, listing), listing.max_keys)
    encode = encoder(query.get("encoding-type"))
    next_marker = ""
    if truncated and delimiter:
        last = listed[-1]
        next_marker = element("NextMarker", encode(last if isinstance(last, str) else last.name))
    parameters = {"marker": "", **query}
    inside = [
        element("Name", bucket.name),
        element("Prefix", encode(prefix)),
        element("MaxKeys", str(listing.max_keys)),
        element("IsTruncated", str(truncated).lower()),
        *(
            element(name, encode(parameters[parameter]))
            for name, parameter in OLD_KEY_PARAMETERS.items()
            if parameter in parameters
        ),
        element("EncodingType", "url") if "encoding-type" in query else "",
        next_marker,
        *(object_element(one, encode, True) for one in listed if isinstance(one, S3Object)),
        *(prefix_element(one, encode) for one in listed if isinstance(one, str)),
    ]
    return xml_response("ListBucketResult", "".join(inside))


def page(found: Iterator[Entry], max_keys: int) -> tuple[list[Entry], bool]:
    """Return the first `max_keys` entries, and True if there are more."""
    listed = list(islice(found, max_keys))
    return listed, max_keys > 0 and next(found, None) is not None


def after_marker(marker: str, prefix: str, delimiter: str) -> str:
    """Return after which key a page begins; a common prefix stands for all keys with it."""
    rolled, found, rest = marker[len(prefix) :].partition(delimiter or NO_DELIMITER)
    if marker.startswith(prefix) and found and not rest:
        return prefix + rolled + found + AFTER_ALL_KEYS
    return marker


def entries(bucket: FakeBucket, listing: ListingQuery) -> Iterator[str | S3Object]:
    """Yield objects, and a prefix for all keys that have the delimiter, sorted by name."""
    rolled = ""
    for name in matching_keys(bucket, listing):
        if rolled and name.startswith(rolled):
            continue
        rest = name[len(listing.prefix) :]
        head, delimiter, _ = rest.partition(listing.delimiter or NO_DELIMITER)
        stored = bucket.keys.get(name)
        if not isinstance(stored, S3Object):
            continue  # deleted since, or hidden by a delete marker
        if delimiter:
            rolled = listing.prefix + head + delimiter
            yield rolled
        else:
            yield stored


def matching_keys(bucket: FakeBucket, listing: ListingQuery) -> list[str]:
    """Return the keys with the prefix, sorted by code point, which is also UTF-8 order."""
    return sorted(
        name
        for name in list(dict.keys(bucket.keys))
        if name.startswith(listing.prefix) and name > listing.after
    )


def continuation_token(entry: str | S3Object) -> str:
    """Return a token for the page that begins after an entry."""
    after = entry + AFTER_ALL_KEYS if isinstance(entry, str) else entry.name
    return base64.urlsafe_b64encode(after.encode("utf-8")).decode("ascii")


def decode_token(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode("ascii")).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise S3Error(
            "InvalidArgument",
            "The continuation token provided is incorrect",
            details={"ArgumentName": "continuation-token", "ArgumentValue": token},
        ) from error


def encoder(kind: str | None) -> Callable[[str], str]:
    if kind is None:
        return lambda text: text
    if kind != "url":
        raise S3Error(
            "InvalidArgument",
            "Invalid Encoding Method specified in Request",
            details={"ArgumentName": "encoding-type", "ArgumentValue": kind},
        )
    return lambda text: quote(text, safe="/")


def object_element(stored: S3Object, encode: Callable[[str], str], owner: bool) -> str:
    checksum = ""
    if stored.checksum is not None:
        checksum = element("ChecksumAlgorithm", stored.checksum.algorithm) + element(
            "ChecksumType", stored.checksum.kind
        )
    return (
        f"<Contents>{element('Key', encode(stored.name))}"
        f"<LastModified>{stored.last_modified:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
        f"{element('ETag', stored.etag)}{checksum}<Size>{stored.size}</Size>"
        f"<StorageClass>{stored.storage_class}</StorageClass>"
        f"{f'<Owner><ID>{ACCOUNT_ID}</ID></Owner>' if owner else ''}</Contents>"
    )


def prefix_element(prefix: str, encode: Callable[[str], str]) -> str:
    return f"<CommonPrefixes>{element('Prefix', encode(prefix))}</CommonPrefixes>"


def list_uploads(context: Context, request: Request) -> Response:
    """Return a page of the multipart uploads, sorted by key and age."""
    query = request.query
    bucket = context.store.bucket(request.bucket)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    max_keys = request.page_size("max-uploads")
    listed, truncated = page(upload_entries(bucket, query, prefix, delimiter), max_keys)
    encode = encoder(query.get("encoding-type"))
    inside = [
        element("Bucket", bucket.name),
        element("KeyMarker", encode(query.get("key-marker", ""))),
        element("UploadIdMarker", query.get("upload-id-marker", "")),
        element("Prefix", encode(prefix)),
        element("Delimiter", encode(delimiter)) if delimiter else "",
        element("EncodingType", "url") if "encoding-type" in query else "",
        element("MaxUploads", str(max_keys)),
        element("IsTruncated", str(truncated).lower()),
        next_upload(listed[-1], encode) if truncated else "",
        *(upload_element(one, encode) for one in listed if isinstance(one, Upload)),
        *(prefix_element(one, encode) for one in listed if isinstance(one, str)),
    ]
    return xml_response("ListMultipartUploadsResult", "".join(inside))


def upload_entries(
    bucket: FakeBucket, query: Mapping[str, str], prefix: str, delimiter: str
) -> Iterator[str | Upload]:
    """Yield uploads after the markers, and a prefix for all keys that have the delimiter."""
    uploads = [one for one in list(bucket.multiparts.values()) if isinstance(one, Upload)]
    uploads.sort(key=lambda one: (one.key_name, one.initiated, one.id))
    marker, marker_id = query.get("key-marker", ""), query.get("upload-id-marker", "")
    after = after_marker(marker, prefix, delimiter)
    if marker_id:
        # Newer uploads with the marker's own key are listed too.
        ids = [one.id for one in uploads]
        passed = ids[: ids.index(marker_id) + 1] if marker_id in ids else []
    rolled = ""
    for one in uploads:
        if not one.key_name.startswith(prefix) or (rolled and one.key_name.startswith(rolled)):
            continue
        follows = bool(marker_id) and one.key_name == marker and one.id not in passed
        if one.key_name <= after and not follows:
            continue
        head, found, _ = one.key_name[len(prefix) :].partition(delimiter or NO_DELIMITER)
        if found:
            rolled = prefix + head + found
            yield rolled
        else:
            yield one


def next_upload(last: str | Upload, encode: Callable[[str], str]) -> str:
    if isinstance(last, str):
        return element("NextKeyMarker", encode(last))
    return element("NextKeyMarker", encode(last.key_name)) + element("NextUploadIdMarker", last.id)


def upload_element(upload: Upload, encode: Callable[[str], str]) -> str:
    who = element("ID", ACCOUNT_ID)
    return (
        f"<Upload>{element('Key', encode(upload.key_name))}{element('UploadId', upload.id)}"
        f"<Initiator>{who}</Initiator><Owner>{who}</Owner>"
        f"<StorageClass>{upload.storage_class}</StorageClass>"
        f"<Initiated>{upload.initiated:%Y-%m-%dT%H:%M:%S}.000Z</Initiated></Upload>"
    )
