"""Find the media types whose signatures the head of a file has.

`tables/signatures.txt` has the rows that compare bytes at offsets; `RECOGNISERS` has the functions
for formats that need more than that. Both are grouped by tier, the priority in Apache Tika 3.2.3.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import NamedTuple

from coffer.domain.detection.families import audio, data, executables, images, mail, text
from coffer.domain.detection.plain_text import begins_as_text
from coffer.domain.detection.registry import PLAIN_TEXT, is_a
from coffer.domain.detection.tables.registry import Part, Row, read_signatures

# A text may begin with a short signature: MZ,RT,Intensity is a table of peaks. These formats are
# text themselves.
_MAX_SHORT_BYTES, _MAX_WEAK_BYTES = 8, 3
_SHORT_SIGNATURES_OF_TEXT = frozenset(
    {
        "application/pdf",
        "application/postscript",
        "application/vnd.apple.mpegurl",
        "application/vnd.fdf",
        "application/warc",
        "application/x-archive",
        "application/x-spss-sav",
        "audio/x-sap",
        "image/cgm",
        "image/vnd.dxf; format=ascii",
        "image/x-portable-bitmap",
        "image/x-portable-graymap",
        "image/x-portable-pixmap",
    }
)
# Types that a recogniser may find by few bytes; a text is none of them.
_BINARY = ("application/vnd.fdsn.mseed", "audio/", "image/", "video/")

Recogniser = Callable[[bytes], str | None]
"""Returns a media type for the head of a file, or None."""

_ANY = bytes(range(256))
_DIGIT = b"0123456789"

RECOGNISERS: dict[int, tuple[tuple[bytes, Recogniser], ...]] = {
    90: ((_ANY, images.tga),),
    80: ((bytes(range(5, 16)), data.owner_file),),
    70: ((b"F", mail.mbox),),
    60: (
        (b"\xbe\xbf\xca", executables.fat_mach_o),
        (_ANY, executables.pe_for_machine),
        (b"\x30", audio.windows_video),
        (b"<", text.html_tag_first),
        (b"Ff", mail.saved_page),
        (_ANY, data.postscript_illustrator),
    ),
    55: (
        (b"\xce\xcf\xfe", executables.thin_mach_o),
        (b"M", executables.pe),
        (_ANY, text.robots),
    ),
    50: (
        (b"\x7f", executables.elf),
        (b"\xce\xcf\xfe", executables.any_mach_o),
        (b"\x00\rI\xff", audio.mpeg),
        (b"\x0b", audio.ac3),
        (b"\x30", audio.windows_audio),
        (b"\x00", images.cgm),
        (b"P", images.plain_anymap),
        (b"A", images.dwg),
        (bytes(range(0x08, 0x100, 0x10)), images.dgn),
        (_ANY, images.dxf),
        (b"#ADMNRXmr", mail.certain),
        (b"@", text.bibtex),
        (b">", text.fasta),
        (b"@", text.fastq),
        (b"@Rr", text.batch),
        (b"\t\n\x0b\x0c\r /dgs", text.graphviz),
        (b"0", data.cpio_of_text),
        (_DIGIT, data.marc),
        (b"F", data.flow_cytometry),
        (b"=", data.sereal),
        (b"J", data.heap_dump),
        (b"\x30", data.signed_data),
        (b"\x30", data.certificate),
        (b"\xeb", data.fat_image),
    ),
    45: ((b"CDFMRSTUXcdfmrx\xef", mail.likely),),
    40: (
        (_ANY, mail.possible),
        (b"f", text.matlab_function),
        (data.DBF_VERSIONS, data.dbf),
        (b"\x30", data.key),
    ),
    30: ((b"%", text.bibtex_after_comment),),
    10: ((_DIGIT, data.miniseed),),
}
"""Functions by tier, each after the first bytes of the files that it may recognise."""

_Rows = list[tuple[int, str, int, tuple[Part, ...]]]
"""Rank, media type, length, and the parts."""


class _Tier(NamedTuple):
    """The rows of a tier: by offset and the byte there, and those that may start anywhere."""

    by_byte: dict[int, dict[int, _Rows]]
    others: _Rows


def types_by_signature(head: bytes) -> list[str]:
    """Return the types of the highest tier that matches, the longest signature first.

    A short signature does not count in a text, unless it stands for a kind of text. One of at most
    three bytes then adds plain text to the types, so that the name decides.
    """
    if not head:
        return []
    for recognisers, rows in _tiers_for(head[0]):
        found = [
            (media_type, 0 if media_type.startswith(_BINARY) else sys.maxsize)
            for recognise in recognisers
            if (media_type := recognise(head)) is not None
        ]
        found += _matching(rows, head)
        if not found:
            continue
        if any(length <= _MAX_SHORT_BYTES for _, length in found) and begins_as_text(head):
            found = [one for one in found if _counts_in_text(*one)]
            if found and all(length <= _MAX_WEAK_BYTES for _, length in found):
                found.append((PLAIN_TEXT, 0))
        if found:
            return list(dict.fromkeys(media_type for media_type, _ in found))
    return []


def _counts_in_text(media_type: str, length: int) -> bool:
    if length > _MAX_SHORT_BYTES or is_a(media_type, PLAIN_TEXT):
        return True
    is_weak = _MAX_WEAK_BYTES >= length > 0
    return not is_weak and media_type in _SHORT_SIGNATURES_OF_TEXT


def _matching(tier: _Tier, head: bytes) -> list[tuple[str, int]]:
    """Return types and lengths of the rows that match, those at the start of the file first."""
    size = len(head)
    found = []
    candidates = [tier.others] if tier.others else []
    for offset, rows in tier.by_byte.items():
        if offset < size and (candidate := rows.get(head[offset])):
            candidates.append(candidate)
    for candidate in candidates:
        for row in candidate:
            for first, end, mark in row[3]:
                if head.find(mark, first, end) < 0:
                    break
            else:
                found.append(row)
    return [(media_type, length) for _, media_type, length, _ in sorted(found)] if found else []


@cache
def _tiers_for(first_byte: int) -> list[tuple[list[Recogniser], _Tier]]:
    """Return the recognisers and rows of each tier for files that start with a byte."""
    tiers = []
    for number, (by_byte, others) in _tiers().items():
        recognisers = [ask for starts, ask in RECOGNISERS.get(number, ()) if first_byte in starts]
        rows = {
            offset: by_mark
            for offset, by_mark in by_byte.items()
            if offset or first_byte in by_mark
        }
        if recognisers or rows or others:
            tiers.append((recognisers, _Tier(rows, others)))
    return tiers


@cache
def _tiers() -> dict[int, _Tier]:
    tiers = {tier: _Tier({}, []) for tier in RECOGNISERS}
    ranked = sorted(map(_with_length, read_signatures()), key=itemgetter(0, 1, 2, 3), reverse=True)
    for rank, (number, _, length, media_type, parts) in enumerate(ranked):
        if number not in tiers:
            tiers[number] = _Tier({}, [])
        tier = tiers[number]
        first, end, mark = parts[0]
        rows = tier.others
        if end - first == len(mark):
            rows = tier.by_byte.setdefault(first, {}).setdefault(mark[0], [])
        rows.append((rank, media_type, length, parts))
    return dict(sorted(tiers.items(), reverse=True))


def _with_length(row: Row) -> tuple[int, bool, int, str, tuple[Part, ...]]:
    """Return a row with its length, in the order of importance.

    That is: the tier; at the start of the file or not; the length; and of equally long signatures,
    Tika prefers the name that sorts last.
    """
    tier, media_type, parts = row
    _, end, mark = parts[0]
    length = len(mark) if len(parts) == 1 else sum(len(mark) for _, _, mark in parts)
    return tier, end == len(mark), length, media_type, parts
