"""Text in its encodings, XML in its dialects, mail, and similar files."""

from __future__ import annotations

import pytest

from tests.detection.detected import type_of

SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'
DECLARED = '<?xml version="1.0"?>\n'
MAIL = "From: a@example.org\nTo: b@example.org\nSubject: x\n\nHello\n"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        ("Größe, café, naïve".encode(), "text/plain"),
        ("déjà vu, à la carte, crème brûlée".encode("latin-1"), "text/plain"),
        ("\ufeffcollected in May".encode("utf-16-le"), "text/plain"),
        ("\ufeffcollected in May".encode("utf-16-be"), "text/plain"),
        ("\ufeffcollected in May".encode(), "text/plain"),
        ("標本の採集地".encode(), "text/plain"),
        (("標本の採集地" * 10).encode("shift-jis"), "application/octet-stream"),
        (b"\t\r\n\x0c\x1b", "text/plain"),
        (b"\t\r\n\x0e\x1c", "application/octet-stream"),
        (b"x" * 200 + b"\x00", "text/plain"),
        (b"x" * 20 + b"\x00", "application/octet-stream"),
        (bytes(64), "application/octet-stream"),
        (b"BMW cars and other vehicles", "text/plain"),
        (b"GIF is a format from 1987", "text/plain"),
        (b'{"a": 1}', "text/plain"),
        (b"{\\rtf1 x}", "application/rtf"),
        (b"%!PS-Adobe-3.0\n", "application/postscript"),
        (b"%!PS-Adobe-3.0\r%AI5_FileFormat 3\r", "application/illustrator+ps"),
        (b"%PDF-1.4\n", "application/pdf"),
        (b"\xef\xbb\xbf%PDF-1.4\n", "application/pdf"),
        (b"junk before\n%PDF-1.4\n", "application/pdf"),
        (b"BEGIN:VCARD\nVERSION:3.0\n", "text/x-vcard"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "text/calendar"),
        (b"BEGIN:VCALENDAR\nVERSION:1.0\n", "text/x-vcalendar"),
        (b"WEBVTT\n\n00:00", "text/vtt"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n", "application/x-subrip"),
        (b"@Article{key,\n", "application/x-bibtex-text-file"),
        (b"% from my library\n@book{key,\n", "application/x-bibtex-text-file"),
        (b"\\documentclass{article}\n", "application/x-tex"),
        (b"solid cube\n facet normal 0 0 1\n", "model/x.stl-ascii"),
        (b"digraph G { a -> b }", "text/vnd.graphviz"),
        (b"// a\n// b\nstrict graph {", "text/vnd.graphviz"),
        (b"/* a */ graph {", "text/vnd.graphviz"),
        (b"/* a graph", "text/plain"),
        (b"graphs are everywhere", "text/plain"),
        (b"diff -u a b\n--- a\n+++ b\n", "text/x-diff"),
        (b"*** a\tMay\n--- b\tMay\n***************\n", "text/x-diff"),
        (b"Common subdirectories: a/x and b/x\n", "text/x-diff"),
        (b"diff between the two transects\n", "text/plain"),
        (b"*** field notes ***\nrain\n", "text/plain"),
        (b"Only in the north of the range\n", "text/plain"),
        (b"Common subdirectories: see below\n", "text/plain"),
        (b"Forward to the herbarium, please\n", "text/plain"),
        (b"Pipe to the second tank is leaking\n", "text/plain"),
        (b"#! rnews 1234\n", "message/rfc822"),
        (b"#!/bin/sh\n# This is a shell archive\n", "application/x-sh"),
        (b"function [a, b] = f(x)\n", "text/x-matlab"),
        (b"function y = f(x)\n", "text/x-matlab"),
        (b"function main\nend\n", "text/x-matlab"),
        (b"function main() { return 1 }", "text/plain"),
        (b"function 1x = 2", "text/plain"),
        (b"User-agent: *\nDisallow: /private\n", "text/x-robots"),
        (b"Disallow: /private\n", "text/plain"),
        (b"ONTOLOGY SOURCE REFERENCE\n", "application/x-isatab-investigation"),
        (b'"Source Name"\t"Term"\n', "application/x-isatab"),
        (b'"Sample Name"\t"Term"\n', "application/x-isatab-assay"),
    ],
)
def test_text_by_its_bytes(content: bytes, media_type: str) -> None:
    assert type_of(content) == media_type


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        ("a,b\n1,2\n", "t.csv", "text/csv"),
        ("a\tb\n", "t.TSV", "text/tab-separated-values"),
        ('{"a": 1}', "t.json", "application/json"),
        ("# Title\n", "README.md", "text/x-web-markdown"),
        ("int x;", "a.C", "text/x-c++src"),
        ("int x;", "a.c", "text/x-csrc"),
        ("#include <x>\n", "a.cpp", "text/x-csrc"),
        ("all:\n", "Makefile", "text/x-makefile"),
        ("x <- 1\n", "an.R", "text/x-rsrc"),
        ("text", "photo.jpg", "text/plain"),
        ("text", "paper.pdf", "text/plain"),
        ("Deny from all\n", ".htaccess", "text/plain"),
        ("<#if x>y</#if>", "page.ftlh", "text/x-freemarker-template"),
        (DECLARED + "<gpx/>", "track.gpx", "application/xml"),
        (
            DECLARED + "<office:document",
            "cut-off.fods",
            "application/vnd.oasis.opendocument.flat.spreadsheet",
        ),
    ],
)
def test_text_by_its_name(content: str, name: str, media_type: str) -> None:
    assert type_of(content, name) == media_type


