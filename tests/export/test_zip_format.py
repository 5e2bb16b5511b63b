"""ZIP headers are correct at the limits of their fields: counts, sizes, offsets, dates."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
import zlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from coffer.domain.export.layout import GIB
from coffer.domain.export.zip_format import (
    STORED,
    MemberInfo,
    WrittenMember,
    central_header,
    end_of_directory,
    stored_header,
)
from tests.export.scenario import ExportScenario, File
from tests.fakes.bodies import GeneratedBody

NOON = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
LISTING = {
    "unzip": ["unzip", "-Z1"],
    "7z": ["7z", "l", "-ba"],
    "bsdtar": ["bsdtar", "-t", "-f"],
}


def small_archive(members: int, modified: datetime = NOON) -> bytes:
    """Return an archive with this number of members of one byte each."""
    crc32, written, out = zlib.crc32(b"a"), [], bytearray()
    for number in range(members):
        title = MemberInfo(f"{number:x}", modified)
        written.append((title, WrittenMember(number, len(out), STORED, crc32, 1, 1)))
        out += stored_header(title, crc32, 1) + b"a"
    directory = b"".join(central_header(title, one) for title, one in written)
    return bytes(out) + directory + end_of_directory(members, len(out), len(directory))


@pytest.mark.parametrize("members", [0, 1, 65_534, 65_535, 65_536])
def test_an_archive_with_any_number_of_members_is_valid(members: int) -> None:
    body = small_archive(members)
    assert (b"PK\6\6" in body[-98:]) is (members >= 65_535)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert len(archive.infolist()) == members
        if members:
            assert archive.read(f"{members - 1:x}") == b"a"


@pytest.mark.parametrize("tool", LISTING)
@pytest.mark.parametrize("members", [65_535, 65_536])
def test_every_tool_counts_the_members(tool: str, members: int, tmp_path: Path) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed here (Debian has it)")
    place = tmp_path / "many.zip"
    place.write_bytes(small_archive(members))
    done = subprocess.run(  # noqa: S603 - one of the tools above
        [*LISTING[tool], str(place)], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == members


@pytest.mark.parametrize("size", [4 * GIB - 2, 4 * GIB - 1, 4 * GIB, 4 * GIB + 1])
def test_sizes_and_offsets_around_4_gib_are_correct(size: int) -> None:
    """The second member, or the directory, begins where the first one ends."""
    scenario = ExportScenario(
        [File.generated("a.tif", size, 1), File.generated("b.tif", 11_000_000, 2)]
    )
    scenario.build()
    with scenario.opened() as archive:
        first, second = archive.infolist()
        body = scenario.files[0].body
        assert isinstance(body, GeneratedBody)
        assert (first.file_size, first.CRC) == (size, body.crc32)
        assert (first.extract_version == 45) is (size >= 0xFFFFFFFF)
        assert (second.extract_version == 45) is (second.header_offset >= 0xFFFFFFFF)
        assert archive.read(second) == scenario.files[1].body.read(0, 11_000_000)
        assert archive.start_dir > 4 * GIB


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_a_member_can_begin_around_4_gib(over: int) -> None:
    header = len(stored_header(MemberInfo("a.tif", NOON), 0, 1))
    size = 0xFFFFFFFF + over - header
    scenario = ExportScenario(
        [File.generated("a.tif", size, 1), File.generated("b.tif", 11_000_000, 2)]
    )
    scenario.build()
    with scenario.opened() as archive:
        _, second = archive.infolist()
        assert second.header_offset == 0xFFFFFFFF + over
        assert archive.read(second) == scenario.files[1].body.read(0, 11_000_000)


@pytest.mark.parametrize(
    ("modified", "told"),
    [
        (NOON, (2026, 11, 22, 12, 0, 30)),
        (NOON.replace(second=31), (2026, 11, 22, 12, 0, 30)),
        (NOON.astimezone(timezone(timedelta(hours=-5))), (2026, 11, 22, 12, 0, 30)),
        (datetime(1979, 12, 31, 23, 59, 59, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(1, 1, 1, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(1980, 1, 1, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC), (2038, 1, 19, 3, 14, 8)),
        (datetime(2107, 12, 31, 23, 59, 59, tzinfo=UTC), (2107, 12, 31, 23, 59, 58)),
        (datetime(2108, 1, 1, tzinfo=UTC), (2107, 12, 31, 23, 59, 58)),
        (datetime(9999, 12, 31, tzinfo=UTC), (2107, 12, 31, 23, 59, 58)),
    ],
    ids=str,
)
def test_a_time_outside_the_range_of_ms_dos_becomes_the_nearest_one(
    modified: datetime, told: tuple[int, ...]
) -> None:
    with zipfile.ZipFile(io.BytesIO(small_archive(1, modified))) as archive:
        assert archive.testzip() is None
        assert archive.infolist()[0].date_time == told


def test_names_are_utf_8_and_flagged_as_such() -> None:
    title = MemberInfo("標本/é𐀀.png", NOON)
    header = stored_header(title, 0, 0)
    assert int.from_bytes(header[6:8], "little") & 0x800
    directory = central_header(title, WrittenMember(0, 0, STORED, 0, 0, 0))
    archive = header + directory + end_of_directory(1, len(header), len(directory))
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.namelist() == [title.path]
        assert opened.infolist()[0].flag_bits & 0x800
        assert opened.infolist()[0].external_attr >> 16 == 0o100644
