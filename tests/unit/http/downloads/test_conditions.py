"""Downloads that the caller already has, and files that a browser displays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.downloads.find import Download
from coffer.domain.errors import MalformedRequestError, PreconditionError
from coffer.http.conditions import http_date, parse_date
from coffer.http.downloads.responses import MAX_BODY_BYTES
from tests.fakes.clocks import NOON
from tests.unit.http.downloads.test_responses import BODY, FILE, LAST_MODIFIED, TAG, ask, changed

LARGE = changed(size_bytes=MAX_BODY_BYTES + 1)
PDF = replace(FILE, media_type="application/pdf", detected_media_type="application/pdf")


@pytest.mark.parametrize("query", ["", "redirect=true", "redirect=false"])
@pytest.mark.parametrize("file", [FILE, LARGE])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_unchanged_file_is_304_and_never_a_redirect(
    file: Download, query: str, method: str
) -> None:
    response = ask(file, method, query, if_modified_since=LAST_MODIFIED)
    assert response.status == 304
    assert response.headers["ETag"]
    assert ask(file, method, query, if_none_match='"abc"').status == 304


@pytest.mark.parametrize(
    ("date", "status"),
    [
        (LAST_MODIFIED, 304),
        ("Mon, 23 Nov 2026 12:00:00 GMT", 304),
        ("Sun, 22 Nov 2026 11:59:59 GMT", 200),
        ("Sunday, 22-Nov-26 12:00:00 GMT", 304),
        ("Sun Nov 22 12:00:00 2026", 304),
        ("yesterday", 200),
        ("2026-11-22T12:00:00Z", 200),
        ("Sun, 99 Nov 2026 12:00:00 GMT", 200),
        ("Sun, 22 Nov 99999999999 12:00:00 GMT", 200),
        ("", 200),
    ],
)
def test_a_date_counts_if_it_is_one(date: str, status: int) -> None:
    assert ask(if_modified_since=date).status == status


def test_the_tag_counts_before_the_date() -> None:
    assert ask(if_none_match='"other"', if_modified_since=LAST_MODIFIED).status == 200
    assert ask(if_none_match='"abc"', if_modified_since="yesterday").status == 304


def test_a_part_of_a_second_does_not_count() -> None:
    late = changed(last_modified=NOON.replace(microsecond=900_000))
    assert ask(late, if_modified_since=LAST_MODIFIED).status == 304
    assert ask(late, if_unmodified_since=LAST_MODIFIED).status == 200
    assert ask(late, range="bytes=0-1", if_range=LAST_MODIFIED).status == 206


EARLIER, LATER = "Sun, 22 Nov 2026 11:59:59 GMT", "Sun, 22 Nov 2026 12:00:01 GMT"
OF_ALL_KINDS = [(method, file) for method in ("GET", "HEAD") for file in (FILE, LARGE)]


def is_refused(file: Download = FILE, method: str = "GET", query: str = "", **headers: Any) -> bool:
    """Return True if the response to the request is a 412."""
    try:
        ask(file, method, query, **headers)
    except PreconditionError as error:
        return error.problems[0].code == "precondition_failed"
    return False


@pytest.mark.parametrize(("method", "file"), OF_ALL_KINDS)
@pytest.mark.parametrize(
    ("header", "holds"),
    [
        (TAG, True),
        ("*", True),
        (f'"x", {TAG}', True),
        (f'"x" , ,\t{TAG},', True),
        (f'"{"x" * 9000}", {TAG}', True),
        ('"other"', False),
        (f"W/{TAG}", False),  # If-Match compares strongly
        ("abc", False),
        (f"{TAG}, *", False),
        (f'"x{TAG}', False),
        (f"{TAG}; q=1", False),
        ("w/" + TAG, False),
        ("," * 9000, False),
        ("é", False),
    ],
)
def test_if_match_refuses_every_other_version(
    method: str, file: Download, header: str, holds: bool
) -> None:
    assert is_refused(file, method, if_match=header) is not holds


@pytest.mark.parametrize(("method", "file"), OF_ALL_KINDS)
@pytest.mark.parametrize(
    ("header", "holds"),
    [
        (LAST_MODIFIED, True),
        (LATER, True),
        (EARLIER, False),
        ("Sunday, 22-Nov-26 11:59:59 GMT", False),
        ("Sun Nov 22 11:59:59 2026", False),
        ("yesterday", True),
        (f"{EARLIER}, {EARLIER}", True),
        ("Sun, 99 Nov 2026 11:59:59 GMT", True),
    ],
)
def test_if_unmodified_since_refuses_later_versions(
    method: str, file: Download, header: str, holds: bool
) -> None:
    assert is_refused(file, method, if_unmodified_since=header) is not holds


@pytest.mark.parametrize("query", ["redirect=true", "redirect=false"])
def test_conditions_come_before_a_redirect_and_after_malformed_parameters(query: str) -> None:
    assert is_refused(query=query, if_match='"other"')
    assert is_refused(LARGE, query=query, if_unmodified_since=EARLIER)
    with pytest.raises(MalformedRequestError):
        ask(query="redirect=maybe", if_none_match=TAG)
    with pytest.raises(MalformedRequestError):
        ask(query="disposition=evil", if_match='"other"')


def test_the_conditions_have_the_order_of_the_rfc() -> None:
    """RFC 9110, 13.2.2: each header for ETags replaces its date, and If-Match comes first."""
    assert ask(if_match=TAG, if_unmodified_since=EARLIER).status == 200
    assert is_refused(if_match='"other"', if_unmodified_since=LATER)
    assert is_refused(if_match='"other"', if_none_match=TAG)
    assert is_refused(if_unmodified_since=EARLIER, if_modified_since=LATER)
    assert ask(if_match=TAG, if_none_match=TAG).status == 304
    assert is_refused(if_match='"other"', range="bytes=99-")
    assert ask(if_none_match=TAG, range="bytes=99-").status == 304
    assert ask(if_match=TAG, range="bytes=0-1", if_range='"other"').body == BODY
    assert ask(if_match=TAG, range="bytes=0-1", if_range=TAG).body == BODY[:2]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"W/{TAG}", 304),
        (f'"x",{TAG}', 304),
        ('"x", *', 200),
        ("abc", 200),
        (f"{TAG} {TAG}x", 200),
        ('"a,b"', 200),
        ('"' * 9001, 200),
        ('W/"' * 3000, 200),
    ],
)
def test_if_none_match_compares_weakly_and_needs_valid_etags(header: str, status: int) -> None:
    assert ask(if_none_match=header).status == status


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"{TAG}, {TAG}", 200),
        ("*", 200),
        ("abc", 200),
        ("Sunday, 22-Nov-26 12:00:00 GMT", 206),
        ("Sun Nov 22 12:00:00 2026", 206),
        (EARLIER, 200),
        (LATER, 200),
        ("x" * 9000, 200),
    ],
)
def test_if_range_is_one_strong_etag_or_the_exact_date(header: str, status: int) -> None:
    assert ask(range="bytes=0-1", if_range=header).status == status


@pytest.mark.parametrize(
    ("header", "time"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        ("Sun Nov  6 08:49:37 1994", datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        ("Friday, 06-Nov-76 08:49:37 GMT", datetime(2076, 11, 6, 8, 49, 37, tzinfo=UTC)),
        ("Sunday, 06-Nov-77 08:49:37 GMT", datetime(1977, 11, 6, 8, 49, 37, tzinfo=UTC)),
        ("Sat, 31 Dec 2016 23:59:60 GMT", datetime(2017, 1, 1, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:60 GMT", None),
        ("Sat, 01 Jan 0000 00:00:00 GMT", None),
        ("Sun, 29 Feb 2026 00:00:00 GMT", None),
        ("Sun, 06 Nov 1994 24:00:00 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT; length=5", None),
        ("Sun, 06 Nov 1994 08:49:37 +0100", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Foo 1994 08:49:37 GMT", None),
        ("Sun, ٠٦ Nov 1994 08:49:37 GMT", None),
        ("784111777", None),
        ("0" * 9000, None),
        ("", None),
    ],
)
def test_a_date_has_one_of_three_forms(header: str, time: datetime | None) -> None:
    assert parse_date(header, NOON) == time
    if time is not None:
        assert parse_date(http_date(time), NOON) == time


@given(st.text(max_size=40) | st.from_regex(r'((W/)?"[a-z]*"[, ]*){0,5}'))
def test_no_header_is_an_error(header: str) -> None:
    for name in ("if_none_match", "if_modified_since", "if_range"):
        sent: dict[str, Any] = {name: header, "range": "bytes=0-1"}
        assert ask(**sent).status in (200, 206, 304)
    for name in ("if_match", "if_unmodified_since"):
        refusable: dict[str, Any] = {name: header}
        assert is_refused(**refusable) in (True, False)


IN_OUR_DATE = replace(FILE, has_store_date=False)


def test_a_date_that_the_store_does_not_know_is_compared_here() -> None:
    """The store's date is later than that of the record: it would refuse or send all bytes."""
    forced = "redirect=true"
    assert ask(IN_OUR_DATE, query=forced).status == 307
    assert ask(IN_OUR_DATE, query=forced, if_match=TAG, range="bytes=0-1").status == 307
    assert ask(IN_OUR_DATE, query=forced, if_unmodified_since=LAST_MODIFIED).body == BODY
    part = ask(IN_OUR_DATE, query=forced, range="bytes=0-1", if_range=LAST_MODIFIED)
    assert (part.status, part.body) == (206, BODY[:2])
    assert ask(FILE, query=forced, if_unmodified_since=LAST_MODIFIED).status == 307


