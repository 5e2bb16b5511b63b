"""Files that try to make the detector fail, loop or use too much: it returns within its limits.

Time is limited by counting reads, bytes and calls, which do not depend on the machine.
"""

from __future__ import annotations

import gzip
import struct
import sys
import zipfile
import zlib
from encodings.aliases import aliases
from types import FrameType
from typing import Any

import pytest

from coffer.domain.detection import detect
from tests.detection import builders
from tests.detection.builders import CountingReader

HEAD = 65_536
# Some ten times what the most laborious honest file needs; 250 ms hold half a million.
MAX_CALLS = 30_000


def detect_bounded(content: bytes, name: str | None = None) -> str:
    """Return the detected type; check the number of reads, bytes and Python calls."""
    reader = CountingReader.of(content)
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    previous = sys.getprofile()
    sys.setprofile(count)
    try:
        detected = detect(reader, name)
    finally:
        sys.setprofile(previous)
    assert len(reader.reads) <= 4
    assert reader.bytes_read <= 262_144
    assert calls <= MAX_CALLS
    return detected.media_type


BOMB = zlib.compressobj(9, zlib.DEFLATED, -15)
DEFLATED_ZEROS = BOMB.compress(bytes(50_000_000)) + BOMB.flush()
LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "lol">' for n in range(10)
)


def zip_of_raw_member(
    name: bytes, packed: bytes, *, method: int = 8, claimed: int | None = None
) -> bytes:
    """Return an archive of one member with the given bytes and sizes."""
    size = len(packed) if claimed is None else claimed
    local = struct.pack(
        "<IHHHHHIIIHH", 0x04034B50, 20, 0, method, 0, 0, 0, size, size, len(name), 0
    )
    start = local + name + packed
    central = struct.pack(
        "<IHHHHHHIIIHHHHHII",
        0x02014B50, 20, 20, 0, method, 0, 0, 0, size, size, len(name), 0, 0, 0, 0, 0, 0,
    ) + name  # fmt: skip
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), len(start), 0)
    return start + central + end


@pytest.mark.parametrize("length", [1, 3, 4, 29, 30, 31, 60, 100, 200, 300])
def test_a_zip_cut_anywhere(length: int) -> None:
    assert detect_bounded(builders.xlsx()[:length]) != ""


def test_a_bomb_in_the_list_of_parts_is_ignored() -> None:
    archive = zip_of_raw_member(b"[Content_Types].xml", DEFLATED_ZEROS)
    assert detect_bounded(archive) == "application/x-tika-ooxml"


def test_a_bomb_as_mimetype() -> None:
    assert detect_bounded(zip_of_raw_member(b"mimetype", DEFLATED_ZEROS)) == "application/zip"


def test_a_bomb_in_gzip() -> None:
    assert detect_bounded(gzip.compress(bytes(20_000_000))) == "application/gzip"


@pytest.mark.parametrize("claimed", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_member_with_a_wrong_size(claimed: int) -> None:
    archive = zip_of_raw_member(b"mimetype", b"application/epub+zip", method=0, claimed=claimed)
    assert detect_bounded(archive) in ("application/zip", "application/epub+zip")


@pytest.mark.parametrize("field", range(0, 46, 2))
def test_a_directory_full_of_large_numbers(field: int) -> None:
    archive = bytearray(builders.xlsx())
    central = archive.rindex(b"PK\x01\x02")
    archive[central + field : central + field + 2] = b"\xff\xff"
    detect_bounded(bytes(archive))


def test_a_zip_of_headers_only() -> None:
    header = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert detect_bounded(header * 8000) == "application/zip"


def test_a_directory_of_a_hundred_thousand_members() -> None:
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, *(0,) * 16)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0, 0, len(entry) * 100_000, 4, 0)
    assert detect_bounded(b"PK\x03\x04" + entry * 100_000 + end) == "application/zip"


@pytest.mark.parametrize("following", [1, 0, 2, 127, 0xFFFFFFF9])
def test_a_directory_with_a_loop_or_outside_the_file(following: int) -> None:
    looping = builders.ole2(["WordDocument"], next_of_directory=following)
    assert detect_bounded(looping) == "application/msword"


def test_a_tree_of_names_with_a_loop() -> None:
    document = bytearray(builders.ole2(["a", "WordDocument"]))
    first_child = 1024 + 128
    document[first_child + 68 : first_child + 76] = struct.pack("<II", 1, 2)
    document[first_child + 128 + 68 : first_child + 128 + 76] = struct.pack("<II", 1, 0)
    assert detect_bounded(bytes(document)) == "application/msword"


@pytest.mark.parametrize("shift", [0, 1, 8, 9, 12, 16, 255, 65_535])
def test_a_compound_file_of_impossible_sectors(shift: int) -> None:
    document = bytearray(builders.ole2(["WordDocument"]))
    document[30:32] = struct.pack("<H", shift)
    # Where the directory can't be found, a name near the start still tells.
    assert detect_bounded(bytes(document)) == "application/msword"


