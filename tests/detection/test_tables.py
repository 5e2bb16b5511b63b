"""The tables are consistent, and every row can be reached."""

from __future__ import annotations

import pytest

from coffer.domain.detection import canonical, extensions_of, is_a, known_media_types
from coffer.domain.detection.families import audio, data, executables, images, mail, text
from coffer.domain.detection.registry import supertype_of, type_by_name
from coffer.domain.detection.signatures import RECOGNISERS, Recogniser, types_by_signature
from coffer.domain.detection.tables.registry import (
    ALIASES,
    ENDINGS,
    EXTENSIONS,
    SPECIAL_CASES,
    WHOLE_NAMES,
    XML_ROOTS,
    Row,
    read_signatures,
)

KNOWN = frozenset(known_media_types())


def test_every_table_has_known_types_only() -> None:
    specials = {kind.replace(";", "; ") for row in SPECIAL_CASES.values() for kind in row.split()}
    named = {*WHOLE_NAMES.values(), *ENDINGS.values()}
    signed = {media_type for _, media_type, _ in read_signatures()}
    for types in (ALIASES.values(), SPECIAL_CASES, specials, named, signed, XML_ROOTS.values()):
        assert set(types) <= KNOWN


def test_an_alias_is_not_a_known_type() -> None:
    assert KNOWN.isdisjoint(ALIASES)


def test_types_are_written_uniformly() -> None:
    assert [kind for kind in KNOWN if kind != canonical(kind)] == []
    assert known_media_types() == tuple(sorted(KNOWN))


def test_every_type_is_a_special_case_of_octet_stream() -> None:
    assert [kind for kind in KNOWN if not is_a(kind, "application/octet-stream")] == []


def test_only_octet_stream_has_no_supertype() -> None:
    assert supertype_of("application/octet-stream") is None
    assert [kind for kind in KNOWN if supertype_of(kind) is None] == ["application/octet-stream"]


@pytest.mark.parametrize(
    ("special", "general"),
    [
        ("application/x-something+xml", "text/plain"),
        ("application/x-something+zip", "application/zip"),
        ("text/x-something; charset=utf-8", "text/x-something"),
        ("application/json", "text/javascript"),
        ("audio/mp4", "video/quicktime"),
        ("application/x-msdownload; format=pe64", "application/x-msdownload"),
        ("image/vnd.dgn; version=8", "application/x-tika-msoffice"),
    ],
)
def test_special_cases_are_known_by_rule_or_by_row(special: str, general: str) -> None:
    assert is_a(special, general)
    assert not is_a(general, special)


def test_a_name_stands_for_a_type_with_its_extension() -> None:
    for media_type, extensions in EXTENSIONS.items():
        for extension in extensions.split():
            meant = type_by_name(f"x.{extension}")
            assert meant is not None
            assert f".{extension}" in extensions_of(meant)
            # Where another type has it, too, the name stands for the more general one of the two.
            assert meant == media_type or not is_a(meant, media_type)


def _file_with(row: Row) -> bytes:
    """Return the smallest file with all parts of a row."""
    content = bytearray()
    for first, end, mark in row[2]:
        at = min(max(first, len(content)), end - len(mark))
        content += b"\x01" * (at - len(content))
        content[at : at + len(mark)] = mark
    return bytes(content) + b"\xff\x00"  # a short signature does not count in a text


def test_every_signature_is_found_unless_a_stronger_one_hides_it() -> None:
    hidden = [
        (media_type, parts[-1][-1])
        for tier, media_type, parts in read_signatures()
        if media_type not in types_by_signature(_file_with((tier, media_type, parts)))
    ]
    assert hidden == [
        # The least file only: its date comes sooner than that of any response.
        ("application/x-httpresponse", b"\nDate:"),
        # First in a file this is a tag of HTML; further on it is found.
        ("application/xhtml+xml", b"<html xmlns="),
        # As in Tika, for which a makefile that can be run is a shell script.
        ("text/x-makefile", b"#!/usr/bin/make"),
        ("text/x-makefile", b"#!/usr/local/bin/make"),
        ("text/x-makefile", b"#!/usr/bin/env make"),
    ]


def test_recognisers_return_none_for_short_heads() -> None:
    for recognisers in RECOGNISERS.values():
        for _, recognise in recognisers:
            for byte in range(256):
                found = recognise(bytes((byte,)))
                assert found is None or found in KNOWN


_DER = b"\x30\x80" + b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0"
_ASF = b"\x30\x26\xb2\x75"
_DBF = b"\x03\x01\x01\x01" + bytes(4) + b"\x41\x01\x02" + bytes(21) + b"NAME\x00" + bytes(6) + b"C"

