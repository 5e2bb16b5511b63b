"""Finishing an archive: the directory goes behind everything, and the parts become one object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coffer.domain.errors import MultipartUploadMissingError, ObjectChangedError, ObjectMissingError
from coffer.domain.export.layout import Layout
from coffer.domain.export.multipart_writer import MultipartWriter
from coffer.domain.export.ports import Archives
from coffer.domain.export.stream_members import ArchiveMember, PartBuffer
from coffer.domain.export.zip_format import (
    MAX_END_BYTES,
    WrittenMember,
    central_header,
    end_of_directory,
)


@dataclass(frozen=True, kw_only=True)
class Finishing:
    """Makes a draft an archive; `members` are all entries."""

    archives: Archives
    draft: MultipartWriter
    layout: Layout
    members: Sequence[ArchiveMember]

    def finish(self, buffer: PartBuffer, written: Sequence[WrittenMember], offset: int) -> int:
        """Put the directory of what is written behind what is in the buffer, and so at `offset`
        of the archive; how many bytes the archive has.

        Raises MultipartUploadMissingError where neither the upload nor this archive is there.
        """
        done = self.draft.checkpoint
        # Copies are done in any order; S3 wants the parts in theirs.
        copies = {number: etag for number, (etag, _) in sorted(done.copies.items())}
        parts = dict(enumerate(done.parts, 1)) | copies
        size_bytes = sum(map(len, self._directory(written)))
        end = end_of_directory(len(written), offset, size_bytes)
        self.draft.hold()  # nobody else completes an archive that its readers may have by now
        try:
            for header in self._directory(written):
                if buffer.length + len(header) + MAX_END_BYTES > self.layout.part_bytes:
                    parts[len(parts) + 1] = self.draft.send(len(parts) + 1, buffer)
                    buffer.clear()
                buffer.put(header)
            buffer.put(end)
            parts[len(parts) + 1] = self.draft.send(len(parts) + 1, buffer)
            self.archives.finish(self.draft.key, done.upload, parts)
        except MultipartUploadMissingError:
            if not self._is_there(offset, b"".join(self._directory(written)) + end):
                raise
        return offset + size_bytes + len(end)

    def _directory(self, written: Sequence[WrittenMember]) -> Iterator[bytes]:
        for member in written:
            yield central_header(self.members[member.entry].title, member)

    def _is_there(self, start: int, directory: bytes) -> bool:
        """Whether the archive is there, with this directory at this place: an earlier run died
        between making it of its parts and saying so."""
        key, size_bytes = self.draft.key, len(directory)
        try:
            there = self.archives.describe(key)
            if there.size_bytes != start + size_bytes:
                return False
            return self.archives.read(key, start, size_bytes, etag=there.etag) == directory
        except (ObjectMissingError, ObjectChangedError):
            return False
