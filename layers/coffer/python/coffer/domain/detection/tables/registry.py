"""The tables of media types that the text files beside this module hold."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from coffer.domain.text_tables import read_table

EXTENSIONS = {
    row[0]: row[1] if len(row) > 1 else "" for row in read_table(__file__, "extensions.txt")
}
"""File extensions by media type: separated by spaces, without the dot, the primary one first."""

ALIASES = {row[0]: row[1] for row in read_table(__file__, "aliases.txt")}
"""The name that the detector uses, by other names of the same media type."""

SPECIAL_CASES = {row[0]: row[1] for row in read_table(__file__, "special_cases.txt")}
"""Media types directly under a general one, separated by spaces, by the general type."""

WHOLE_NAMES = {row[0]: row[1] for row in read_table(__file__, "whole_names.txt")}
"""Media types by whole file name."""

ENDINGS = {"-gz": "application/gzip"}
"""Media types by an ending of the file name that is no extension."""

XML_ROOTS = {
    ("" if namespace == "-" else namespace, name): media_type
    for name, media_type, namespace in read_table(__file__, "xml_roots.txt")
}
"""Media types of XML dialects, by namespace ("" for none) and name of the document element."""

Part = tuple[int, int, bytes]
"""Bytes of a signature, after the start and end of the part of a file that may hold them."""
Row = tuple[int, str, tuple[Part, ...]]
"""A tier, a media type, and the parts of its signature."""


def read_signatures() -> Iterator[Row]:
    """Yield the rows of signatures.txt."""
    for tier, media_type, *cells in read_table(__file__, "signatures.txt"):
        yield int(tier), media_type, tuple(map(_part, cells[::2], cells[1::2]))


def _part(offset: str, escaped: str) -> Part:
    mark = escaped.encode()
    if b"\\" in mark:
        mark = mark.decode("unicode_escape").encode("latin1")
    first, last = _offsets(offset)
    return first, last + len(mark), mark


@cache
def _offsets(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)
