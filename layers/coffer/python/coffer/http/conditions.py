"""Evaluate the conditions of requests: ETags, dates and If-Range (RFC 9110, 13).

Our ETags are strong. A condition that is malformed holds for no version, except that a malformed
date is ignored, as the RFC demands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from coffer.domain.errors import PreconditionError
from coffer.http.requests import Request

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>[0-5]\d|60)"
_DATES = tuple(
    re.compile(form.replace("TIME", _TIME), re.ASCII)
    for form in (
        r"[A-Z][a-z]{2}, (?P<day>\d\d) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4}) TIME GMT",
        r"[A-Z][a-z]{5,8}, (?P<day>\d\d)-(?P<month>[A-Z][a-z]{2})-(?P<year>\d\d) TIME GMT",
        r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>[ \d]\d) TIME (?P<year>\d{4})",
    )
)
"""The three forms of a date (RFC 9110, 5.6.7): that of today, of RFC 850, and of C's asctime."""


@dataclass(frozen=True)
class Version:
    """The current version of a representation: its ETag without quotes, and its date."""

    etag: str
    modified: datetime

    @property
    def tag(self) -> str:
        """Return the ETag in quotes."""
        return f'"{self.etag}"'

    @property
    def headers(self) -> dict[str, str]:
        """Return ETag and Last-Modified."""
        return {"ETag": self.tag, "Last-Modified": http_date(self.modified)}

    def is_known(self, request: Request, now: datetime) -> bool:
        """Return True if the client has this version, which makes the response a 304.

        Raises PreconditionError if the client wants another version. The order is that of RFC 9110,
        13.2.2: a date counts only without the header for ETags.
        """
        match, none_match = request.header("if-match"), request.header("if-none-match")
        modified = self.modified.replace(microsecond=0)
        if match:
            if match != "*" and self.tag not in entity_tags(match):
                raise _failed("If-Match", f"The file has the ETag {self.tag}.")
        else:
            limit = parse_date(request.header("if-unmodified-since"), now)
            if limit is not None and modified > limit:
                changed = f"The file was changed on {http_date(modified)}."
                raise _failed("If-Unmodified-Since", changed)
        if none_match:
            return names_tag(none_match, self.tag)
        known = parse_date(request.header("if-modified-since"), now)
        return known is not None and modified <= known

    def allows_range(self, request: Request, now: datetime) -> bool:
        """Return True unless If-Range names another version than this one."""
        known = request.header("if-range")
        if not known or known == self.tag:
            return True
        return parse_date(known, now) == self.modified.replace(microsecond=0)


def names_tag(header: str, tag: str) -> bool:
    """Return True if an If-None-Match header is `*` or lists the ETag, by weak comparison."""
    return header == "*" or tag in {one.removeprefix("W/") for one in entity_tags(header)}


def entity_tags(header: str) -> frozenset[str]:
    """Return the ETags of a list, with their quotes; none if the header is malformed."""
    is_list = not _TAG.sub("", header).strip(", \t")
    return frozenset(_TAG.findall(header)) if is_list else frozenset()


def http_date(moment: datetime) -> str:
    """Return a time in UTC as an HTTP date."""
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment:%d} {month} {moment:%Y %H:%M:%S} GMT"


def parse_date(header: str, now: datetime) -> datetime | None:
    """Return the time of an HTTP date in one of its three forms, or None.

    A year of two digits is at most 50 years ahead of `now` (RFC 9110, 5.6.7).
    """
    found = next((match for form in _DATES if (match := form.fullmatch(header))), None)
    if found is None or found["month"] not in _MONTHS:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:
        year += now.year // 100 * 100
        year -= 100 * (year > now.year + 50)
    month, day = _MONTHS.index(found["month"]) + 1, int(found["day"])
    try:
        minute = datetime(year, month, day, int(found["hour"]), int(found["minute"]), tzinfo=UTC)
        return minute + timedelta(seconds=int(found["second"]))
    except (ValueError, OverflowError):
        return None


def _failed(header: str, reason: str) -> PreconditionError:
    return PreconditionError(
        "precondition_failed",
        f"{header} does not hold. {reason} Request the file without this header.",
        header=header,
    )
