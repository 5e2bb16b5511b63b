"""The part of an archive that is copied inside the store: where each member comes to stand, and
what each of its parts is made of."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from coffer.domain.clock import Clock
from coffer.domain.errors import (
    MultipartUploadMissingError,
    ObjectChangedError,
    ObjectMissingError,
    RecordChangedError,
)
from coffer.domain.export.layout import CopiedPart, JoinedPart, copied_parts
from coffer.domain.export.ports import Archives
from coffer.domain.export.stream_members import ArchiveMember, BrokenMemberError, problem_code
from coffer.domain.export.zip_format import STORED, WrittenMember, stored_header
from coffer.domain.objects import StoredObject


@dataclass(frozen=True, slots=True)
class PlannedCopy:
    """One part of the archive: `of` says what it is made of, and so whether it is still right."""

    number: int
    entry: int
    part: CopiedPart
    header: bytes

    @property
    def of(self) -> str:
        part = self.part
        return f"{self.entry}:{part.start}:{part.length}:{zlib.crc32(self.header):x}"


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """The copied members in their order, from `offset` in the archive on."""

    written: tuple[WrittenMember, ...]
    parts: tuple[PlannedCopy, ...]
    end: int


def plan_copies(
    members: Sequence[ArchiveMember],
    copied: Sequence[int],
    *,
    offset: int,
    padded: int,
    first_part: int,
    copy_bytes: int,
) -> CopyPlan:
    """What is copied where; the header of the first member, and `padded` bytes of it, are in the
    part before `first_part` already."""
    headers = {entry: header_of(members[entry]) for entry in copied}
    written = []
    for entry in copied:
        member = members[entry]
        size = member.size_bytes
        written.append(WrittenMember(entry, offset, STORED, member.crc32 or 0, size, size))
        offset += len(headers[entry]) + size
    sizes = [members[entry].size_bytes for entry in copied]
    parts = tuple(
        PlannedCopy(
            number,
            copied[part.member],
            part,
            headers[copied[part.member + 1]] if isinstance(part, JoinedPart) else b"",
        )
        for number, part in enumerate(copied_parts(sizes, padded, copy_bytes), first_part)
    )
    return CopyPlan(tuple(written), parts, offset)


def header_of(member: ArchiveMember) -> bytes:
    """The local header of a member that is copied."""
    return stored_header(member.title, member.crc32 or 0, member.size_bytes)


@dataclass(frozen=True, kw_only=True)
class Assembler:
    """Makes planned parts of one archive; `scratch` is where temporary objects go."""

    archives: Archives
    clock: Clock
    key: str
    upload: str
    scratch: str
    members: Sequence[ArchiveMember]

    def make(self, planned: PlannedCopy) -> str:
        """Make the part, and give its ETag.

        Raises SpoiledError where the member has vanished or changed.
        """
        member, part = self.members[planned.entry], planned.part
        source = StoredObject(
            key=member.key,
            size_bytes=member.size_bytes,
            etag=member.etag or "",
            last_modified=member.title.modified,
        )
        try:
            if planned.header:
                return self._join(planned, source)
            return self.archives.copy(
                self.key, self.upload, planned.number, source, part.start, part.length
            )
        except (ObjectMissingError, ObjectChangedError) as error:
            raise BrokenMemberError(planned.entry, problem_code(error)) from error

    def _join(self, planned: PlannedCopy, source: StoredObject) -> str:
        """The end of one member with the header of the next: an upload of its own, whose last
        part may be as small as a header, copied as a part of the archive, and removed."""
        archives, part = self.archives, planned.part
        key = f"{self.scratch}{planned.number}"
        upload = archives.begin(key)
        try:
            tail = archives.copy(key, upload, 1, source, part.start, part.length)
            header = archives.send(key, upload, 2, planned.header)
            etag = archives.finish(key, upload, {1: tail, 2: header})
        except MultipartUploadMissingError as error:
            raise RecordChangedError(f"{key} was cleared away by another worker") from error
        except (ObjectMissingError, ObjectChangedError):
            archives.abandon(key, upload)
            raise
        joint = StoredObject(
            key=key,
            size_bytes=part.length + len(planned.header),
            etag=etag,
            last_modified=self.clock.now(),
        )
        copied = self._copy_joint(planned, joint)
        archives.remove(key)
        return copied

    def _copy_joint(self, planned: PlannedCopy, joint: StoredObject) -> str:
        try:
            return self.archives.copy(
                self.key, self.upload, planned.number, joint, 0, joint.size_bytes
            )
        except (ObjectMissingError, ObjectChangedError) as error:
            # It is no member that is missing, but our own: somebody else is at this archive.
            raise RecordChangedError(f"{joint.key} was cleared away by another worker") from error
