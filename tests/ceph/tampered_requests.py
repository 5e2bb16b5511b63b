"""Presigned URLs and signed requests of Coffer, with each part changed in turn."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from tests.ceph.cases import BODY, FREE, HELD, OTHER, Case, altered
from tests.ceph.stores import Store
from tests.ceph.tampered_forms import GAPS
from tests.local.s3.wire import Reply, send

LIFE = timedelta(minutes=5)
SHA256 = hashlib.sha256(BODY).hexdigest()
PART = {"partNumber": "1"}


class Signed(NamedTuple):
    """A signed request."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None = None

    def sent(self) -> Reply:
        return send(self.url, self.method, self.headers, self.body)


Make = Callable[[Store, timedelta], Signed]
Change = Callable[[Signed], Signed]


def _download(store: Store, age: timedelta) -> Signed:
    """Return the download of a large file, as browsers get it."""
    query = {
        "response-content-type": "text/plain",
        "response-content-disposition": "attachment; filename*=UTF-8''%C3%BC.txt",
    }
    return Signed("GET", store.presigned("GET", HELD, query=query, life=LIFE, age=age), {})


def _presigned_head(store: Store, age: timedelta) -> Signed:
    return Signed("HEAD", store.presigned("HEAD", HELD, life=LIFE, age=age), {})


def _upload(store: Store, age: timedelta) -> Signed:
    headers = {"content-type": "text/plain", "x-amz-meta-owner": "ann"}
    url = store.presigned("PUT", FREE, headers=headers, life=LIFE, age=age)
    return Signed("PUT", url, headers, BODY)


def _checked(store: Store, age: timedelta) -> Signed:
    """Return an upload with the MD5 of the bytes in the signed headers."""
    md5 = base64.b64encode(hashlib.md5(BODY, usedforsecurity=False).digest()).decode()
    headers = {"content-md5": md5}
    url = store.presigned("PUT", FREE, headers=headers, life=LIFE, age=age)
    return Signed("PUT", url, headers, BODY)


def _part(store: Store, age: timedelta) -> Signed:
    """Return the upload of one part. A part is not an object, so the listing does not change."""
    upload = store.s3.create_multipart_upload(Bucket=store.bucket, Key=FREE)["UploadId"]
    query = {**PART, "uploadId": upload}
    return Signed("PUT", store.presigned("PUT", FREE, query=query, life=LIFE, age=age), {}, BODY)


def _ranged(store: Store, age: timedelta) -> Signed:
    """Return the read of a small file."""
    url, headers = store.signed("GET", HELD, headers={"range": "bytes=0-3"}, age=age)
    return Signed("GET", url, headers)


def _signed_head(store: Store, age: timedelta) -> Signed:
    """Return the look-up of a file for `exists`."""
    url, headers = store.signed("HEAD", HELD, age=age)
    return Signed("HEAD", url, headers)


def _write(store: Store, age: timedelta) -> Signed:
    url, headers = store.signed(
        "PUT", FREE, headers={"x-amz-meta-owner": "ann"}, payload_hash=SHA256, age=age
    )
    return Signed("PUT", url, headers, BODY)


PRESIGNED: Mapping[str, Make] = {
    "presigned GET": _download,
    "presigned HEAD": _presigned_head,
    "presigned PUT": _upload,
    "presigned PUT, MD5": _checked,
    "presigned part": _part,
}
IN_HEADERS: Mapping[str, Make] = {
    "signed GET": _ranged,
    "signed HEAD": _signed_head,
    "signed PUT": _write,
}

CHANGED: Mapping[str, str] = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA1",
    "X-Amz-Date": "20200101T000000Z",
    "X-Amz-Expires": "86400",
    "X-Amz-SignedHeaders": "host;x-amz-meta-other",
    "partNumber": "2",
    "response-content-type": "text/html",
    "range": "bytes=0-99",
    "host": "elsewhere.example",
    "x-amz-date": "20200101T000000Z",
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "content-type": "text/html",
    "x-amz-meta-owner": "bob",
}
"""Plausible changed values; other parameters and headers get another first character."""


