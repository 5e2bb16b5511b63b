"""Media types that a browser may display: only those in which it runs nothing, and real PDFs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from coffer.domain.detection import known_media_types
from coffer.domain.media_types import INERT_TYPES
from coffer.http.downloads.responses import MAX_BODY_BYTES
from tests.unit.http.downloads.test_responses import FILE, ask, changed

PDF = "application/pdf"
SCRIPTABLE = [
    # HTML and XML: WHATWG MIME Sniffing, 4.6 "scriptable MIME type". XML can name a style sheet in
    # XSLT, or have elements of XHTML and SVG.
    "text/html",
    "application/xhtml+xml",
    "text/xml",
    "application/xml",
    "application/xml-dtd",
    "application/xslt+xml",
    "text/xsl",
    "image/svg+xml",
    "application/mathml+xml",
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/vnd.mozilla.xul+xml",
    "application/vnd.wap.xhtml+xml",
    "application/smil+xml",
    "application/vnd.google-earth.kml+xml",
    # Web archives (MHTML): RFC 2557, and the types that browsers give them.
    "multipart/related",
    "multipart/x-mixed-replace",
    "message/rfc822",
    "message/rfc2557",
    "application/x-mimearchive",
    "application/x-webarchive",
    # Scripts, and what plug-ins run.
    "text/javascript",
    "application/javascript",
    "application/ecmascript",
    "text/vbscript",
    "text/x-component",
    "application/x-shockwave-flash",
    "application/java-archive",
    "application/x-java-applet",
    "application/hta",
    "application/wasm",
    # Unknown types, whose content browsers sniff (WHATWG MIME Sniffing, 7.1).
    "unknown/unknown",
    "application/unknown",
    "*/*",
    "text/css",
    "text/vtt",
    "text/markdown",
    "application/postscript",
]
ALL_TYPES = sorted({*known_media_types(), *SCRIPTABLE} - INERT_TYPES - {PDF})


def dispositions(media_type: str, detected: str | None) -> set[str]:
    """Return how the file is sent: in the response, behind a redirect and behind a link."""
    small = replace(FILE, media_type=media_type, detected_media_type=detected)
    large = changed(small, size_bytes=MAX_BODY_BYTES + 1)
    query = "disposition=inline"
    sent = [
        ask(small, query=query).headers["Content-Disposition"],
        ask(small, query=query, range="bytes=0-1").headers["Content-Disposition"],
        ask(small, "HEAD", query).headers["Content-Disposition"],
        ask(large, "HEAD", query).headers["Content-Disposition"],
    ]
    links = [
        ask(large, query=query).headers["Location"],
        ask(small, query=f"{query}&redirect=true").headers["Location"],
        json.loads(ask(small, query=f"{query}&redirect=false").body)["url"],
    ]
    sent += [link.split("&disposition=")[1] for link in links]
    return {one.partition(";")[0] for one in sent}


def test_the_list_of_inert_types_has_none_that_runs_scripts() -> None:
    assert INERT_TYPES.isdisjoint(SCRIPTABLE)
    assert not [one for one in INERT_TYPES if one.endswith(("xml", "html"))]


def test_every_other_known_type_is_an_attachment() -> None:
    assert len(ALL_TYPES) > 1000
    shown = {
        media_type
        for media_type in ALL_TYPES
        for detected in (media_type, PDF, None)
        if dispositions(media_type, detected) != {"attachment"}
    }
    assert shown == set()


@pytest.mark.parametrize("media_type", SCRIPTABLE)
@pytest.mark.parametrize(
    "spelling",
    [
        "{upper}",
        " {type} ",
        "{type};charset=utf-8",
        "{type} ; a=b",
        "image/png, {type}",
        "image/png;a=b, {type}",
        "application/pdf, {type}",
        "text/plain;a=b,{type}",
        "image/png;,{type}",
        'text/plain; a="b, {type}"',
    ],
)
def test_no_spelling_of_a_type_that_runs_scripts_is_displayed(
    media_type: str, spelling: str
) -> None:
    declared = spelling.format(type=media_type, upper=media_type.upper())
    for detected in (media_type, PDF, "image/png", None):
        assert dispositions(declared, detected) == {"attachment"}


@pytest.mark.parametrize("media_type", sorted(INERT_TYPES))
def test_an_inert_type_is_displayed_and_not_sniffed(media_type: str) -> None:
    assert dispositions(media_type, None) == {"inline"}
    file = replace(FILE, media_type=media_type)
    headers = ask(file, query="disposition=inline").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == media_type


@pytest.mark.parametrize("declared", [PDF, "Application/PDF", "application/pdf; version=1.7"])
def test_a_detected_pdf_is_displayed_on_both_sides_of_the_redirect(declared: str) -> None:
    assert dispositions(declared, PDF) == {"inline"}
    large = changed(
        replace(FILE, media_type=declared, detected_media_type=PDF), size_bytes=MAX_BODY_BYTES + 1
    )
    assert f"type={declared}&" in ask(large, query="disposition=inline").headers["Location"]


@pytest.mark.parametrize(
    ("declared", "detected"),
    [(PDF, "text/html"), (PDF, "text/plain"), (PDF, None), (PDF, ""), ("text/html", PDF)],
)
def test_what_is_only_called_a_pdf_is_an_attachment(declared: str, detected: str | None) -> None:
    assert dispositions(declared, detected) == {"attachment"}
