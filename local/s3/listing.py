"""ListObjectsV2. (The older ListObjects is moto's.)

moto's own takes a second for a page of a thousand keys, and reads every key for each.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from moto.s3.models import FakeBucket

from local.s3.context import Context
from local.s3.errors import S3Error, xml_text
from local.s3.messages import Request, Response, xml_answer
from local.s3.store import ACCOUNT_ID, StoredObject

MOST_KEYS = 1000
# Parameters that the answer repeats, as they are or encoded like keys.
ECHOED = {"EncodingType": "encoding-type", "ContinuationToken": "continuation-token"}
NAMES = {"Delimiter": "delimiter", "StartAfter": "start-after"}
# Behind every key that begins with what stands in front of it.
LAST = "\U0010ffff"
# No key has it, for a key's bytes are UTF-8.
NOWHERE = "\ud800"


@dataclass(frozen=True)
class Wanted:
    """What a request asks for: names that begin so and come after that."""

    prefix: str
    delimiter: str
    after: str
    most: int


def list_objects(context: Context, request: Request) -> Response:
    query = request.query
    bucket = context.store.bucket(request.bucket)
    token = query.get("continuation-token")
    after = query.get("start-after", "") if token is None else last_of(token)
    wanted = Wanted(query.get("prefix", ""), query.get("delimiter", ""), after, most_keys(query))
    shown: list[str | StoredObject] = []
    truncated = False
    for entry in entries(bucket, wanted):
        if len(shown) == wanted.most:
            truncated = wanted.most > 0
            break
        shown.append(entry)
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


def most_keys(query: dict[str, str]) -> int:
    text = query.get("max-keys", str(MOST_KEYS))
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise S3Error(
            "InvalidArgument",
            "Provided max-keys not an integer or within integer range",
            details={"ArgumentName": "max-keys", "ArgumentValue": text},
        )
    return min(MOST_KEYS, int(text))


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
