"""List the members of a tar archive from their headers.

Formats: POSIX.1-2017 `pax` (ustar with extended headers), and GNU tar (long names, sparse files,
sizes in base 256). Each header says where the next one is, so a page reads the headers in order and
skips the data. Global extended headers (`g`) are skipped: they have comments in practice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from coffer.domain.contents.reads import BoundedReads
from coffer.domain.contents.record import (
    DamagedArchiveError,
    ListedMember,
    MembersPage,
    Position,
    decode_name,
    utc_text,
    wrong_cursor,
)
from coffer.domain.detection.window import MAX_READ_BYTES, MAX_READS

_BLOCK = 512
_READ_BYTES = MAX_READ_BYTES // MAX_READS
_MAX_EXTENSION_BYTES = 32_768
_REGULAR = frozenset(b"\x0007S")
_WITHOUT_DATA = frozenset(b"123456")
"""Hard and symbolic links, devices, directories and pipes: their size says nothing about data."""
_DIRECTORIES = frozenset(b"5D")
"""`D` is a folder of an incremental archive of GNU tar; its data are the names in it."""
_SPARSE = ord("S")
_LONG_NAME, _PAX = ord("L"), frozenset(b"xX")
_EXTENSIONS = frozenset(b"LKxXgV")
_MAX_EXTENSIONS = 8


class _OutOfBudgetError(Exception):
    """The next header is behind what this request may read."""


@dataclass
class _Blocks:
    """The blocks of an archive, read ahead in pieces of 64 KiB."""

    reads: BoundedReads
    _start: int = 0
    _held: bytes = field(default=b"")

    def get(self, start: int, length: int) -> bytes:
        """Return exactly `length` bytes; raise _OutOfBudgetError or DamagedArchiveError."""
        if start + length > self.reads.size_bytes:
            raise DamagedArchiveError("The tar archive is cut off.")
        at = start - self._start
        if at < 0 or at + length > len(self._held):
            self._start, self._held = start, self.reads.read(start, max(_READ_BYTES, length))
            at = 0
        found = self._held[at : at + length]
        if len(found) < length:
            raise _OutOfBudgetError
        return found


@dataclass(frozen=True, kw_only=True)
class _Header:
    """The fields of one header block."""

    raw: bytes
    kind: int
    size: int

    @classmethod
    def parse(cls, raw: bytes) -> _Header:
        if not _has_valid_checksum(raw):
            raise DamagedArchiveError("A header of the tar archive has a wrong checksum.")
        size = _number(raw[124:136])
        if size is None or size < 0:
            raise DamagedArchiveError("A header of the tar archive has a size that is none.")
        return cls(raw=raw, kind=raw[156], size=size)

    @property
    def name(self) -> bytes:
        name, prefix = _text(self.raw[:100]), b""
        if self.raw.startswith(b"ustar\x00", 257):  # GNU tar has other fields in place of it
            prefix = _text(self.raw[345:500])
        return prefix + b"/" + name if prefix else name


def list_tar(reads: BoundedReads, position: Position, limit: int) -> MembersPage:
    """Return the next members of a tar archive; `position` counts from its start.

    A page ends early where the budget of reads ends. Raises DamagedArchiveError if nothing can be
    listed, MalformedRequestError if no page can begin at the position.
    """
    if position.offset % _BLOCK or position.offset > _padded(reads.size_bytes):
        raise wrong_cursor()
    blocks = _Blocks(reads)
    members: list[ListedMember] = []
    at, damage, is_end = position.offset, None, False
    while len(members) < limit and not is_end and damage is None:
        number = position.number + len(members) + 1
        try:
            found = _next_member(blocks, at, number)
        except _OutOfBudgetError:
            if not members:
                damage = f"The headers of member {number} are too large."
            break
        except DamagedArchiveError as error:
            damage = str(error)
            break
        if found is None:
            is_end = True
        else:
            member, at = found
            members.append(member)
    if damage is not None and not members:
        raise DamagedArchiveError(damage)
    total = position.number + len(members)
    has_next = not is_end and damage is None
    return MembersPage(
        members=members,
        next=Position(at, total) if has_next else None,
        total=total,
        is_lower_bound=not is_end,
        damage=damage,
    )


def _next_member(blocks: _Blocks, at: int, number: int) -> tuple[ListedMember, int] | None:
    """Return the member whose headers begin at `at`, and the place behind it; None at the end."""
    name: bytes | None = None
    pax: dict[bytes, bytes] = {}
    for _ in range(_MAX_EXTENSIONS):
        if at >= blocks.reads.size_bytes and not pax and name is None:
            return None  # some programs write no end
        raw = blocks.get(at, _BLOCK)
        if not any(raw):
            return None
        header = _Header.parse(raw)
        at += _BLOCK
        if header.kind not in _EXTENSIONS:
            return _member(blocks, header, at, number, name, pax)
        if header.kind == _LONG_NAME:
            name = _text(_extension(blocks, header, at))
        elif header.kind in _PAX:
            pax |= _records(_extension(blocks, header, at))
        at += _padded(header.size)
    raise DamagedArchiveError(f"Member {number} has too many extended headers.")


def _extension(blocks: _Blocks, header: _Header, at: int) -> bytes:
    if header.size > _MAX_EXTENSION_BYTES:
        raise DamagedArchiveError(
            f"An extended header of the tar archive has {header.size} bytes; at most "
            f"{_MAX_EXTENSION_BYTES} are supported."
        )
    return blocks.get(at, header.size)


def _member(
    blocks: _Blocks,
    header: _Header,
    at: int,
    number: int,
    long_name: bytes | None,
    pax: dict[bytes, bytes],
) -> tuple[ListedMember, int]:
    stored = _decimal(pax.get(b"size"), header.size)
    size = _decimal(pax.get(b"GNU.sparse.realsize") or pax.get(b"GNU.sparse.size"), stored)
    if header.kind == _SPARSE:
        size = _number(header.raw[483:495]) or 0
        more = header.raw[482]
        while more:
            more = blocks.get(at, _BLOCK)[504]
            at += _BLOCK
    raw_name = pax.get(b"GNU.sparse.name") or pax.get(b"path") or long_name or header.name
    name = decode_name(raw_name, "latin-1")
    has_data = header.kind not in _WITHOUT_DATA
    end = at + (_padded(stored) if has_data else 0)
    # The last member may lack its padding.
    if at + (stored if has_data else 0) > blocks.reads.size_bytes:
        raise DamagedArchiveError(f"The data of member {number} ends behind the end of the file.")
    is_directory = header.kind in _DIRECTORIES or (
        header.kind in _REGULAR and name.endswith("/")  # as programs before 1988 wrote them
    )
    seconds = _seconds(pax.get(b"mtime"), header.raw[136:148])
    member = ListedMember(
        number=number,
        name=name,
        is_directory=is_directory,
        size_bytes=size if has_data and header.kind not in _DIRECTORIES and size >= 0 else 0,
        modified=None if seconds is None else utc_text(seconds),
    )
    return member, min(end, _padded(blocks.reads.size_bytes))


def _records(data: bytes) -> dict[bytes, bytes]:
    """Return the records of an extended header: `<length> <name>=<value>` and a newline each."""
    records: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        digits, _, _ = data[at : at + 20].partition(b" ")
        if not digits.isdigit() or not len(digits) + 2 < int(digits) <= len(data) - at:
            raise DamagedArchiveError("An extended header of the tar archive has a wrong length.")
        record = data[at + len(digits) + 1 : at + int(digits)].removesuffix(b"\n")
        name, _, value = record.partition(b"=")
        records[name] = value
        at += int(digits)
    return records


def _decimal(value: bytes | None, default: int) -> int:
    if value is None:
        return default
    if not value.isdigit() or len(value) > 20:
        raise DamagedArchiveError("An extended header of the tar archive has a size that is none.")
    return int(value)


def _seconds(pax_time: bytes | None, raw: bytes) -> float | None:
    if pax_time is None:
        return _number(raw)
    try:
        return float(pax_time[:40])
    except ValueError:
        return None


def _number(raw: bytes) -> int | None:
    """Return a number in octal digits or in base 256 (GNU tar); None if it is neither."""
    if raw[0] in (0x80, 0xFF):
        number = int.from_bytes(raw[1:], "big")
        return number - (1 << 8 * (len(raw) - 1)) if raw[0] == 0xFF else number
    digits = _text(raw).strip(b" ")
    if any(digit not in b"01234567" for digit in digits):
        return None
    return int(digits, 8) if digits else 0


def _has_valid_checksum(raw: bytes) -> bool:
    """True if the checksum is the sum of the bytes, with blanks in place of the checksum.

    Some programs add signed bytes.
    """
    stated = _number(raw[148:156])
    total = sum(raw[:148]) + 8 * ord(" ") + sum(raw[156:])
    above = sum(1 for byte in raw[:148] + raw[156:] if byte > 127)
    return stated in (total, total - 256 * above)


def _text(raw: bytes) -> bytes:
    return raw.partition(b"\x00")[0]


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
