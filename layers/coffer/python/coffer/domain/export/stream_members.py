"""The parts of an archive that pass through compute: made one at a time, each from where the one
before ended, always of the same bytes.

A part ends with a piece of a member; a deflated member is flushed there completely, and goes on
in the next part with a fresh compressor, so that no part depends on anything but its Place. Each of
its pieces is flushed, so that it is known how much room it takes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from coffer.domain.errors import ObjectChangedError, ObjectMissingError, StoreError
from coffer.domain.export.checkpoint import StreamPosition
from coffer.domain.export.layout import MIN_COPIED_BYTES, Layout, LayoutMember, leading_bytes
from coffer.domain.export.ports import Compression, Compressor, ObjectRange, RangeReader
from coffer.domain.export.zip_format import (
    DEFLATED,
    STORED,
    MemberInfo,
    WrittenMember,
    data_descriptor,
    deflated_header,
    stored_blocks,
    stored_header,
)

FILE_MISSING, FILE_CHANGED = "file_missing", "file_changed"


@dataclass(frozen=True, kw_only=True)
class ArchiveMember(LayoutMember):
    """An entry as it goes into the archive, with what the store says of its bytes.

    `etag` is known where it is needed: of a member that is read in pieces or copied. `crc32` is
    known of each that is copied, or too large to be summed before its header is written.
    """

    key: str
    title: MemberInfo
    etag: str | None = None
    crc32: int | None = None


class BrokenMemberError(Exception):
    """A member whose beginning is in the archive cannot be finished: `code` says why."""

    def __init__(self, entry: int, code: str) -> None:
        super().__init__(code)
        self.entry, self.code = entry, code


class Makes(Protocol):
    """What makes members of files: an export function on images."""

    def make(self, entry: int) -> bytes:
        """The bytes of the member; raises StoreError or UnmadeError, always the same ones."""
        ...


class TransformError(Exception):
    """A member could not be made of its file; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PartBuffer:
    """The bytes of one part, in memory that serves for all of them."""

    def __init__(self, capacity: int) -> None:
        # Through a view: a bytearray would copy what is put into a slice of it twice.
        self._bytes = memoryview(bytearray(capacity))
        self.length = 0

    def put(self, piece: bytes | memoryview) -> None:
        """Append; the layout keeps a part within the capacity."""
        end = self.length + len(piece)
        if end > len(self._bytes):
            raise OverflowError(f"a part of {end} bytes is larger than its buffer")
        self._bytes[self.length : end] = piece
        self.length = end

    def clear(self) -> None:
        self.length = 0

    def view(self) -> memoryview:
        """What is in it, valid until something else is put there."""
        return self._bytes[: self.length]


@dataclass(frozen=True, slots=True)
class FilledPart:
    """What a part holds: where the next begins, which members ended, which were left out.

    `ended` says that no more is to be streamed; the buffer may then hold less than a part.
    """

    place: StreamPosition
    written: tuple[WrittenMember, ...]
    dropped: Mapping[int, str]
    ended: bool


class _Cursor:
    """A Place that moves while a part is filled."""

    def __init__(self, place: StreamPosition, buffer: PartBuffer) -> None:
        self.member, self.read = place.member, place.read
        self.header_at, self.crc32, self.packed = place.header_at, place.crc32, place.packed_bytes
        self._base, self._buffer = place.offset, buffer
        self.written: list[WrittenMember] = []

    @property
    def place(self) -> StreamPosition:
        offset = self._base + self._buffer.length
        if self.read == 0:
            return StreamPosition(member=self.member, offset=offset)
        return StreamPosition(
            self.member, self.read, offset, self.header_at, self.crc32, self.packed
        )

    def begin(self, header: bytes, crc32: int = 0) -> None:
        self.header_at = self._base + self._buffer.length
        self.crc32, self.packed = crc32, 0
        self._buffer.put(header)

    def end(self, entry: int, method: int, crc32: int, packed: int, size_bytes: int) -> None:
        self.written.append(WrittenMember(entry, self.header_at, method, crc32, packed, size_bytes))
        self.skip()

    def skip(self) -> None:
        self.member, self.read = self.member + 1, 0


