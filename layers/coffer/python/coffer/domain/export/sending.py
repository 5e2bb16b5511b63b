"""Sending the parts of an archive that pass through memory: small members, and what is compressed,
one part at a time, then the part in which the first copied member begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from coffer.domain.errors import StoreError
from coffer.domain.export.assembling import header_of
from coffer.domain.export.layout import Layout, leading_bytes
from coffer.domain.export.multipart_writer import MultipartWriter
from coffer.domain.export.ports import Archives, Compression, ObjectRange, RangeReader
from coffer.domain.export.stream_members import (
    ArchiveMember,
    BrokenMemberError,
    FilledPart,
    Makes,
    PartBuffer,
    PartFiller,
    problem_code,
)


@dataclass(frozen=True, kw_only=True)
class Sending:
    """Puts the streamed members of a layout into a draft; `members` are all entries."""

    archives: Archives
    draft: MultipartWriter
    layout: Layout
    members: Sequence[ArchiveMember]
    makes: Makes
    compression: Compression

    def send(self, buffer: PartBuffer) -> FilledPart | None:
        """Make the parts of streamed members; None where copied ones follow, and what is left in
        the buffer, which is no part yet, where none do."""
        while True:
            stream = PartFiller(
                self.layout,
                self.members,
                self.draft.checkpoint.dropped,
                self.makes,
                self.compression,
            )
            wanted = stream.wanted(self.draft.checkpoint.place)
            try:
                with self.archives.ahead(wanted, self.layout.part_bytes) as pieces:
                    filled = self._fill_parts(stream, buffer, pieces)
            except BrokenMemberError as spoiled:
                self._take_back(spoiled)
                continue
            copied = stream.copied_from(filled.place)
            if not copied:
                self.draft.drop(filled.dropped)
                return filled
            if self._lead(copied[0], filled, buffer):
                return None

    def _fill_parts(
        self, stream: PartFiller, buffer: PartBuffer, pieces: RangeReader
    ) -> FilledPart:
        """Make and send parts; what there is when no more is to be streamed."""
        while True:
            self.draft.pause()
            before = self.draft.checkpoint
            filled = stream.fill(buffer, before.place, pieces)
            if filled.ended:
                return filled
            etag = self.draft.send(len(before.parts) + 1, buffer)
            opened = None
            if filled.place.read:
                goes_on = before.place.read and before.place.member == filled.place.member
                opened = before.opened if goes_on else before.mark
            self.draft.checkpoint = replace(
                before,
                parts=(*before.parts, etag),
                place=filled.place,
                written=(*before.written, *filled.written),
                opened=opened,
                dropped={**before.dropped, **filled.dropped},
            )
            self.draft.save()

    def _lead(self, entry: int, filled: FilledPart, buffer: PartBuffer) -> bool:
        """End the streamed part of the archive with the header of the first copied member, and
        with as much of it as makes a part; False where the member has vanished or changed."""
        before, member = self.draft.checkpoint, self.members[entry]
        header = header_of(member)
        padded = leading_bytes(buffer.length + len(header), member.size_bytes) or 0
        buffer.put(header)
        try:
            self._put_beginning(member, padded, buffer)
        except StoreError as error:
            self.draft.drop({entry: problem_code(error)})
            return False
        self.draft.checkpoint = replace(
            before,
            parts=(*before.parts, self.draft.send(len(before.parts) + 1, buffer)),
            place=filled.place,
            written=(*before.written, *filled.written),
            opened=None,
            transition=before.mark,
            leading=entry,
            padded=padded,
            dropped={**before.dropped, **filled.dropped},
        )
        self.draft.save()
        return True

    def _put_beginning(self, member: ArchiveMember, length: int, buffer: PartBuffer) -> None:
        step, size = self.layout.piece_bytes, member.size_bytes
        wanted = [
            ObjectRange(member.key, start, min(step, length - start), size, member.etag)
            for start in range(0, length, step)
        ]
        with self.archives.ahead(wanted, self.layout.part_bytes) as pieces:
            for piece in wanted:
                buffer.put(pieces.take(piece))
                pieces.free()

    def _take_back(self, spoiled: BrokenMemberError) -> None:
        """Leave out a member whose beginning is in the archive already: the part in which it
        begins, and those behind it, are made anew."""
        done = self.draft.checkpoint
        if done.place.read and self.layout.order[done.place.member] == spoiled.entry:
            self.draft.go_back(done.opened)
        self.draft.drop({spoiled.entry: spoiled.code})
