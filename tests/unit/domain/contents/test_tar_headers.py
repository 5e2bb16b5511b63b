"""The members of tar archives are listed from their headers, whatever these claim."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Sequence
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
from coffer.domain.contents.tar_headers import list_tar
from coffer.domain.errors import MalformedRequestError
from tests.detection.builders import CountingReader
from tests.unit.domain.contents.pages import members_of, page_of

END = bytes(1024)

listed = partial(page_of, list_tar)
all_members = partial(members_of, list_tar)


def tar_of(*names: str, format_: int = tarfile.PAX_FORMAT, body: bytes = b"body") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as archive:
        for name in names:
            info = tarfile.TarInfo(name.rstrip("/"))
            info.mtime = 1_777_638_658
            if name.endswith("/"):
                info.type = tarfile.DIRTYPE
            else:
                info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return out.getvalue()


def header(
    name: bytes = b"a.txt",
    *,
    kind: bytes = b"0",
    size: bytes = b"00000000004",
    mtime: bytes = b"15174515602",
    prefix: bytes = b"",
    magic: bytes = b"ustar\x0000",
    rest: dict[int, bytes] | None = None,
) -> bytes:
    block = bytearray(512)
    fields = {
        0: name, 100: b"0000644", 108: b"0000000", 116: b"0000000", 124: size, 136: mtime,
        156: kind, 257: magic, 345: prefix, **(rest or {}),
    }  # fmt: skip
    for at, value in fields.items():
        block[at : at + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\x00 " % sum(block)
    return bytes(block)


def pax(*records: tuple[bytes, bytes], kind: bytes = b"x") -> bytes:
    data = b""
    for name, value in records:
        text = b" " + name + b"=" + value + b"\n"
        length = len(text) + 1
        while length != len(text) + len(b"%d" % length):
            length = len(text) + len(b"%d" % length)
        data += b"%d" % length + text
    return extension(kind, data)


def extension(kind: bytes, data: bytes) -> bytes:
    return header(b"extension", kind=kind, size=b"%011o" % len(data)) + padded(data)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


DATA = padded(b"body")
LONG = "folder/" * 30 + "Käfer.txt"


@pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_member_has_what_its_header_says(format_: int) -> None:
    names = ["folder/", "folder/Käfer.txt", LONG]
    folder, file, long = listed(tar_of(*names, format_=format_)).members
    assert (folder.name, folder.is_directory, folder.size_bytes) == ("folder/", True, 0)
    assert file == ListedMember(
        number=2,
        name="folder/Käfer.txt",
        is_directory=False,
        size_bytes=4,
        modified="2026-05-01T12:30:58.000000Z",
    )
    assert long.name == LONG


def test_the_pages_have_all_members_once_and_in_order() -> None:
    names = [f"{'folder/' * 20}{number:05}.txt" for number in range(600)]
    archive = tar_of(*names)
    page = listed(archive, limit=7)
    assert [one.name for one in page.members] == names[:7]
    assert (page.total, page.is_lower_bound) == (7, True)
    for limit in (7, 1000):
        members = all_members(archive, limit)
        assert [one.name for one in members] == names
        assert [one.number for one in members] == list(range(1, 601))


def sparse(*sizes: int) -> CountingReader:
    """Return an archive with members of these sizes, whose data are zeros."""
    parts, at = {}, 0
    for size in sizes:
        parts[at] = header(size=b"\x80" + size.to_bytes(11, "big"))
        at += 512 + -(-size // 512) * 512
    return CountingReader.sparse(at + 1024, parts)


def test_a_page_of_large_members_ends_after_four_reads() -> None:
    reader = sparse(*[10**12] * 9)
    page = listed(reader)
    assert [one.size_bytes for one in page.members] == [10**12] * 4
    assert (page.total, page.is_lower_bound, page.damage) == (4, True, None)
    assert page.next is not None
    assert page.next.number == 4
    assert len(all_members(reader)) == 9


def test_a_small_archive_takes_one_read() -> None:
    reader = CountingReader.of(tar_of("a", "b"))
    page = listed(reader)
    assert (len(reader.reads), page.total, page.is_lower_bound) == (1, 2, False)


@pytest.mark.parametrize("end", [END, bytes(512), b"", END + b"what follows the end"])
def test_an_archive_ends_with_zeros_or_the_file(end: bytes) -> None:
    page = listed(header() + DATA + end)
    assert (len(page.members), page.next, page.damage) == (1, None, None)


def test_the_last_member_may_lack_its_padding() -> None:
    page = listed(header() + b"body", limit=1)
    assert page.next is not None
    assert listed(header() + b"body", page.next).members == []


NAMES: dict[str, tuple[bytes, str]] = {
    "prefix": (header(b"a.txt", prefix=b"folder"), "folder/a.txt"),
    "no prefix in GNU tar": (header(b"a.txt", prefix=b"x", magic=b"ustar  \x00"), "a.txt"),
    "oldest format": (header(b"a.txt", magic=b"", kind=b"\x00"), "a.txt"),
    "full field": (header(b"n" * 100), "n" * 100),
    "GNU long name": (extension(b"L", b"n" * 5000 + b"\x00") + header(), "n" * 5000),
    "GNU long link": (extension(b"K", b"n" * 60_000) + header(b"a"), "a"),
    "pax path": (pax((b"path", "標本".encode())) + header(), "標本"),
    "pax over GNU": (extension(b"L", b"gnu\x00") + pax((b"path", b"pax")) + header(), "pax"),
    "global header": (pax((b"path", b"x"), (b"comment", b"c"), kind=b"g") + header(), "a.txt"),
    "sparse name": (pax((b"GNU.sparse.name", b"s"), (b"path", b"p/0/s")) + header(), "s"),
    "no UTF-8": (header("Käfer".encode("latin-1")), "Käfer"),
    "control characters": (header(b"a\r\n\x1b[31m"), "a\ufffd\ufffd\ufffd[31m"),
    "path to elsewhere": (header(b"/../etc/passwd"), "/../etc/passwd"),
}


@pytest.mark.parametrize(("raw", "name"), NAMES.values(), ids=NAMES)
def test_names_are_found_in_every_format(raw: bytes, name: str) -> None:
    page = listed(raw + DATA + END)
    assert ([one.name for one in page.members], page.damage) == ([name], None)


SIZES: dict[str, tuple[bytes, int]] = {
    "octal": (header(size=b"00000000004") + DATA, 4),
    "with blanks": (header(size=b"         4 \x00") + DATA, 4),
    "with bytes behind its end": (header(size=b"00000004\x00xyz") + DATA, 4),
    "empty": (header(size=b""), 0),
    "base 256": (header(size=b"\x80" + (4).to_bytes(11, "big")) + DATA, 4),
    "pax size": (pax((b"size", b"4")) + header(size=b"00000000000") + DATA, 4),
    "sparse": (
        header(kind=b"S", size=b"00000000004", rest={483: b"00000010000"}) + DATA, 4096,
    ),
    "sparse with more blocks": (
        header(kind=b"S", size=b"00000000004", rest={482: b"\x01", 483: b"00000010000"})
        + bytes(504) + b"\x01" + bytes(7) + bytes(512) + DATA, 4096,
    ),
    "pax sparse": (pax((b"GNU.sparse.realsize", b"4096")) + header() + DATA, 4096),
    "symbolic link with a size": (header(kind=b"2"), 0),
    "hard link with a size": (header(kind=b"1"), 0),
    "folder with a size": (header(kind=b"5"), 0),
    "folder of an incremental archive": (header(kind=b"D") + DATA, 0),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "size"), SIZES.values(), ids=SIZES)
def test_the_next_header_is_found_behind_every_size(raw: bytes, size: int) -> None:
    page = listed(raw + header(b"next") + DATA + END)
    member, following = page.members
    assert (member.size_bytes, following.name) == (size, "next")


@pytest.mark.parametrize("kind", [b"5", b"D"])
def test_folders_are_recognised(kind: bytes) -> None:
    data = DATA if kind == b"D" else b""
    page = listed(header(b"folder", kind=kind) + data + END)
    assert [one.is_directory for one in page.members] == [True]


@pytest.mark.parametrize(
    ("raw", "modified"),
    [
        (header(mtime=b"00000000000"), "1970-01-01T00:00:00.000000Z"),
        (header(mtime=b"\xff" * 12), "1969-12-31T23:59:59.000000Z"),
        (header(mtime=b"\x80" + b"\xff" * 11), None),
        (header(mtime=b"nonsense"), None),
        (pax((b"mtime", b"1.5")) + header(), "1970-01-01T00:00:01.500000Z"),
        (pax((b"mtime", b"nan")) + header(), None),
        (pax((b"mtime", b"1e400")) + header(), None),
        (pax((b"mtime", b"9" * 400)) + header(), None),
        (pax((b"mtime", b"")) + header(), None),
    ],
)
def test_an_impossible_time_is_none(raw: bytes, modified: str | None) -> None:
    assert listed(raw + DATA + END).members[0].modified == modified


def wrong_checksum() -> bytes:
    return header().replace(b"a.txt", b"b.txt")


DAMAGE: dict[str, bytes] = {
    "cut off in the header": header()[:300],
    "cut off in the data": header(size=b"00000010000") + DATA,
    "wrong checksum": wrong_checksum() + DATA,
    "no header": b"x" * 1024,
    "negative size": header(size=b"\xff" * 12),
    "size of 2^88": header(size=b"\x80" + b"\xff" * 11) + DATA,
    "size that is none": header(size=b"0000000000x") + DATA,
    "huge octal size": header(size=b"7" * 12) + DATA,
    "extended header behind the end": header(kind=b"x", size=b"7" * 11),
    "huge extended header": header(kind=b"x", size=b"%011o" % 32_769) + bytes(40_000),
    "huge GNU name": header(kind=b"L", size=b"%011o" % 10**9) + bytes(4096),
    "extended header without a member": pax((b"path", b"x")),
    "many extended headers": pax((b"path", b"x")) * 20 + header() + DATA,
    "pax length of zero": extension(b"x", b"0 path=x\n") + header(),
    "pax length without end": extension(b"x", b"99 path=x\n") + header(),
    "pax length that is none": extension(b"x", b"path=x\n") + header(),
    "pax size that is none": pax((b"size", b"-1")) + header() + DATA,
    "pax size that is huge": pax((b"size", b"9" * 19)) + header() + DATA,
    "sparse without end": header(kind=b"S", rest={482: b"\x01"})
    + (bytes(504) + b"\x01" + bytes(7)) * 600,
    "far extended headers": header(kind=b"g", size=b"%011o" % 70_000)
    + bytes(70_144)
    + (header(kind=b"g", size=b"%011o" % 70_000) + bytes(70_144)) * 5
    + header()
    + DATA,
}


@pytest.mark.parametrize("archive", DAMAGE.values(), ids=DAMAGE)
def test_an_archive_of_which_nothing_can_be_listed_is_damaged(archive: bytes) -> None:
    with pytest.raises(DamagedArchiveError, match=r"^[A-Z].*\.$"):
        listed(archive)


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_the_members_before_the_damage_are_listed(damage: bytes) -> None:
    page = listed(header(b"good") + DATA + damage)
    if page.damage is None:  # the budget ended first; the next page has the damage
        assert page.next is not None
        with pytest.raises(DamagedArchiveError):
            listed(header(b"good") + DATA + damage, page.next)
    assert [one.name for one in page.members] == ["good"]
    assert page.is_lower_bound


@pytest.mark.parametrize("position", [Position(1, 1), Position(10**6, 1), Position(2**62, 2**62)])
def test_a_position_that_no_header_has_is_no_position(position: Position) -> None:
    with pytest.raises(MalformedRequestError) as refused:
        listed(header() + DATA + END, position)
    assert refused.value.problems[0].code == "malformed_cursor"


GOOD = tar_of("a.txt", LONG, "folder/")


@given(st.integers(0, 40), st.integers(0, 2**63))
def test_no_position_reads_more_or_crashes(block: int, number: int) -> None:
    with suppress(DamagedArchiveError, MalformedRequestError):
        listed(GOOD, Position(block * 512, number))


@given(st.binary(max_size=80), st.integers(0, 4000), st.integers(0, 255))
def test_no_bytes_crash_the_list(noise: bytes, at: int, byte: int) -> None:
    shapes: Sequence[Callable[[], bytes]] = (
        lambda: noise,
        lambda: extension(b"x", noise) + header() + DATA,
        lambda: extension(b"L", noise) + header() + DATA,
        lambda: header(noise[:100], size=noise[:12], mtime=noise[12:24], kind=noise[24:25]),
        lambda: GOOD[:at],
        lambda: bytes(byte if index == at else one for index, one in enumerate(GOOD)),
    )
    for shape in shapes:
        with suppress(DamagedArchiveError):
            listed(shape())