def test_a_directory_name_longer_than_its_field() -> None:
    document = bytearray(builders.ole2(["WordDocument"]))
    document[1024 + 128 + 64 : 1024 + 128 + 66] = b"\xff\xff"
    assert detect_bounded(bytes(document)) == "application/x-tika-msoffice"


@pytest.mark.parametrize(
    "document",
    [
        f"<!DOCTYPE a [{LAUGHS}]><a>&l9;</a>",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "<!DOCTYPE a [<!ENTITY % p \"<!ENTITY q 'x'>\"> %p;]><a/>",
        '<!DOCTYPE a [<!ENTITY big "' + "x" * 300 + '">]><a b="' + "&big;" * 9000 + '"/>',
        "<!DOCTYPE a [" + "".join(f'<!ENTITY e{n} "x">' for n in range(3000)) + "]><a/>",
    ],
    ids=["laughs", "external", "parameter", "quadratic", "thousands"],
)
def test_expanding_entities_are_not_expanded(document: str) -> None:
    assert detect_bounded(f'<?xml version="1.0"?>{document}'.encode()) == "application/xml"


@pytest.mark.parametrize(
    "content",
    [
        b"<!--" * (HEAD // 4),
        b"<?xml version='1.0'?>" + b"<!--" * (HEAD // 4),
        b"<?xml version='1.0'?>" + b"<a " * (HEAD // 3),
        b"<?xml version='1.0'?><" + b"a" * HEAD,
        b"<?xml version='1.0'?><a " + b" ".join(b"x%d=''" % n for n in range(8000)),
        b"<?xml " + b"?" * HEAD,
        b"<html" * (HEAD // 5),
        b"<!DOCTYPE html" + b"[" * HEAD,
        b"From " + b"\nX-" * (HEAD // 3),
        b"X-" + b"\n" * HEAD,
        b"//\n" * (HEAD // 3),
        b"/*" * (HEAD // 2),
        b" " * HEAD + b"graph",
        b"function " + b"a" * HEAD,
        b"%" * HEAD,
        b"\x00" * HEAD,
        b"\xff" * HEAD,
        b"ID3" + b"\xff" * HEAD,
        b"OggS\x00\x02" + bytes(20) + b"\x00" + b"OggS\x00\x02" * 9000,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * HEAD,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * HEAD,
        b"PK\x05\x06" * (HEAD // 4),
        b"PK\x01\x02" * (HEAD // 4),
        b"bplist" * (HEAD // 6),
        b"MZ" * (HEAD // 2),
        b"\x30\x82" * (HEAD // 2),
        b"solid " * (HEAD // 6),
        b"0\nSECTION\n" * (HEAD // 10),
    ],
    ids=lambda content: repr(content[:24]),
)
def test_long_repetitions(content: bytes) -> None:
    assert detect_bounded(content)
    assert detect_bounded(content * 5, "a.xml")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "/",
        "a/",
        ".csv",
        "x.",
        "a" * 100_000,
        "." * 100_000,
        "a." + "b" * 100_000,
        "x.csv" * 20_000,
        "\x00.csv",
        "a\u202egpj.exe",
        "標本.CSV",
        "\ud800.csv",
        "..\\..\\a.csv",
        "http://example.org/?a=b.exe#c.csv",
        "İ.CSV",
    ],
)
def test_names_of_every_kind(name: str) -> None:
    detected = detect_bounded(b"Test content", name)
    assert detected in ("text/plain", "text/csv")


def test_the_archive_of_everything() -> None:
    members: dict[str, bytes | str] = {
        "META-INF/manifest.xml": b"<!--" * 16_000,
        "buildVersionHistory.plist": "",
        "index.apxl": b"<a" * 30_000,
        "index.xml": b"<?xml " * 10_000,
        "presentation.apxl": b"&" * 60_000,
    }
    archive = builders.zip_of(members, method=zipfile.ZIP_STORED)
    assert detect_bounded(archive) == "application/vnd.apple.iwork"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("body", [b"a9", b"\\z\\x", b"\xff\x80", b"~{"])
def test_no_declared_encoding_costs_time_or_raises(body: bytes, mark: bytes) -> None:
    """Python's escape codecs give warnings, which are errors here."""
    for name in sorted({*aliases, *aliases.values(), "punycode", "idna", "unicode_escape"}):
        declared = mark + f'<?xml version="1.0" encoding="{name}"?>-'.encode()
        detect_bounded((declared + body * 500)[:HEAD])


@pytest.mark.parametrize("encoding", ["punycode", "idna", "unicode_escape", "hex", "rot13", ""])
def test_a_text_in_an_encoding_of_something_else_is_not_decoded(encoding: str) -> None:
    """punycode takes quadratic time."""
    document = f'<?xml version="1.0" encoding="{encoding}"?><rss/>'
    assert detect_bounded(document.encode()) == "text/plain"