@pytest.mark.parametrize(
    ("document", "media_type"),
    [
        (DECLARED + "<records/>", "application/xml"),
        ("<!-- a comment first --><records/>", "application/xml"),
        (SVG, "image/svg+xml"),
        (DECLARED + SVG, "image/svg+xml"),
        (DECLARED + '<s:svg xmlns:s="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        (DECLARED + "<kml/>", "application/vnd.google-earth.kml+xml"),
        (DECLARED + '<feed xmlns="http://www.w3.org/2005/Atom"/>', "application/atom+xml"),
        (DECLARED + '<rss version="2.0"/>', "application/rss+xml"),
        (
            DECLARED + '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
            "application/rdf+xml",
        ),
        (DECLARED + "<topic/>", "application/dita+xml; format=topic"),
        (
            DECLARED + '<o:document xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0"/>',
            "application/vnd.oasis.opendocument.tika.flat.document",
        ),
        (DECLARED + "<tmx/>", "application/x-tmx"),
        (DECLARED + "<MPD/>", "application/xml"),
        ("<html><body>x</body></html>", "text/html"),
        ("<!DOCTYPE html>\n<p>x", "text/html"),
        ("<h1 class='x'>x</h1>", "text/html"),
        ("\n\n<!-- x -->\n<HTML>", "text/html"),
        (
            DECLARED + '<html xmlns="http://www.w3.org/1999/xhtml"><head/></html>',
            "application/xhtml+xml",
        ),
        (DECLARED + "no element here", "text/plain"),
        (DECLARED + "<a", "text/plain"),
    ],
)
def test_xml_by_its_document_element(document: str, media_type: str) -> None:
    assert type_of(document) == media_type


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_xml_in_other_encodings(encoding: str) -> None:
    assert type_of((DECLARED + SVG).encode(encoding)) == "image/svg+xml"


def test_xml_in_an_encoding_that_it_declares() -> None:
    document = '<?xml version="1.0" encoding="GB18030"?><!-- 标本 --><kml/>'
    assert type_of(document.encode("gb18030")) == "application/vnd.google-earth.kml+xml"


@pytest.mark.parametrize("encoding", ["klingon", "utf-7", "\x00", "undefined", "idna", "hex"])
def test_xml_in_an_unknown_encoding_has_the_type_of_its_name(encoding: str) -> None:
    document = f"<?xml version='1.0' encoding='{encoding}'?><kml/>"
    assert type_of(document) in ("text/plain", "application/vnd.google-earth.kml+xml")


def test_drawings_may_declare_their_namespaces_as_entities() -> None:
    drawing = (
        DECLARED + '<!DOCTYPE svg [<!ENTITY ns_svg "http://www.w3.org/2000/svg">]>'
        '<svg xmlns="&ns_svg;"/>'
    )
    assert type_of(drawing) == "image/svg+xml"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (MAIL, "message/rfc822"),
        ("\ufeff" + MAIL, "message/rfc822"),
        ("Return-Path: <a@example.org>\n", "message/rfc822"),
        ("X-Anything: 1\nDate: today\n", "message/rfc822"),
        ("X-Anything: 1\nMore: text\n", "text/plain"),
        ("Notes first\nMessage-ID: <1@example.org>\n", "message/rfc822"),
        ("From: the north, where we went\nin May.\n", "text/plain"),
        ("Path: news.example.org\n", "message/news"),
        (
            "From a@example.org Mon May  2 10:00:00 2022\nFrom: <a@example.org>\n",
            "application/mbox",
        ),
        (
            "From a@example.org Mon May  2 10:00:00 2022\nX-Status: RO\n"
            + "X-Pad: 1\n" * 40
            + "Date: today\n",
            "application/mbox",
        ),
        ("From here to there\nand nowhere else\n", "text/plain"),
        ("MIME-Version: 1.0\nContent-Type: multipart/related; b\n", "multipart/related"),
        ("From: <Saved by Windows Internet Explorer 8>\n", "multipart/related"),
        ("HTTP/1.1 200 OK\nServer: x\n", "application/x-httpresponse"),
        ("1234\nReceived: from here\n", "message/x-emlx"),
    ],
)
def test_mail_and_mailboxes(content: str, media_type: str) -> None:
    assert type_of(content) == media_type
