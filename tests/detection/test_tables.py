"""The tables are consistent, and every row can be reached."""

from __future__ import annotations

import pytest

from coffer.domain.detection import canonical, extensions_of, is_a, known_media_types
from coffer.domain.detection.registry import supertype_of, type_by_name
from coffer.domain.detection.signatures import RECOGNISERS, types_by_signature
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
    for first, last, mark in row[2]:
        at = min(max(first, len(content)), last)
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
        for recognise in recognisers:
            for byte in range(256):
                found = recognise(bytes((byte,)))
                assert found is None or found in KNOWN
