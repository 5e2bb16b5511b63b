"""Write small, compressible and transformed members into parts, in memory, one part at a time.

`PartFiller` fills a buffer with the bytes of a part; `MemberStreamer` sends the parts. The same
position always gives the same bytes. A part ends with a whole range of a member. A compressed
member is flushed at the end of a part and continues in the next one with a new compressor, so a
part depends only on its StreamPosition. Each range is flushed, so its compressed size is known.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from coffer.domain.errors import ObjectChangedError, StoreError
from coffer.domain.export.layout import MIN_COPIED_BYTES, ArchiveMember, Layout, leading_bytes
from coffer.domain.export.multipart_writer import (
    BrokenMemberError,
    MultipartWriter,
    PartBuffer,
    StreamPosition,
)
from coffer.domain.export.ports import Archives, Compression, Compressor, ObjectRange, RangeReader
from coffer.domain.export.transform_member import TransformError
from coffer.domain.export.verify_sources import problem_code
from coffer.domain.export.zip_format import (
    DEFLATED,
    STORED,
    WrittenMember,
    data_descriptor,
    deflated_header,
    stored_blocks,
    stored_header,
)

Transform = Callable[[ArchiveMember], bytes]
"""Returns the bytes of a transformed member; raises StoreError and TransformError."""


@dataclass(frozen=True, slots=True)
class FilledPart:
    """The content of a part: the position after it, the members that end in it, and the entries
    that are left out.

    `is_last` is True if no more members are streamed; the buffer may then have less than a part.
    """

    position: StreamPosition
    written: tuple[WrittenMember, ...]
    dropped: Mapping[int, str]
    is_last: bool


class _Cursor:
    """A stream position that moves while a part is filled."""

    def __init__(self, position: StreamPosition, buffer: PartBuffer) -> None:
        self.member, self.read = position.member, position.read
        self.header_at, self.crc32 = position.header_at, position.crc32
        self.packed_bytes = position.packed_bytes
        self._base, self._buffer = position.offset, buffer
        self.written: list[WrittenMember] = []

    @property
    def position(self) -> StreamPosition:
        offset = self._base + self._buffer.length
        if self.read == 0:
            return StreamPosition(member=self.member, offset=offset)
        return StreamPosition(
            self.member, self.read, offset, self.header_at, self.crc32, self.packed_bytes
        )

    def start_member(self, header: bytes, crc32: int = 0) -> None:
        self.header_at = self._base + self._buffer.length
        self.crc32, self.packed_bytes = crc32, 0
        self._buffer.put(header)

    def end_member(
        self, entry: int, method: int, crc32: int, packed_bytes: int, size_bytes: int
    ) -> None:
        self.written.append(
            WrittenMember(entry, self.header_at, method, crc32, packed_bytes, size_bytes)
        )
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
        transform: Transform,
        compression: Compression,
    ) -> None:
        self._layout = layout
        self._members = members
        self._order = layout.order
        self._dropped = dict(dropped)
        self._transform = transform
        self._compressor, self._crc32 = compression.compressor, compression.crc32
        self._transformed: tuple[int, bytes] | None = None

    def ranges_from(self, position: StreamPosition) -> Iterator[ObjectRange]:
        """Yield the ranges that `fill` reads from this position on, to be read ahead."""
        read = position.read
        for entry in self._order[position.member : len(self._layout.streamed)]:
            if not self._members[entry].is_transformed and entry not in self._dropped:
                yield from self._ranges(entry, read)
            read = 0

    def fill(self, buffer: PartBuffer, position: StreamPosition, ranges: RangeReader) -> FilledPart:
        """Fill the buffer with the part that begins at `position`.

        Raises BrokenMemberError if a member cannot be finished that began in an earlier part.
        """
        buffer.clear()
        cursor, dropped, full = _Cursor(position, buffer), {}, self._layout.full_bytes
        while cursor.member < len(self._order):
            entry = self._order[cursor.member]
            if entry in self._dropped:
                cursor.skip()
                continue
            if self._can_copy_from(cursor, buffer):
                break
            try:
                is_complete = self._put(entry, cursor, buffer, ranges)
            except (StoreError, TransformError) as error:
                ranges.release()
                code = error.code if isinstance(error, TransformError) else problem_code(error)
                if cursor.read:
                    raise BrokenMemberError(entry, code) from error
                self._dropped[entry] = dropped[entry] = code
                continue
            if not is_complete or buffer.length >= full:
                return FilledPart(cursor.position, tuple(cursor.written), dropped, is_last=False)
        return FilledPart(cursor.position, tuple(cursor.written), dropped, is_last=True)

    def copied_from(self, position: StreamPosition) -> tuple[int, ...]:
        """Return the entries that are copied if the streamed parts end at this position."""
        return tuple(e for e in self._order[position.member :] if e not in self._dropped)

    def _can_copy_from(self, cursor: _Cursor, buffer: PartBuffer) -> bool:
        """Return True if the member at the cursor can be copied, with all members after it."""
        if cursor.read or cursor.member < len(self._layout.streamed):
            return False
        member = self._members[self._order[cursor.member]]
        before = buffer.length + len(member.stored_header)
        return leading_bytes(before, member.size_bytes) is not None

    def _put(self, entry: int, cursor: _Cursor, buffer: PartBuffer, ranges: RangeReader) -> bool:
        """Put as much of a member as fits the part; return True if the member is complete."""
        member = self._members[entry]
        if member.is_transformed:
            return self._put_transformed(entry, cursor, buffer)
        if member.is_deflated:
            return self._put_deflated(entry, cursor, buffer, ranges)
        if member.size_bytes < MIN_COPIED_BYTES:
            return self._put_small(entry, cursor, buffer, ranges)
        return self._put_large(entry, cursor, buffer, ranges)

    def _put_small(
        self, entry: int, cursor: _Cursor, buffer: PartBuffer, ranges: RangeReader
    ) -> bool:
        """Put a member that fits in memory: its CRC-32 is computed before its header is written."""
        member = self._members[entry]
        views = [ranges.take(wanted) for wanted in self._ranges(entry, cursor.read)]
        if cursor.read == 0:
            crc32 = 0
            for view in views:
                crc32 = self._crc32(view, crc32)
            if member.crc32 is not None and crc32 != member.crc32:
                raise ObjectChangedError(member.key)
            cursor.start_member(stored_header(member.info, crc32, member.size_bytes), crc32)
        full = self._layout.stored_full_bytes
        for view in views:
            if cursor.read and buffer.length >= full:
                break
            buffer.put(view)
            cursor.read += len(view)
        ranges.release()
        if cursor.read < member.size_bytes:
            return False
        cursor.end_member(entry, STORED, cursor.crc32, member.size_bytes, member.size_bytes)
        return True

    def _put_large(
        self, entry: int, cursor: _Cursor, buffer: PartBuffer, ranges: RangeReader
    ) -> bool:
        """Put a stored member whose CRC-32 is known; raise if the bytes have another one."""
        member = self._members[entry]
        known = member.crc32 or 0
        for wanted in self._ranges(entry, cursor.read):
            if cursor.read and buffer.length >= self._layout.stored_full_bytes:
                return False
            view = ranges.take(wanted)
            if cursor.read == 0:
                cursor.start_member(member.stored_header)
            cursor.crc32 = self._crc32(view, cursor.crc32)
            buffer.put(view)
            cursor.read += wanted.length
            ranges.release()
        if cursor.crc32 != known:
            raise ObjectChangedError(member.key)
        cursor.end_member(entry, STORED, known, member.size_bytes, member.size_bytes)
        return True

    def _put_deflated(
        self, entry: int, cursor: _Cursor, buffer: PartBuffer, ranges: RangeReader
    ) -> bool:
        """Put a compressed member; its deflate block ends where the part ends."""
        member, compressor = self._members[entry], self._compressor()
        start = buffer.length
        for wanted in self._ranges(entry, cursor.read):
            if cursor.read and buffer.length >= self._layout.full_bytes:
                break
            view = ranges.take(wanted)
            if cursor.read == 0:
                cursor.start_member(deflated_header(member.info))
                start = buffer.length
            cursor.crc32 = self._crc32(view, cursor.crc32)
            buffer.put(_compress(compressor, view))
            cursor.read += wanted.length
            ranges.release()
        is_complete = cursor.read == member.size_bytes
        buffer.put(compressor.flush(zlib.Z_FINISH if is_complete else zlib.Z_FULL_FLUSH))
        cursor.packed_bytes += buffer.length - start
        if not is_complete:
            return False
        if member.crc32 is not None and cursor.crc32 != member.crc32:
            raise ObjectChangedError(member.key)
        buffer.put(data_descriptor(cursor.crc32, cursor.packed_bytes, member.size_bytes))
        cursor.end_member(entry, DEFLATED, cursor.crc32, cursor.packed_bytes, member.size_bytes)
        return True

    def _put_transformed(self, entry: int, cursor: _Cursor, buffer: PartBuffer) -> bool:
        """Put a transformed member. The whole result stays in memory until it is written."""
        member = self._members[entry]
        if self._transformed is None or self._transformed[0] != entry:
            self._transformed = None  # two results might not fit in memory
            self._transformed = entry, self._transform(member)
        body = memoryview(self._transformed[1])
        crc32 = self._crc32(body)
        if cursor.read == 0:
            cursor.start_member(stored_header(member.info, crc32, len(body)), crc32)
        elif crc32 != cursor.crc32:
            raise ObjectChangedError(member.key)
        view = body[cursor.read : cursor.read + self._layout.part_bytes - buffer.length]
        buffer.put(view)
        cursor.read += len(view)
        if cursor.read < len(body):
            return False
        self._transformed = None
        cursor.end_member(entry, STORED, crc32, len(body), len(body))
        return True

    def _ranges(self, entry: int, read: int) -> Iterator[ObjectRange]:
        member = self._members[entry]
        return _ranges_of(member, read, member.size_bytes, self._layout.range_bytes)


@dataclass(frozen=True, kw_only=True)
class MemberStreamer:
    """Sends the streamed members of a layout as parts; `members` are all entries."""

    archives: Archives
    writer: MultipartWriter
    layout: Layout
    members: Sequence[ArchiveMember]
    transform: Transform
    compression: Compression

    def stream(self, buffer: PartBuffer) -> FilledPart | None:
        """Send the parts of streamed members.

        Returns None if copied members follow. Otherwise returns the last part, which is still in
        the buffer: the directory is appended to it.
        """
        while True:
            checkpoint = self.writer.checkpoint
            filler = PartFiller(
                self.layout, self.members, checkpoint.dropped, self.transform, self.compression
            )
            ranges = filler.ranges_from(checkpoint.position)
            try:
                with self.archives.read_ahead(ranges, self.layout.part_bytes) as reader:
                    last = self._send_parts(filler, buffer, reader)
            except BrokenMemberError as error:
                self._remove_broken(error)
                continue
            copied = filler.copied_from(last.position)
            if not copied:
                self.writer.drop(last.dropped)
                return last
            if self._send_last(copied[0], last, buffer):
                return None

    def _send_parts(
        self, filler: PartFiller, buffer: PartBuffer, ranges: RangeReader
    ) -> FilledPart:
        """Send full parts, and return the last one, which is not sent."""
        while True:
            self.writer.check_time()
            before = self.writer.checkpoint
            filled = filler.fill(buffer, before.position, ranges)
            if filled.is_last:
                return filled
            etag = self.writer.send(len(before.parts) + 1, buffer)
            member_start = None
            if filled.position.read:
                continues = before.position.read and (
                    before.position.member == filled.position.member
                )
                member_start = before.member_start if continues else before.restart_point
            self.writer.checkpoint = replace(
                before,
                parts=(*before.parts, etag),
                position=filled.position,
                written=(*before.written, *filled.written),
                member_start=member_start,
                dropped={**before.dropped, **filled.dropped},
            )
            self.writer.save()

    def _send_last(self, entry: int, last: FilledPart, buffer: PartBuffer) -> bool:
        """Send the last streamed part, completed with the header and the first bytes of the first
        copied member. Return False if this member is missing or has changed."""
        before, member = self.writer.checkpoint, self.members[entry]
        header = member.stored_header
        leading = leading_bytes(buffer.length + len(header), member.size_bytes) or 0
        buffer.put(header)
        try:
            self._put_leading(member, leading, buffer)
        except StoreError as error:
            self.writer.drop({entry: problem_code(error)})
            return False
        self.writer.checkpoint = replace(
            before,
            parts=(*before.parts, self.writer.send(len(before.parts) + 1, buffer)),
            position=last.position,
            written=(*before.written, *last.written),
            member_start=None,
            copy_start=before.restart_point,
            first_copied=entry,
            first_copied_bytes=leading,
            dropped={**before.dropped, **last.dropped},
        )
        self.writer.save()
        return True

    def _put_leading(self, member: ArchiveMember, length: int, buffer: PartBuffer) -> None:
        ranges = list(_ranges_of(member, 0, length, self.layout.range_bytes))
        with self.archives.read_ahead(ranges, self.layout.part_bytes) as reader:
            for wanted in ranges:
                buffer.put(reader.take(wanted))
                reader.release()

    def _remove_broken(self, error: BrokenMemberError) -> None:
        """Leave a broken member out: redo the part in which it begins and the parts after it."""
        checkpoint = self.writer.checkpoint
        position = checkpoint.position
        if position.read and self.layout.order[position.member] == error.entry:
            self.writer.go_back(checkpoint.member_start)
        self.writer.drop({error.entry: error.code})


def _ranges_of(
    member: ArchiveMember, start: int, end: int, range_bytes: int
) -> Iterator[ObjectRange]:
    """Yield the ranges of a member from `start` to `end`."""
    for at in range(start, end, range_bytes):
        length = min(range_bytes, end - at)
        yield ObjectRange(member.key, at, length, member.size_bytes, member.etag)


def _compress(compressor: Compressor, data: memoryview) -> bytes:
    """Return `data` compressed and flushed, or as stored blocks if they are smaller."""
    compressed = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
    # The compressor may refer to these bytes later: readers have them in either form.
    return compressed if len(compressed) <= len(data) else stored_blocks(data)