class PartFiller:
    """Fills parts with the members of a layout, in its order; `members` are all entries."""

    def __init__(
        self,
        layout: Layout,
        members: Sequence[ArchiveMember],
        dropped: Mapping[int, str],
        makes: Makes,
        compression: Compression,
    ) -> None:
        self._layout = layout
        self._members = members
        self._order = layout.order
        self._dropped = dict(dropped)
        self._makes = makes
        self._packer, self._crc32 = compression.packer, compression.crc32
        self._made: tuple[int, bytes] | None = None

    def wanted(self, place: StreamPosition) -> Iterator[ObjectRange]:
        """The pieces that are read from here on; whoever reads ahead reads these."""
        read = place.read
        for entry in self._order[place.member : len(self._layout.streamed)]:
            if not self._members[entry].is_made and entry not in self._dropped:
                yield from self._pieces(entry, read)
            read = 0

    def fill(self, buffer: PartBuffer, place: StreamPosition, pieces: RangeReader) -> FilledPart:
        """Put the part that begins at `place` into the buffer.

        Raises SpoiledError where a member can't be finished that has been begun.
        """
        buffer.clear()
        cursor, dropped, full = _Cursor(place, buffer), {}, self._layout.full_bytes
        while cursor.member < len(self._order):
            entry = self._order[cursor.member]
            if entry in self._dropped:
                cursor.skip()
                continue
            if self._copies_begin(cursor, buffer):
                break
            try:
                ended = self._put(entry, cursor, buffer, pieces)
            except (StoreError, TransformError) as error:
                pieces.free()
                code = problem_code(error)
                if cursor.read:
                    raise BrokenMemberError(entry, code) from error
                self._dropped[entry] = dropped[entry] = code
                continue
            if not ended or buffer.length >= full:
                return FilledPart(cursor.place, tuple(cursor.written), dropped, ended=False)
        return FilledPart(cursor.place, tuple(cursor.written), dropped, ended=True)

    def copied_from(self, place: StreamPosition) -> tuple[int, ...]:
        """The entries that are copied, when the streamed part of the archive ends here."""
        return tuple(entry for entry in self._order[place.member :] if entry not in self._dropped)

    def _copies_begin(self, cursor: _Cursor, buffer: PartBuffer) -> bool:
        """Whether the member at the cursor can be copied, together with all behind it."""
        if cursor.read or cursor.member < len(self._layout.streamed):
            return False
        member = self._members[self._order[cursor.member]]
        before = buffer.length + len(stored_header(member.title, 0, member.size_bytes))
        return leading_bytes(before, member.size_bytes) is not None

    def _put(self, entry: int, cursor: _Cursor, buffer: PartBuffer, pieces: RangeReader) -> bool:
        """Put what is left of a member, or as much of it as fits; says whether it has ended."""
        member = self._members[entry]
        if member.is_made:
            return self._put_made(entry, cursor, buffer)
        if member.is_deflated:
            return self._put_deflated(entry, cursor, buffer, pieces)
        if member.size_bytes < MIN_COPIED_BYTES:
            return self._put_small(entry, cursor, buffer, pieces)
        return self._put_large(entry, cursor, buffer, pieces)

    def _put_small(
        self, entry: int, cursor: _Cursor, buffer: PartBuffer, pieces: RangeReader
    ) -> bool:
        """A member that is held whole: it is summed up before its header is written."""
        member = self._members[entry]
        held = [pieces.take(piece) for piece in self._pieces(entry, cursor.read)]
        if cursor.read == 0:
            crc32 = 0
            for piece in held:
                crc32 = self._crc32(piece, crc32)
            if member.crc32 is not None and crc32 != member.crc32:
                raise ObjectChangedError(member.key)
            cursor.begin(stored_header(member.title, crc32, member.size_bytes), crc32)
        full = self._layout.stored_full_bytes
        for piece in held:
            if cursor.read and buffer.length >= full:
                break
            buffer.put(piece)
            cursor.read += len(piece)
        pieces.free()
        if cursor.read < member.size_bytes:
            return False
        cursor.end(entry, STORED, cursor.crc32, member.size_bytes, member.size_bytes)
        return True

    def _put_large(
        self, entry: int, cursor: _Cursor, buffer: PartBuffer, pieces: RangeReader
    ) -> bool:
        """A stored member of any size: its sum is known, and held to what is read."""
        member = self._members[entry]
        known = member.crc32 or 0
        for piece in self._pieces(entry, cursor.read):
            if cursor.read and buffer.length >= self._layout.stored_full_bytes:
                return False
            view = pieces.take(piece)
            if cursor.read == 0:
                cursor.begin(stored_header(member.title, known, member.size_bytes))
            cursor.crc32 = self._crc32(view, cursor.crc32)
            buffer.put(view)
            cursor.read += piece.length
            pieces.free()
        if cursor.crc32 != known:
            raise ObjectChangedError(member.key)
        cursor.end(entry, STORED, known, member.size_bytes, member.size_bytes)
        return True

    def _put_deflated(
        self, entry: int, cursor: _Cursor, buffer: PartBuffer, pieces: RangeReader
    ) -> bool:
        """A member that is compressed as it comes; where the part ends, so does its block."""
        member, packer = self._members[entry], self._packer()
        begun = buffer.length
        for piece in self._pieces(entry, cursor.read):
            if cursor.read and buffer.length >= self._layout.full_bytes:
                break
            view = pieces.take(piece)
            if cursor.read == 0:
                cursor.begin(deflated_header(member.title))
                begun = buffer.length
            cursor.crc32 = self._crc32(view, cursor.crc32)
            buffer.put(_packed(packer, view))
            cursor.read += piece.length
            pieces.free()
        is_whole = cursor.read == member.size_bytes
        buffer.put(packer.flush(zlib.Z_FINISH if is_whole else zlib.Z_FULL_FLUSH))
        cursor.packed += buffer.length - begun
        if not is_whole:
            return False
        if member.crc32 is not None and cursor.crc32 != member.crc32:
            raise ObjectChangedError(member.key)
        buffer.put(data_descriptor(cursor.crc32, cursor.packed, member.size_bytes))
        cursor.end(entry, DEFLATED, cursor.crc32, cursor.packed, member.size_bytes)
        return True

    def _put_made(self, entry: int, cursor: _Cursor, buffer: PartBuffer) -> bool:
        """A member that a function makes of a file, all at once."""
        if self._made is None or self._made[0] != entry:
            self._made = None  # before the next is made: two of them might be too much
            self._made = entry, self._makes.make(entry)
        body = memoryview(self._made[1])
        crc32 = self._crc32(body)
        if cursor.read == 0:
            cursor.begin(stored_header(self._members[entry].title, crc32, len(body)), crc32)
        elif crc32 != cursor.crc32:
            raise ObjectChangedError(self._members[entry].key)
        piece = body[cursor.read : cursor.read + self._layout.part_bytes - buffer.length]
        buffer.put(piece)
        cursor.read += len(piece)
        if cursor.read < len(body):
            return False
        self._made = None
        cursor.end(entry, STORED, crc32, len(body), len(body))
        return True

    def _pieces(self, entry: int, read: int) -> Iterator[ObjectRange]:
        member = self._members[entry]
        step = self._layout.piece_bytes
        for start in range(read, member.size_bytes, step):
            length = min(step, member.size_bytes - start)
            yield ObjectRange(member.key, start, length, member.size_bytes, member.etag)


def _packed(packer: Compressor, piece: memoryview) -> bytes:
    """A piece, compressed and flushed, or as it is where that is smaller."""
    packed = packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
    # The packer has seen it, and may refer to it later: to a reader it is the same either way.
    return packed if len(packed) <= len(piece) else stored_blocks(piece)


def problem_code(error: Exception) -> str:
    """Why an entry is left out, as a stable code."""
    if isinstance(error, TransformError):
        return error.code
    return FILE_MISSING if isinstance(error, ObjectMissingError) else FILE_CHANGED
