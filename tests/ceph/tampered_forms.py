"""The forms that Coffer signs, field by field: each one changed, dropped and added in turn."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from coffer.adapters.rawstore.forms import S3DatasetForms
from coffer.adapters.signing.presigned_posts import S3PresignedPosts
from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer
from coffer.domain.rawstore.datasets import Dataset, DatasetFile, Md5
from coffer.domain.uploads.grant import GRANT_FIELD, UploadGrant
from coffer.domain.uploads.presigned_uploads import Checksums, UploadPolicy
from local.resources import DEFAULT_REGION
from tests.ceph.cases import BODY, OTHER, Case, altered
from tests.ceph.sides import BUCKET, Side
from tests.local.s3.wire import Reply, form_body, post

Fields = dict[str, str]
Make = Callable[[Signer, Endpoint, datetime], Fields]
Change = Callable[[Fields], Fields]

MD5 = base64.b64encode(hashlib.md5(BODY, usedforsecurity=False).digest()).decode()
UPLOAD_KEY = "incoming/aafc/01a201d5-26f4-71ce-b4fb-ab5ea0bcee0c"


def _grant(user: str) -> str:
    return UploadGrant(bucket="aafc", created_by=user, original_filename="ü.txt").encode()


def upload_fields(checksums: Checksums, signer: Signer, at: Endpoint, now: datetime) -> Fields:
    """The form of POST /api/v1/upload/{bucket}, for exactly BODY."""
    allowed = UploadPolicy(
        key=UPLOAD_KEY,
        grant=_grant("ann"),
        media_type="text/plain",
        min_bytes=len(BODY),
        max_bytes=len(BODY),
        checksums=checksums,
    )
    [form] = S3PresignedPosts(signer, at, BUCKET).sign([allowed], now)
    return form.fields


def package_fields(findability: str, signer: Signer, _at: Endpoint, now: datetime) -> Fields:
    """The form of POST /rawstore/authorize, for exactly BODY."""
    md5 = Md5.parse(MD5)
    assert md5 is not None
    package = Dataset("owner1", "dataset1", False, findability)
    file = DatasetFile("a.txt", "owner1/dataset1/a.txt", len(BODY), md5, "text/plain", "a")
    forms = S3DatasetForms(signer, BUCKET, acl="public-read")
    [fields] = forms.sign(package, [file], now=now, life=timedelta(hours=1))
    return fields


FORMS: Mapping[str, Make] = {
    "upload form": partial(upload_fields, Checksums(md5=MD5)),
    "upload form, SHA-1": partial(
        upload_fields,
        Checksums(sha1_hex=hashlib.sha1(BODY, usedforsecurity=False).hexdigest()),
    ),
    "public package form": partial(package_fields, "published"),
    "private package form": partial(package_fields, "private"),
}

TELLING: Mapping[str, str] = {
    "key": "incoming/bicoe/somebody-elses",
    GRANT_FIELD: _grant("bob"),
    "Content-Type": "text/html",
    "Content-MD5": base64.b64encode(hashlib.md5(OTHER, usedforsecurity=False).digest()).decode(),
    "success_action_status": "200",
    "x-amz-checksum-algorithm": "SHA256",
    "x-amz-algorithm": "AWS4-HMAC-SHA1",
    "x-amz-meta-owner": "owner2",
    "x-amz-meta-findability": "listed",
}
"""What somebody would change a field to; the others get another first character."""

ADDED: Mapping[str, str] = {
    "acl": "public-read",
    "tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
    "success_action_redirect": "http://elsewhere.example/",
    "x-amz-meta-more": "1",
    "x-amz-storage-class": "STANDARD",
    "x-amz-website-redirect-location": "http://elsewhere.example/",
    "x-amz-server-side-encryption": "AES256",
    "x-amz-security-token": "somebodys",
    "Content-Encoding": "gzip",
    "Content-Disposition": "inline",
    "Cache-Control": "no-store",
    "Expires": "0",
    "bucket": "another",
    "anything": "at all",
}


GAPS: Mapping[str, str] = {
    "bucket added": "Ceph 16 overlooks a field named bucket. The bucket is the address's, and that "
    "one is what the policy was signed for.",
    "other bytes": "Ceph 16 checks neither Content-MD5 nor x-amz-checksum fields of a form. Coffer "
    "hashes what arrived; rawstore's `exists` compares the ETag and stays false.",
    "of in an hour": "Ceph 16 doesn't mind that a form or a URL was signed in the future. Only "
    "whoever has the secret could make one.",
}
"""What Ceph 16 takes, and why that does no harm."""


def _sent(
    make: Make,
    change: Change,
    side: Side,
    *,
    body: bytes | None = BODY,
    age: timedelta = timedelta(),
) -> Reply:
    """The answer to a form signed `age` ago and changed since."""
    now = datetime.now(UTC) - age
    fields = change(make(side.signer, side.endpoint, now))
    return post(side.endpoint.bucket_url(BUCKET), form_body(fields.items(), body))


def _same(fields: Fields) -> Fields:
    return fields


def _set(name: str, value: str | None, fields: Fields) -> Fields:
    """The form with a field of this value; None for another one of the same shape."""
    return {**fields, name: altered(fields[name]) if value is None else value}


def _drop(name: str, fields: Fields) -> Fields:
    return {given: value for given, value in fields.items() if given != name}


def _loosen(fields: Fields) -> Fields:
    """The policy without its limits of size, under the signature of the one that had them."""
    policy = json.loads(base64.b64decode(fields["policy"]))
    policy["conditions"] = [one for one in policy["conditions"] if isinstance(one, dict)]
    return {**fields, "policy": base64.b64encode(json.dumps(policy).encode()).decode()}


def _resigned(fields: Fields) -> Fields:
    """A policy of somebody who knows everything but the secret."""
    signer = Signer(Credentials("whatever", "a guess"), DEFAULT_REGION)
    signature = signer.sign_policy(fields["policy"], now=datetime.now(UTC))
    return {**fields, "x-amz-signature": signature}


def _in_scope(part: int, value: str, fields: Fields) -> Fields:
    """The credential with one part of `key/day/region/service/aws4_request` exchanged."""
    parts = fields["x-amz-credential"].split("/")
    parts[part] = value
    return {**fields, "x-amz-credential": "/".join(parts)}


def _elsewhere(make: Make, side: Side) -> Reply:
    """The form posted to another bucket of the same owner."""
    side.s3.create_bucket(Bucket="elsewhere")
    fields = make(side.signer, side.endpoint, datetime.now(UTC))
    return post(side.endpoint.bucket_url("elsewhere"), form_body(fields.items(), BODY))


def _twice(make: Make, side: Side) -> Reply:
    """A second key behind the first one."""
    fields = list(make(side.signer, side.endpoint, datetime.now(UTC)).items())
    body = form_body([*fields, ("key", "incoming/bicoe/b")], BODY)
    return post(side.endpoint.bucket_url(BUCKET), body)


def _late(make: Make, side: Side) -> Reply:
    """A field behind the file, where nothing counts any more: stored as the rest says."""
    fields = make(side.signer, side.endpoint, datetime.now(UTC))
    body = form_body(fields.items(), BODY, after=[("x-amz-meta-late", "1")])
    return post(side.endpoint.bucket_url(BUCKET), body)


WHOLE: Mapping[str, Change] = {
    "policy without its sizes": _loosen,
    "signed with another secret": _resigned,
    "credential of nobody": partial(_in_scope, 0, "nobody"),
    "credential of another day": partial(_in_scope, 1, "20200101"),
    "credential of another region": partial(_in_scope, 2, "eu-north-1"),
    "credential of another service": partial(_in_scope, 3, "sqs"),
    "no policy at all": lambda fields: {"key": fields["key"]},
}

BODIES: Mapping[str, bytes | None] = {
    "a byte too few": BODY[:-1],
    "a byte too many": BODY + b"!",
    "an empty file": b"",
    "no file": None,
    "other bytes": OTHER,
}

AGES: Mapping[str, timedelta] = {
    "expired a minute ago": timedelta(hours=1, minutes=1),
    "expired a week ago": timedelta(days=7, hours=1),
    "of in an hour": timedelta(hours=-1),
}


def cases() -> Iterator[Case]:
    """Every form, honest, and with one thing changed."""
    anybody = Signer(Credentials("a", "b"), DEFAULT_REGION)
    for request, make in FORMS.items():
        names = list(make(anybody, Endpoint("http://a"), datetime.now(UTC)))
        yield Case(request, "honest", partial(_sent, make, _same), honest=True)
        yield Case(request, "a field behind the file", partial(_late, make), honest=True)
        for name in names:
            send = partial(_sent, make, partial(_set, name, TELLING.get(name)))
            yield Case(request, f"{name} changed", send)
        for name in names:
            yield Case(request, f"{name} dropped", partial(_sent, make, partial(_drop, name)))
        for name, value in ADDED.items():
            if name not in names:
                send, what = partial(_sent, make, partial(_set, name, value)), f"{name} added"
                yield Case(request, what, send, gap=GAPS.get(what, ""))
        for what, change in WHOLE.items():
            yield Case(request, what, partial(_sent, make, change))
        for what, body in BODIES.items():
            send = partial(_sent, make, _same, body=body)
            yield Case(request, what, send, gap=GAPS.get(what, ""))
        for what, age in AGES.items():
            send = partial(_sent, make, _same, age=age)
            yield Case(request, what, send, gap=GAPS.get(what, ""))
        yield Case(request, "posted to another bucket", partial(_elsewhere, make))
        yield Case(request, "a second key", partial(_twice, make))
