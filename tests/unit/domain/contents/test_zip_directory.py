"""The members of zip archives are listed from the directory, whatever it claims."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.contents.record import (
    DamagedArchiveError,
    ListedMember,
    Position,
)
from coffer.domain.contents.zip_directory import list_zip
from coffer.domain.errors import MalformedRequestError
from tests.detection.builders import CountingReader
from tests.unit.domain.contents.pages import members_of, page_of

listed = partial(page_of, list_zip)
all_members = partial(members_of, list_zip)


def zip_of(*names: str, comment: bytes = b"", body: bytes = b"body") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            info = zipfile.ZipInfo(name, (2026, 5, 1, 12, 30, 58))
            archive.writestr(info, body, zipfile.ZIP_DEFLATED)
        archive.comment = comment
    return out.getvalue()


def entry(
    name: bytes = b"a.txt",
    *,
    flags: int = 0,
    made_by: int = 20,
    sizes: tuple[int, int] = (4, 4),
    extra: bytes = b"",
    comment: bytes = b"",
    attributes: int = 0,
    date: int = 0x5CA1,
) -> bytes:
    return (
        struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", made_by, 20, flags, 8, 0x63DD, date, 0xABCD, *sizes,
            len(name), len(extra), len(comment), 0, 0, attributes, 0xFFFFFF00,
        )
        + name + extra + comment
    )  # fmt: skip


def archive_of(*entries: bytes, count: int | None = None, size: int | None = None) -> bytes:
    directory = b"".join(entries)
    count = len(entries) if count is None else count
    size = len(directory) if size is None else size
    return directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, size, 0, 0)


def zip64_of(
    *entries: bytes, count: int | None = None, size: int | None = None, is_small: bool = False
) -> bytes:
    """Return an archive with ZIP64 records; if `is_small`, the last record has its numbers, too."""
    directory = b"".join(entries)
    count = len(entries) if count is None else count
    size = len(directory) if size is None else size
    end = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(directory), 1)
    counts, places = ([count] * 2, [size, 0]) if is_small else ([0xFFFF] * 2, [0xFFFFFFFF] * 2)
    last = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, *counts, *places, 0)
    return directory + end + locator + last


def extra_of(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def test_a_member_has_what_the_directory_says() -> None:
    archive = zip_of("folder/", "folder/Käfer.txt", body=b"a" * 100)
    folder, file = listed(archive).members
    assert (folder.number, folder.name, folder.is_directory) == (1, "folder/", True)
    packed = file.packed_bytes
    assert packed is not None
    assert packed < 100
    assert file == ListedMember(
        number=2,
        name="folder/Käfer.txt",
        is_directory=False,
        size_bytes=100,
        packed_bytes=packed,
        modified="2026-05-01T12:30:58",
        crc32=f"{zlib.crc32(b'a' * 100):08x}",
    )


def test_the_pages_have_all_members_once_and_in_order() -> None:
    names = [f"folder/{number:05}.txt" for number in range(3000)]
    archive = zip_of(*names)
    page = listed(archive, limit=7)
    assert [one.name for one in page.members] == names[:7]
    assert (page.total, page.is_lower_bound, page.damage) == (3000, False, None)
    for limit in (7, 1000):
        members = all_members(archive, limit)
        assert [one.name for one in members] == names
        assert [one.number for one in members] == list(range(1, 3001))


def test_a_small_archive_takes_one_read_and_a_large_one_two() -> None:
    small = CountingReader.of(zip_of("a", "b"))
    listed(small)
    assert len(small.reads) == 1
    archive = zip_of("a", "b", comment=b"c" * 65_535)
    size = 5 * 1024**4
    huge = CountingReader.sparse(size, {size - len(archive): archive})
    assert [one.name for one in listed(huge).members] == ["a", "b"]
    assert len(huge.reads) == 2


def test_an_empty_archive_has_no_members() -> None:
    page = listed(zip_of())
    assert (page.members, page.next, page.total, page.damage) == ([], None, 0, None)


def test_bytes_in_front_of_an_archive_and_its_comment_do_not_matter() -> None:
    archive = zip_of("a.txt", comment=b"a comment with PK\x05\x06 in it " + bytes(30))
    assert [one.name for one in listed(b"#!/bin/sh\n" * 50 + archive).members] == ["a.txt"]


def test_zip64_has_its_counts_and_sizes_in_other_records() -> None:
    big = entry(
        b"big", sizes=(0xFFFFFFFF, 0xFFFFFFFF),
        extra=extra_of(0x0001, struct.pack("<3Q", 2**33, 2**32, 2**40)),
    )  # fmt: skip
    packed_only = entry(
        b"packed", sizes=(0xFFFFFFFF, 7), extra=extra_of(0x0001, struct.pack("<Q", 2**34))
    )
    missing = entry(b"missing", sizes=(0xFFFFFFFF, 0xFFFFFFFF))
    archive = zip64_of(big, packed_only, missing)
    for shifted in (archive, b"prefix" * 100 + archive):
        page = listed(shifted)
        assert [(one.size_bytes, one.packed_bytes) for one in page.members] == [
            (2**33, 2**32), (7, 2**34), (None, None),
        ]  # fmt: skip
        assert page.total == 3


def test_an_archive_that_was_written_to_a_pipe_has_zip64_records_without_need() -> None:
    """As by Info-ZIP (`cat a.txt | zip - -`) and .NET."""
    page = listed(zip64_of(entry(b"a"), entry(b"b"), is_small=True))
    assert ([one.name for one in page.members], page.damage) == (["a", "b"], None)


def test_a_comment_that_looks_like_a_zip64_locator_is_a_comment() -> None:
    comment = struct.pack("<4sIQI", b"PK\x06\x07", 0, 0, 1)
    page = listed(archive_of(entry(b"a"), entry(b"b", comment=comment)))
    assert ([one.name for one in page.members], page.damage) == (["a", "b"], None)


def test_a_million_members_are_listed_in_pages_with_their_number() -> None:
    count, one = 1_000_000, entry(b"a" * 20)
    archive = zip64_of(*[one] * count)
    reader = CountingReader.of(archive)
    page = listed(reader)
    assert (len(page.members), page.total, page.is_lower_bound) == (1000, count, False)
    last = listed(reader, Position(len(one) * (count - 3), count - 3))
    assert [member.number for member in last.members] == [count - 2, count - 1, count]
    assert last.next is None


def test_a_count_that_does_not_fit_16_bits_is_a_lower_bound() -> None:
    archive = archive_of(*[entry()] * 65_540, count=4)
    first = listed(archive)
    assert (first.total, first.is_lower_bound) == (1000, True)
    assert len(all_members(archive)) == 65_540


NAMES: dict[str, tuple[bytes, int, bytes, str]] = {
    "UTF-8 with the flag": ("Käfer".encode(), 0x800, b"", "Käfer"),
    "UTF-8 without the flag": ("標本".encode(), 0, b"", "標本"),
    "code page 437": ("Käfer".encode("cp437"), 0, b"", "Käfer"),
    "no UTF-8 with the flag": (b"K\x84fer", 0x800, b"", "K\ufffdfer"),
    "Unicode field": (
        b"K?fer", 0, extra_of(0x7075, b"\x01" + struct.pack("<I", zlib.crc32(b"K?fer"))
                              + "Käfer".encode()), "Käfer",
    ),
    "Unicode field of another name": (
        b"a.txt", 0, extra_of(0x7075, b"\x01" + struct.pack("<I", 7) + b"b.txt"), "a.txt",
    ),
    "control characters": (
        b"a\x00b\r\n\x1b[31m\x7f\xc2\x85", 0x800, b"",
        "a\ufffdb\ufffd\ufffd\ufffd[31m\ufffd\ufffd",
    ),
    "half a surrogate pair": (b"\xed\xa0\x80", 0x800, b"", "\ufffd\ufffd\ufffd"),
    "path to elsewhere": (b"../../etc/passwd", 0, b"", "../../etc/passwd"),
    "nothing": (b"", 0, b"", ""),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "flags", "extra", "name"), NAMES.values(), ids=NAMES)
def test_names_are_decoded(raw: bytes, flags: int, extra: bytes, name: str) -> None:
    [member] = listed(archive_of(entry(raw, flags=flags, extra=extra))).members
    assert member.name == name
    member.name.encode()


@pytest.mark.parametrize(
    ("made_by", "attributes", "name", "is_directory"),
    [
        (0x0314, 0o040755 << 16, b"d", True),
        (0x0314, 0o100644 << 16 | 0x10, b"f", False),
        (0x0314, 0, b"d/", True),
        (0x0014, 0x10, b"d", True),
        (0x0014, 0, b"f", False),
    ],
)
def test_folders_are_recognised(
    made_by: int, attributes: int, name: bytes, is_directory: bool
) -> None:
    [member] = listed(archive_of(entry(name, made_by=made_by, attributes=attributes))).members
    assert member.is_directory is is_directory


def test_encrypted_members_are_marked() -> None:
    page = listed(archive_of(entry(flags=0x0001), entry(flags=0x0041), entry()))
    assert [one.is_encrypted for one in page.members] == [True, True, False]


@pytest.mark.parametrize(
    ("extra", "date", "modified"),
    [
        (extra_of(0x5455, b"\x01" + struct.pack("<i", 0)), 0, "1970-01-01T00:00:00.000000Z"),
        (extra_of(0x5455, b"\x03" + struct.pack("<i", -1)), 0, "1969-12-31T23:59:59.000000Z"),
        (extra_of(0x5455, b"\x00"), 0, None),
        (extra_of(0x5455, b"\x01\x00"), 0x5CA1, "2026-05-01T12:30:58"),
        (b"", 0, None),
        (b"", 0xFFFF, None),
        (b"\x55", 0x5CA1, "2026-05-01T12:30:58"),
    ],
)
def test_an_impossible_time_is_none(extra: bytes, date: int, modified: str | None) -> None:
    [member] = listed(archive_of(entry(extra=extra, date=date))).members
    assert member.modified == modified


GOOD = zip_of("a.txt", "b.txt", "c.txt")
DAMAGE: dict[str, bytes] = {
    "empty": b"",
    "no archive": b"PK\x03\x04" + bytes(100),
    "cut off": GOOD[:-10],
    "only the end": GOOD[-22:],
    "directory outside of the file": archive_of(entry(), size=10_000),
    "huge directory": archive_of(entry(), size=0xFFFFFFF0),
    "ZIP64 without its records": archive_of(entry(), size=0xFFFFFFFF),
    "huge count": archive_of(entry(), count=60_000),
    "huge ZIP64 count": zip64_of(entry(), count=2**64 - 1),
    "huge ZIP64 size": zip64_of(entry(), size=2**64 - 1),
    "no entry": archive_of(bytes(60)),
    "first entry longer than the directory": archive_of(entry()[:-3]),
    "entry of the maximal size": archive_of(
        entry(b"n" * 65_535, extra=bytes(65_535), comment=bytes(65_535)), entry()
    ),
}


@pytest.mark.parametrize("archive", DAMAGE.values(), ids=DAMAGE)
def test_an_archive_of_which_nothing_can_be_listed_is_damaged(archive: bytes) -> None:
    with pytest.raises(DamagedArchiveError, match=r"^[A-Z].*\.$"):
        listed(archive)


def test_the_members_before_the_damage_are_listed() -> None:
    page = listed(archive_of(entry(b"a"), entry(b"b"), bytes(50), entry(b"c")))
    assert [one.name for one in page.members] == ["a", "b"]
    assert (page.next, page.total, page.is_lower_bound) == (None, 2, True)
    assert page.damage is not None
    cut = listed(archive_of(entry(b"a"), entry(b"b")[:-1]))
    assert ([one.name for one in cut.members], cut.damage is None) == (["a"], False)


def test_a_signature_behind_the_entries_is_no_damage() -> None:
    archive = archive_of(entry(b"a"), b"PK\x05\x05\x04\x00abcd" + bytes(40), count=1)
    page = listed(archive)
    assert (len(page.members), page.damage, page.total, page.next) == (1, None, 1, None)


@pytest.mark.parametrize(
    "position", [Position(10**6, 1), Position(2**62, 2**62), Position(len(GOOD), 0)]
)
def test_a_position_behind_the_directory_is_no_position(position: Position) -> None:
    with pytest.raises(MalformedRequestError) as refused:
        listed(GOOD, position)
    assert refused.value.problems[0].code == "malformed_cursor"


@given(st.integers(0, 200), st.integers(0, 2**63))
def test_no_position_reads_more_or_crashes(offset: int, number: int) -> None:
    with suppress(DamagedArchiveError, MalformedRequestError):
        listed(GOOD, Position(offset, number))


@given(st.binary(max_size=80), st.integers(0, 200), st.integers(0, 255))
def test_no_bytes_crash_the_list(noise: bytes, at: int, byte: int) -> None:
    shapes: tuple[Callable[[], bytes], ...] = (
        lambda: noise,
        lambda: archive_of(noise),
        lambda: archive_of(entry(noise, extra=noise, comment=noise)),
        lambda: zip64_of(entry(extra=noise)),
        lambda: GOOD[: -at or None] + noise,
        lambda: bytes(byte if index == at else one for index, one in enumerate(GOOD)),
    )
    for shape in shapes:
        with suppress(DamagedArchiveError):
            listed(shape())
