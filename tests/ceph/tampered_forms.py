"""The forms that Coffer signs, with each field changed, dropped or added in turn."""

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
from tests.ceph.stores import BUCKET, Store
from tests.local.s3.wire import Reply, form_body, post

Fields = dict[str, str]
Make = Callable[[Signer, Endpoint, datetime], Fields]
Change = Callable[[Fields], Fields]

MD5 = base64.b64encode(hashlib.md5(BODY, usedforsecurity=False).digest()).decode()
UPLOAD_KEY = "incoming/aafc/01a201d5-26f4-71ce-b4fb-ab5ea0bcee0c"


def _grant(user: str) -> str:
    return UploadGrant(bucket="aafc", created_by=user, original_filename="ü.txt").encode()


def upload_fields(
    checksums: Checksums,
    signer: Signer,
    at: Endpoint,
    now: datetime,
    *,
    media_type: str | None = "text/plain",
) -> Fields:
    """Return the form of POST /api/v1/upload/{bucket} for exactly BODY."""
    allowed = UploadPolicy(
        key=UPLOAD_KEY,
        grant=_grant("ann"),
        media_type=media_type,
        min_bytes=len(BODY),
        max_bytes=len(BODY),
        checksums=checksums,
    )
    [form] = S3PresignedPosts(signer, at, BUCKET).sign([allowed], now)
    return form.fields


def dataset_fields(findability: str, signer: Signer, _at: Endpoint, now: datetime) -> Fields:
    """Return the form of POST /rawstore/authorize for exactly BODY."""
    md5 = Md5.parse(MD5)
    assert md5 is not None
    dataset = Dataset("owner1", "dataset1", False, findability)
    file = DatasetFile("a.txt", "owner1/dataset1/a.txt", len(BODY), md5, "text/plain", "a")
    forms = S3DatasetForms(signer, BUCKET, acl="public-read")
    [fields] = forms.sign(dataset, [file], now=now, life=timedelta(hours=1))
    return fields


FORMS: Mapping[str, Make] = {
    "upload form": partial(upload_fields, Checksums(md5=MD5)),
    "upload form, SHA-1": partial(
        upload_fields,
        Checksums(sha1_hex=hashlib.sha1(BODY, usedforsecurity=False).hexdigest()),
    ),
    "public dataset form": partial(dataset_fields, "published"),
    "private dataset form": partial(dataset_fields, "private"),
}

CHANGED: Mapping[str, str] = {
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
"""Plausible changed values; other fields get another first character."""

ADDED: Mapping[str, str] = {
    "acl": "public-read",
    "tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
    "success_action_redirect": "http://elsewhere.example/",
    "x-amz-meta-more": "1",
    "x-amz-storage-class": "STANDARD",
    "x-amz-website-redirect-location": "http://elsewhere.example/",
    "x-amz-server-store-encryption": "AES256",
    "x-amz-security-token": "somebodys",
    "Content-Encoding": "gzip",
    "Content-Disposition": "inline",
    "Cache-Control": "no-store",
    "Expires": "0",
    "bucket": "another",
    "anything": "at all",
}


GAPS: Mapping[str, str] = {
    "bucket added": "Ceph 16 ignores a field named bucket. It uses the bucket of the URL, for "
    "which the policy was signed.",
    "other bytes": "Ceph 16 checks neither Content-MD5 nor x-amz-checksum fields of a form. Coffer "
    "hashes the stored bytes; rawstore's `exists` compares the ETag and stays false.",
    "signed in the future": "Ceph 16 accepts a form or a URL that was signed in the future. Only "
    "the owner of the secret can create one.",
}
"""The changes that Ceph 16 accepts, and why they do no harm."""


def _sent(
    make: Make,
    change: Change,
    store: Store,
    *,
    body: bytes | None = BODY,
    age: timedelta = timedelta(),
) -> Reply:
    """Return the response to a form that was signed `age` ago and changed since."""
    now = datetime.now(UTC) - age
    fields = change(make(store.signer, store.endpoint, now))
    return post(store.endpoint.bucket_url(BUCKET), form_body(fields.items(), body))


def _same(fields: Fields) -> Fields:
    return fields


def _set(name: str, value: str | None, fields: Fields) -> Fields:
    """Return the form with this value of a field; None means another value of the same form."""
    return {**fields, name: altered(fields[name]) if value is None else value}


def _drop(name: str, fields: Fields) -> Fields:
    return {given: value for given, value in fields.items() if given != name}


def _without_size_limits(fields: Fields) -> Fields:
    """Return the form with a policy without size limits, and the original signature."""
    policy = json.loads(base64.b64decode(fields["policy"]))
    policy["conditions"] = [one for one in policy["conditions"] if isinstance(one, dict)]
    return {**fields, "policy": base64.b64encode(json.dumps(policy).encode()).decode()}


def _resigned(fields: Fields) -> Fields:
    """Return the form signed with another secret."""
    signer = Signer(Credentials("whatever", "a guess"), DEFAULT_REGION)
    signature = signer.sign_policy(fields["policy"], now=datetime.now(UTC))
    return {**fields, "x-amz-signature": signature}


def _in_scope(part: int, value: str, fields: Fields) -> Fields:
    """Return the form with one part of `key/day/region/service/aws4_request` replaced."""
    parts = fields["x-amz-credential"].split("/")
    parts[part] = value
    return {**fields, "x-amz-credential": "/".join(parts)}


def _to_another_bucket(make: Make, store: Store) -> Reply:
    """Post the form to another bucket of the same owner."""
    store.s3.create_bucket(Bucket="elsewhere")
    fields = make(store.signer, store.endpoint, datetime.now(UTC))
    return post(store.endpoint.bucket_url("elsewhere"), form_body(fields.items(), BODY))


def _with_second_key(make: Make, store: Store) -> Reply:
    """Post the form with a second key after the first one."""
    fields = list(make(store.signer, store.endpoint, datetime.now(UTC)).items())
    body = form_body([*fields, ("key", "incoming/bicoe/b")], BODY)
    return post(store.endpoint.bucket_url(BUCKET), body)


def _with_late_field(make: Make, store: Store) -> Reply:
    """Post the form with a field after the file, which S3 ignores."""
    fields = make(store.signer, store.endpoint, datetime.now(UTC))
    body = form_body(fields.items(), BODY, after=[("x-amz-meta-late", "1")])
    return post(store.endpoint.bucket_url(BUCKET), body)


WHOLE: Mapping[str, Change] = {
    "policy without size limits": _without_size_limits,
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
    "signed in the future": timedelta(hours=-1),
}


def cases() -> Iterator[Case]:
    """Yield every form, valid and with one change each."""
    signer = Signer(Credentials("a", "b"), DEFAULT_REGION)
    for request, make in FORMS.items():
        names = list(make(signer, Endpoint("http://a"), datetime.now(UTC)))
        yield Case(request, "unchanged", partial(_sent, make, _same), is_valid=True)
        yield Case(
            request, "a field after the file", partial(_with_late_field, make), is_valid=True
        )
        for name in names:
            send = partial(_sent, make, partial(_set, name, CHANGED.get(name)))
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
        yield Case(request, "posted to another bucket", partial(_to_another_bucket, make))
        yield Case(request, "a second key", partial(_with_second_key, make))
