"""ListObjectsV2, ListObjects and ListMultipartUploads.

moto's own take a second for a page of a thousand keys and repeat every prefix on each page; its
uploads all began in November 2010.
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
from local.s3.errors import S3Error, xml_text
from local.s3.messages import Request, Response, xml_answer
from local.s3.multipart_uploads import Upload
from local.s3.store import ACCOUNT_ID, StoredObject

MAX_KEYS = 1000
# Parameters that the answer repeats, as they are or encoded like keys.
ECHOED = {"EncodingType": "encoding-type", "ContinuationToken": "continuation-token"}
NAMES = {"Delimiter": "delimiter", "StartAfter": "start-after"}
OLDER_NAMES = {"Delimiter": "delimiter", "Marker": "marker"}
# Behind every key that begins with what stands in front of it.
LAST = "\U0010ffff"
# No key has it, for a key's bytes are UTF-8.
NOWHERE = "\ud800"

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Wanted:
    """What a request asks for: names that begin so and come after that."""

    prefix: str
    delimiter: str
    after: str
    most: int


def list_objects_v2(context: Context, request: Request) -> Response:
    query = request.query
    bucket = context.store.bucket(request.bucket)
    token = query.get("continuation-token")
    after = query.get("start-after", "") if token is None else last_of(token)
    wanted = Wanted(query.get("prefix", ""), query.get("delimiter", ""), after, most_keys(query))
    shown, truncated = page(entries(bucket, wanted), wanted.most)
    encoded = encoder(query.get("encoding-type"))
    owner = query.get("fetch-owner") == "true"
    inside = [
        element("Name", bucket.name),
        element("Prefix", encoded(wanted.prefix)),
        element("MaxKeys", str(wanted.most)),
        element("KeyCount", str(len(shown))),
        element("IsTruncated", str(truncated).lower()),
        *(element(name, encoded(query[given])) for name, given in NAMES.items() if given in query),
        *(element(name, query[given]) for name, given in ECHOED.items() if given in query),
        element("NextContinuationToken", token_of(shown[-1])) if truncated else "",
        *(object_element(one, encoded, owner) for one in shown if isinstance(one, StoredObject)),
        *(prefix_element(one, encoded) for one in shown if isinstance(one, str)),
    ]
    return xml_answer("ListBucketResult", "".join(inside))


def list_objects(context: Context, request: Request) -> Response:
    """The older listing. Only where keys are rolled up does it say where the next page begins."""
    query = request.query
    bucket = context.store.bucket(request.bucket)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = behind(query.get("marker", ""), prefix, delimiter)
    wanted = Wanted(prefix, delimiter, after, most_keys(query))
    shown, truncated = page(entries(bucket, wanted), wanted.most)
    encoded = encoder(query.get("encoding-type"))
    next_marker = ""
    if truncated and delimiter:
        last = shown[-1]
        next_marker = element("NextMarker", encoded(last if isinstance(last, str) else last.name))
    named = {"marker": "", **query}
    inside = [
        element("Name", bucket.name),
        element("Prefix", encoded(prefix)),
        element("MaxKeys", str(wanted.most)),
        element("IsTruncated", str(truncated).lower()),
        *(
            element(name, encoded(named[given]))
            for name, given in OLDER_NAMES.items()
            if given in named
        ),
        element("EncodingType", "url") if "encoding-type" in query else "",
        next_marker,
        *(object_element(one, encoded, True) for one in shown if isinstance(one, StoredObject)),
        *(prefix_element(one, encoded) for one in shown if isinstance(one, str)),
    ]
    return xml_answer("ListBucketResult", "".join(inside))


def page(found: Iterator[Entry], most: int) -> tuple[list[Entry], bool]:
    """The first `most`, and whether there are more."""
    shown = list(islice(found, most))
    return shown, most > 0 and next(found, None) is not None


def behind(marker: str, prefix: str, delimiter: str) -> str:
    """Where a page after `marker` begins: behind all keys of it, if it is a rolled-up prefix."""
    rolled, found, rest = marker[len(prefix) :].partition(delimiter or NOWHERE)
    if marker.startswith(prefix) and found and not rest:
        return prefix + rolled + found + LAST
    return marker


def most_keys(query: dict[str, str], name: str = "max-keys") -> int:
    text = query.get(name, str(MAX_KEYS))
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise S3Error(
            "InvalidArgument",
            f"Provided {name} not an integer or within integer range",
            details={"ArgumentName": name, "ArgumentValue": text},
        )
    return min(MAX_KEYS, int(text))


def entries(bucket: FakeBucket, wanted: Wanted) -> Iterator[str | StoredObject]:
    """Objects and, where a delimiter rolls keys up, their prefixes, in the order of names."""
    rolled = ""
    for name in names(bucket, wanted):
        if rolled and name.startswith(rolled):
            continue
        rest = name[len(wanted.prefix) :]
        head, delimiter, _ = rest.partition(wanted.delimiter or NOWHERE)
        stored = bucket.keys.get(name)
        if not isinstance(stored, StoredObject):
            continue  # deleted meanwhile, or under a delete marker
        if delimiter:
            rolled = wanted.prefix + head + delimiter
            yield rolled
        else:
            yield stored


def names(bucket: FakeBucket, wanted: Wanted) -> list[str]:
    """The keys that come into question, in UTF-8 order, which is that of their code points."""
    return sorted(
        name
        for name in list(dict.keys(bucket.keys))
        if name.startswith(wanted.prefix) and name > wanted.after
    )


def token_of(entry: str | StoredObject) -> str:
    """Says where the next page begins: behind a key, or behind all keys of a prefix."""
    after = entry + LAST if isinstance(entry, str) else entry.name
    return base64.urlsafe_b64encode(after.encode("utf-8")).decode("ascii")


def last_of(token: str) -> str:
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


def element(name: str, text: str) -> str:
    return f"<{name}>{xml_text(text)}</{name}>"


def object_element(stored: StoredObject, encoded: Callable[[str], str], owner: bool) -> str:
    checksum = ""
    if stored.checksum is not None:
        checksum = element("ChecksumAlgorithm", stored.checksum.algorithm) + element(
            "ChecksumType", stored.checksum.kind
        )
    return (
        f"<Contents>{element('Key', encoded(stored.name))}"
        f"<LastModified>{stored.last_modified:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
        f"{element('ETag', stored.etag)}{checksum}<Size>{stored.size}</Size>"
        f"<StorageClass>{stored.storage_class}</StorageClass>"
        f"{f'<Owner><ID>{ACCOUNT_ID}</ID></Owner>' if owner else ''}</Contents>"
    )


def prefix_element(prefix: str, encoded: Callable[[str], str]) -> str:
    return f"<CommonPrefixes>{element('Prefix', encoded(prefix))}</CommonPrefixes>"


def list_uploads(context: Context, request: Request) -> Response:
    """Multipart uploads under way: by key, and those of one key by age."""
    query = request.query
    bucket = context.store.bucket(request.bucket)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    most = most_keys(query, "max-uploads")
    shown, truncated = page(upload_entries(bucket, query, prefix, delimiter), most)
    encoded = encoder(query.get("encoding-type"))
    inside = [
        element("Bucket", bucket.name),
        element("KeyMarker", encoded(query.get("key-marker", ""))),
        element("UploadIdMarker", query.get("upload-id-marker", "")),
        element("Prefix", encoded(prefix)),
        element("Delimiter", encoded(delimiter)) if delimiter else "",
        element("EncodingType", "url") if "encoding-type" in query else "",
        element("MaxUploads", str(most)),
        element("IsTruncated", str(truncated).lower()),
        next_upload(shown[-1], encoded) if truncated else "",
        *(upload_element(one, encoded) for one in shown if isinstance(one, Upload)),
        *(prefix_element(one, encoded) for one in shown if isinstance(one, str)),
    ]
    return xml_answer("ListMultipartUploadsResult", "".join(inside))


def upload_entries(
    bucket: FakeBucket, query: Mapping[str, str], prefix: str, delimiter: str
) -> Iterator[str | Upload]:
    """Uploads behind the markers and, where a delimiter rolls keys up, their prefixes."""
    uploads = [one for one in list(bucket.multiparts.values()) if isinstance(one, Upload)]
    uploads.sort(key=lambda one: (one.key_name, one.initiated, one.id))
    marker, marker_id = query.get("key-marker", ""), query.get("upload-id-marker", "")
    after = behind(marker, prefix, delimiter)
    if marker_id:
        # Those of the marker's own key that began after the marker's upload come, too.
        ids = [one.id for one in uploads]
        passed = ids[: ids.index(marker_id) + 1] if marker_id in ids else []
    rolled = ""
    for one in uploads:
        if not one.key_name.startswith(prefix) or (rolled and one.key_name.startswith(rolled)):
            continue
        follows = bool(marker_id) and one.key_name == marker and one.id not in passed
        if one.key_name <= after and not follows:
            continue
        head, found, _ = one.key_name[len(prefix) :].partition(delimiter or NOWHERE)
        if found:
            rolled = prefix + head + found
            yield rolled
        else:
            yield one


def next_upload(last: str | Upload, encoded: Callable[[str], str]) -> str:
    if isinstance(last, str):
        return element("NextKeyMarker", encoded(last))
    return element("NextKeyMarker", encoded(last.key_name)) + element("NextUploadIdMarker", last.id)


def upload_element(upload: Upload, encoded: Callable[[str], str]) -> str:
    who = element("ID", ACCOUNT_ID)
    return (
        f"<Upload>{element('Key', encoded(upload.key_name))}{element('UploadId', upload.id)}"
        f"<Initiator>{who}</Initiator><Owner>{who}</Owner>"
        f"<StorageClass>{upload.storage_class}</StorageClass>"
        f"<Initiated>{upload.initiated:%Y-%m-%dT%H:%M:%S}.000Z</Initiated></Upload>"
    )