def query_of(url: str) -> dict[str, str]:
    """Return the query parameters of a URL."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def _with_query(request: Signed, query: Mapping[str, str]) -> Signed:
    encoded = urlencode(query, quote_via=quote)
    return request._replace(url=urlunsplit(urlsplit(request.url)._replace(query=encoded)))


def _parameter(name: str, value: str | None, request: Signed) -> Signed:
    query = query_of(request.url)
    new = altered(query[name]) if value is None else value
    return _with_query(request, {**query, name: new})


def _no_parameter(name: str, request: Signed) -> Signed:
    query = query_of(request.url)
    return _with_query(request, {key: value for key, value in query.items() if key != name})


def _credential(part: int, value: str, request: Signed) -> Signed:
    parts = query_of(request.url)["X-Amz-Credential"].split("/")
    parts[part] = value
    return _parameter("X-Amz-Credential", "/".join(parts), request)


def _header(name: str, value: str | None, request: Signed) -> Signed:
    new = altered(request.headers[name]) if value is None else value
    return request._replace(headers={**request.headers, name: new})


def _no_header(name: str, request: Signed) -> Signed:
    headers = {key: value for key, value in request.headers.items() if key != name}
    return request._replace(headers=headers)


def _authorization(old: str, new: str, request: Signed) -> Signed:
    text = request.headers["authorization"]
    assert old in text
    return _header("authorization", text.replace(old, new), request)


def _other_key(request: Signed) -> Signed:
    parts = urlsplit(request.url)
    path = parts.path.rpartition("/")[0] + "/another"
    return request._replace(url=urlunsplit(parts._replace(path=path)))


def _other_method(request: Signed) -> Signed:
    return request._replace(method="DELETE" if request.method != "DELETE" else "GET", body=None)


def _other_body(request: Signed) -> Signed:
    return request._replace(body=OTHER)


def _sent(make: Make, change: Change | None, store: Store, age: timedelta = timedelta()) -> Reply:
    request = make(store, age)
    return (change(request) if change is not None else request).sent()


QUERY_CHANGES: Mapping[str, Change] = {
    "another key": _other_key,
    "another method": _other_method,
    "a parameter added": partial(_parameter, "response-cache-control", "no-store"),
    "a version added": partial(_parameter, "versionId", "null"),
    "a token added": partial(_parameter, "X-Amz-Security-Token", "somebodys"),
    "a life of a year": partial(_parameter, "X-Amz-Expires", "31536000"),
    "a negative life": partial(_parameter, "X-Amz-Expires", "-1"),
    "credential of nobody": partial(_credential, 0, "nobody"),
    "credential of another day": partial(_credential, 1, "20200101"),
    "credential of another region": partial(_credential, 2, "eu-north-1"),
    "credential of another service": partial(_credential, 3, "sqs"),
}
HEADER_CHANGES: Mapping[str, Change] = {
    "another key": _other_key,
    "another method": _other_method,
    "a parameter added": partial(_parameter, "acl", ""),
    "credential of nobody": partial(_authorization, "Credential=", "Credential=no"),
    "credential of another region": partial(_authorization, "/us-east-1/", "/eu-north-1/"),
    "credential of another service": partial(_authorization, "/s3/", "/sqs/"),
    "host not signed": partial(_authorization, "host;", ""),
    "another signature": partial(_authorization, "Signature=", "Signature=0"),
    "another algorithm": partial(_authorization, "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
}
UNSIGNED_HEADERS = (
    "Ceph 16 accepts x-amz headers that were not signed. Coffer creates forms, not PUT URLs, for "
    "uploads."
)


def cases() -> Iterator[Case]:
    """Yield every signed request, valid and with one change each."""
    for request, make in PRESIGNED.items():
        yield from _presigned_cases(request, make)
    for request, make in IN_HEADERS.items():
        yield from _header_cases(request, make)


NAMES: Mapping[str, tuple[str, ...]] = {
    "presigned GET": ("response-content-type", "response-content-disposition"),
    "presigned HEAD": (),
    "presigned PUT": (),
    "presigned PUT, MD5": (),
    "presigned part": ("partNumber", "uploadId"),
}
SIGNATURE = (
    "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)  # fmt: skip
SENT: Mapping[str, tuple[str, ...]] = {
    "presigned GET": (),
    "presigned HEAD": (),
    "presigned PUT": ("content-type", "x-amz-meta-owner"),
    "presigned PUT, MD5": ("content-md5",),
    "presigned part": (),
    "signed GET": ("range", "x-amz-date", "x-amz-content-sha256"),
    "signed HEAD": ("x-amz-date", "x-amz-content-sha256"),
    "signed PUT": ("x-amz-meta-owner", "x-amz-date", "x-amz-content-sha256"),
}
"""The headers that each request must send as they were signed."""


def _presigned_cases(request: str, make: Make) -> Iterator[Case]:
    yield Case(request, "unchanged", partial(_sent, make, None), is_valid=True)
    for name in (*NAMES[request], *SIGNATURE):
        send_other = partial(_sent, make, partial(_parameter, name, CHANGED.get(name)))
        yield Case(request, f"{name} changed", send_other)
        yield Case(request, f"{name} dropped", partial(_sent, make, partial(_no_parameter, name)))
    yield from _of_headers(request, make)
    for what, change in QUERY_CHANGES.items():
        yield Case(request, what, partial(_sent, make, change))
    for name, value in (("x-amz-acl", "public-read"), ("x-amz-meta-more", "1")):
        send_more = partial(_sent, make, partial(_header, name, value))
        yield Case(request, f"{name} added", send_more, gap=UNSIGNED_HEADERS)
    yield Case(request, "expired", partial(_sent, make, None, age=LIFE + timedelta(seconds=2)))
    if request == "presigned PUT, MD5":
        yield Case(request, "other bytes", partial(_sent, make, _other_body))
    early = partial(_sent, make, None, age=timedelta(hours=-1))
    yield Case(request, "signed in the future", early, gap=GAPS["signed in the future"])


def _header_cases(request: str, make: Make) -> Iterator[Case]:
    yield Case(request, "unchanged", partial(_sent, make, None), is_valid=True)
    yield from _of_headers(request, make)
    for what, change in HEADER_CHANGES.items():
        yield Case(request, what, partial(_sent, make, change))
    added = partial(_sent, make, partial(_header, "x-amz-acl", "public-read"))
    yield Case(request, "acl added", added, gap=UNSIGNED_HEADERS)
    if request == "signed PUT":
        yield Case(request, "other bytes", partial(_sent, make, _other_body))
        copied = partial(_header, "x-amz-copy-source", "/tampering/held")
        yield Case(request, "copy source added", partial(_sent, make, copied))
    for what, minutes in (("an hour old", 60), ("signed in the future", -60)):
        yield Case(request, what, partial(_sent, make, None, age=timedelta(minutes=minutes)))


def _of_headers(request: str, make: Make) -> Iterator[Case]:
    for name in SENT[request]:
        change = partial(_header, name, CHANGED.get(name))
        yield Case(request, f"{name} changed", partial(_sent, make, change))
        yield Case(request, f"{name} dropped", partial(_sent, make, partial(_no_header, name)))
