"""Conditional requests: on reading, on writing, and on what a copy reads.

Sources: RFC 9110 section 13, and the Amazon S3 User Guide, "Add preconditions to S3 operations with
conditional requests".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from local.s3.errors import NotModifiedError, S3Error
from local.s3.messages import Headers

COPY_SOURCE = "x-amz-copy-source-"


def failed(condition: str) -> S3Error:
    return S3Error("PreconditionFailed", details={"Condition": condition})


def etag_listed(listed: str, etag: str) -> bool:
    """Whether `*` or the entity tag is in a list of them; quotes may be missing."""
    names = [name.strip().removeprefix("W/").strip('"') for name in listed.split(",")]
    return "*" in names or etag.strip('"') in names


def parse_moment(text: str | None) -> datetime | None:
    """An HTTP date; what is none is ignored, as RFC 9110 wants it."""
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def check_read(headers: Headers, etag: str, modified: datetime, answer: Mapping[str, str]) -> None:
    """GET and HEAD: 412 or 304 (then with the headers of `answer`), or nothing."""
    modified = modified.replace(microsecond=0)
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    since = parse_moment(headers.get("if-modified-since"))
    unmodified = parse_moment(headers.get("if-unmodified-since"))
    if match is not None:
        if not etag_listed(match, etag):
            raise failed("If-Match")
    elif unmodified is not None and modified > unmodified:
        raise failed("If-Unmodified-Since")
    if none_match is not None:
        if etag_listed(none_match, etag):
            raise NotModifiedError(answer)
    elif since is not None and modified <= since:
        raise NotModifiedError(answer)


def check_copy_source(headers: Headers, etag: str, modified: datetime) -> None:
    """CopyObject and UploadPartCopy: every failure is a 412."""
    modified = modified.replace(microsecond=0)
    match = headers.get(f"{COPY_SOURCE}if-match")
    none_match = headers.get(f"{COPY_SOURCE}if-none-match")
    since = parse_moment(headers.get(f"{COPY_SOURCE}if-modified-since"))
    unmodified = parse_moment(headers.get(f"{COPY_SOURCE}if-unmodified-since"))
    if match is not None:
        if not etag_listed(match, etag):
            raise failed(f"{COPY_SOURCE}If-Match")
    elif unmodified is not None and modified > unmodified:
        raise failed(f"{COPY_SOURCE}If-Unmodified-Since")
    if none_match is not None:
        if etag_listed(none_match, etag):
            raise failed(f"{COPY_SOURCE}If-None-Match")
    elif since is not None and modified <= since:
        raise failed(f"{COPY_SOURCE}If-Modified-Since")


def check_write(headers: Headers, current_etag: str | None, key: str) -> None:
    """PUT, copy and complete: may this replace what is there (None: nothing is)?

    Call it while the key is locked, right before the write.
    """
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    if match is not None and none_match is not None:
        raise not_implemented("If-Match")
    if none_match is not None:
        if none_match.strip() != "*":
            raise not_implemented("If-None-Match")
        if current_etag is not None:
            raise failed("If-None-Match")
    if match is not None:
        if match.strip() == "*":
            raise not_implemented("If-Match")
        if current_etag is None:
            raise S3Error("NoSuchKey", details={"Key": key})
        if not etag_listed(match, current_etag):
            raise failed("If-Match")


def check_delete(if_match: str | None, current_etag: str | None, key: str) -> None:
    """DELETE: only what has this entity tag; `*` is whatever is there."""
    if if_match is None:
        return
    if current_etag is None:
        raise S3Error("NoSuchKey", details={"Key": key})
    if not etag_listed(if_match, current_etag):
        raise failed("If-Match")


def not_implemented(header: str) -> S3Error:
    return S3Error("NotImplemented", details={"Header": header})
