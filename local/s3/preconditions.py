"""Check the preconditions of conditional requests: reads, writes, deletions and copy sources.

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


def precondition_failed(condition: str) -> S3Error:
    return S3Error("PreconditionFailed", details={"Condition": condition})


def matches_etag(listed: str, etag: str) -> bool:
    """True if `*` or the ETag is in a list of ETags; quotes are optional."""
    names = [name.strip().removeprefix("W/").strip('"') for name in listed.split(",")]
    return "*" in names or etag.strip('"') in names


def allows_range(if_range: str | None, etag: str, modified: datetime) -> bool:
    """True unless If-Range names another version: it has one strong ETag, or the exact date."""
    if if_range is None or if_range.strip().strip('"') == etag.strip('"'):
        return True
    return parse_moment(if_range) == modified.replace(microsecond=0)


def parse_moment(text: str | None) -> datetime | None:
    """Return an HTTP date, or None for an invalid date, which RFC 9110 says to ignore."""
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def check_read(
    headers: Headers, etag: str, modified: datetime, not_modified_headers: Mapping[str, str]
) -> None:
    """Raise 412 or 304 if a condition of a GET or HEAD does not hold."""
    modified = modified.replace(microsecond=0)
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    since = parse_moment(headers.get("if-modified-since"))
    unmodified = parse_moment(headers.get("if-unmodified-since"))
    if match is not None:
        if not matches_etag(match, etag):
            raise precondition_failed("If-Match")
    elif unmodified is not None and modified > unmodified:
        raise precondition_failed("If-Unmodified-Since")
    if none_match is not None:
        if matches_etag(none_match, etag):
            raise NotModifiedError(not_modified_headers)
    elif since is not None and modified <= since:
        raise NotModifiedError(not_modified_headers)


def check_copy_source(headers: Headers, etag: str, modified: datetime) -> None:
    """Raise 412 if a condition on the source of a copy does not hold."""
    modified = modified.replace(microsecond=0)
    match = headers.get(f"{COPY_SOURCE}if-match")
    none_match = headers.get(f"{COPY_SOURCE}if-none-match")
    since = parse_moment(headers.get(f"{COPY_SOURCE}if-modified-since"))
    unmodified = parse_moment(headers.get(f"{COPY_SOURCE}if-unmodified-since"))
    if match is not None:
        if not matches_etag(match, etag):
            raise precondition_failed(f"{COPY_SOURCE}If-Match")
    elif unmodified is not None and modified > unmodified:
        raise precondition_failed(f"{COPY_SOURCE}If-Unmodified-Since")
    if none_match is not None:
        if matches_etag(none_match, etag):
            raise precondition_failed(f"{COPY_SOURCE}If-None-Match")
    elif since is not None and modified <= since:
        raise precondition_failed(f"{COPY_SOURCE}If-Modified-Since")


def check_write(headers: Headers, current_etag: str | None, key: str) -> None:
    """Raise S3Error if a condition of a write does not hold; `current_etag` is None without object.

    Call it right before the write, while the key is locked.
    """
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    if match is not None and none_match is not None:
        raise not_implemented_error("If-Match")
    if none_match is not None:
        if none_match.strip() != "*":
            raise not_implemented_error("If-None-Match")
        if current_etag is not None:
            raise precondition_failed("If-None-Match")
    if match is not None:
        if match.strip() == "*":
            raise not_implemented_error("If-Match")
        if current_etag is None:
            raise S3Error("NoSuchKey", details={"Key": key})
        if not matches_etag(match, current_etag):
            raise precondition_failed("If-Match")


def check_delete(if_match: str | None, current_etag: str | None, key: str) -> None:
    """Raise S3Error if the object does not have this ETag; `*` matches every object."""
    if if_match is None:
        return
    if current_etag is None:
        raise S3Error("NoSuchKey", details={"Key": key})
    if not matches_etag(if_match, current_etag):
        raise precondition_failed("If-Match")


def not_implemented_error(header: str) -> S3Error:
    return S3Error("NotImplemented", details={"Header": header})