@pytest.mark.parametrize("file", [PDF, changed(PDF, size_bytes=MAX_BODY_BYTES + 1)])
def test_what_was_detected_as_pdf_is_displayed(file: Download) -> None:
    headers = ask(file, "HEAD", "disposition=inline").headers
    assert headers["Content-Disposition"].startswith("inline; ")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"


@pytest.mark.parametrize(
    ("declared", "detected"),
    [
        ("application/pdf", "text/html"),
        ("text/html", "application/pdf"),
        ("application/pdf, text/html", "application/pdf"),
        ("application/pdf; a=b, text/html", "application/pdf"),
        ("application/pdf", None),
        ("image/svg+xml", "image/svg+xml"),
        ("application/xhtml+xml", "application/xhtml+xml"),
    ],
)
def test_what_may_run_scripts_stays_an_attachment(declared: str, detected: str | None) -> None:
    file = replace(FILE, media_type=declared, detected_media_type=detected)
    headers = ask(file, query="disposition=inline").headers
    assert headers["Content-Disposition"].startswith("attachment; ")
    assert "Content-Security-Policy" not in headers


def test_a_pdf_is_an_attachment_unless_it_is_to_be_displayed() -> None:
    assert ask(PDF).headers["Content-Disposition"].startswith("attachment; ")
