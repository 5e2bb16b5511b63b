"""Downloads that the caller already has, and files that a browser displays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coffer.domain.downloads.find import Download
from coffer.http.downloads.responses import MAX_BODY_BYTES
from tests.unit.http.downloads.test_responses import FILE, LAST_MODIFIED, ask

LARGE = replace(FILE, size_bytes=MAX_BODY_BYTES + 1)
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
    late = replace(FILE, last_modified=FILE.last_modified.replace(microsecond=900_000))
    assert ask(late, if_modified_since=LAST_MODIFIED).status == 304


@pytest.mark.parametrize("file", [PDF, replace(PDF, size_bytes=MAX_BODY_BYTES + 1)])
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