RECOGNISED: dict[Recogniser, list[bytes]] = {
    data.owner_file: [
        b"\x05admin" + bytes(48) + b"\x05\x00",
        b"\x0fadmin" + bytes(48) + b"\x0f\x00",
    ],
    mail.mbox: [b"From a@b.example Mon Nov 30 00:00:00 2026\nFrom: a\n"],
    executables.fat_mach_o: [
        b"\xca\xfe\xba\xbe\x00\x00\x00\x02",
        b"\xbe\xba\xfe\xca\x02\x00\x00\x00",
    ],
    audio.windows_video: [_ASF + "wmv2".encode("utf-16-le")],
    text.html_tag_first: [b"<html>"],
    mail.saved_page: [b'From: "Saved by Internet Explorer 11"'],
    executables.thin_mach_o: [
        b"\xfe\xed\xfa\xce" + bytes(11) + b"\x02",
        b"\xce\xfa\xed\xfe" + bytes(8) + b"\x02\x00\x00\x00",
        b"\xcf\xfa\xed\xfe" + bytes(8) + b"\x02\x00\x00\x00",
    ],
    executables.pe: [b"MZ" + bytes(126) + b"PE\x00\x00"],
    executables.elf: [b"\x7fELF"],
    executables.any_mach_o: [b"\xfe\xed\xfa\xce", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"],
    audio.mpeg: [b"\xff\xfb", b"ID3", b"\r\nID3", b"\x00\x00\xff\xfb"],
    audio.ac3: [b"\x0bw\x00\x00\x00\x40"],
    audio.windows_audio: [_ASF + "Windows Media Audio".encode("utf-16-le")],
    images.cgm: [b"\x00\x21\x10\x22\x00\x01"],
    images.plain_anymap: [b"P1\n2 2\n0 1 1 0\n"],
    images.dwg: [b"AC1015"],
    images.dgn: [b"\x08\x09\xfe\x02", b"\xc8\x09\xfe\x02"],
    mail.certain: [
        b"#! rnews 1",
        b"N#! rnews 1",
        b"X-Mailer: x",
        b"Relay-Version: x",
        b"return-path: x",
        b"Message-ID: x",
        b"X-A: b\nDate: c\n",
        b"DKIM-A: b\nDate: c\n",
        b"ARC-A: b\nDate: c\n",
    ],
    text.bibtex: [b"@book{a"],
    text.fasta: [b">a\nACGTACGTACGT\n"],
    text.fastq: [b"@a\nACGT\n+\n!!!!\n"],
    text.batch: [b"@echo off\r\n", b"REM x\r\necho y\r\n", b"rem x\r\necho y\r\n"],
    text.graphviz: [
        b"graph a {",
        b"digraph a {",
        b"strict graph a {",
        b"// a\ngraph b {",
        b"/* a */ graph b {",
        b" graph a {",
    ],
    data.cpio_of_text: [b"070707" + b"0" * 44],
    data.marc: [b"00714cam  2200205 a 4500"],
    data.flow_cytometry: [b"FCS3.0    "],
    data.sereal: [b"=srl\x01"],
    data.heap_dump: [b"JAVA PROFILE 1.0.2\x00"],
    data.signed_data: [_DER],
    data.certificate: [
        b"\x30\x82" + bytes(10) + b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"
    ],
    data.fat_image: [b"\xeb\x3c\x90" + bytes(11) + b"\x02" + bytes(9)],
    mail.likely: [
        *(
            field + b": x\nReceived: y\n"
            for field in (
                *(b"Content-ID", b"date", b"From", b"message-id", b"Received", b"x-originating-ip"),
                *(b"Delivered-To", b"Sent", b"To", b"User-Agent", b"X-Mailer"),
            )
        ),
        b"\xef\xbb\xbfSubject: x\nReceived: y\n",
    ],
    text.matlab_function: [b"function a = b(c)"],
    data.dbf: [_DBF],
    data.key: [b"\x30\x80\x02\x01\x00"],
    text.bibtex_after_comment: [b"% a\n@book{a"],
    data.miniseed: [b"000001D " + bytes(40)],
}


def test_a_recogniser_finds_nothing_in_files_that_start_with_other_bytes() -> None:
    for starts, recognise in (row for rows in RECOGNISERS.values() for row in rows):
        if len(starts) == 256:
            continue
        for head in RECOGNISED[recognise]:
            assert recognise(head), (recognise, head)
            others = (bytes((byte,)) + head[1:] for byte in range(256) if byte not in starts)
            assert [other for other in others if recognise(other)] == []
