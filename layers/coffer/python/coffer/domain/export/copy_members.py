"""Copy large members into parts of the archive, inside S3, several parts in parallel."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from coffer.domain.clock import Clock
from coffer.domain.errors import (
    MultipartUploadMissingError,
    ObjectChangedError,
    ObjectMissingError,
    RecordChangedError,
)
from coffer.domain.export.layout import ArchiveMember, CopiedPart, Layout, copied_parts
from coffer.domain.export.lease import MIN_TIME_TO_COPY
from coffer.domain.export.multipart_writer import BrokenMemberError, MultipartWriter
from coffer.domain.export.ports import Archives
from coffer.domain.export.verify_sources import problem_code
from coffer.domain.export.zip_format import STORED, WrittenMember
from coffer.domain.objects import StoredObject

COPIES_PER_CHECKPOINT = 16
"""A checkpoint is saved when it lacks a sixteenth of the copies that are done. It names every copy:
after each of thousands of copies, the checkpoints would be larger than the rest of the work."""


@dataclass(frozen=True, slots=True)
class PlannedCopy:
    """One copied part. `source` names its bytes; a copy of another source is not reused."""

    number: int
    entry: int
    part: CopiedPart
    header: bytes

    @property
    def source(self) -> str:
        part = self.part
        return f"{self.entry}:{part.start}:{part.length}:{zlib.crc32(self.header):x}"


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """The copied members in order, their parts, and the offset of the archive after them."""

    written: tuple[WrittenMember, ...]
    parts: tuple[PlannedCopy, ...]
    end: int


def plan_copies(
    members: Sequence[ArchiveMember],
    copied: Sequence[int],
    *,
    offset: int,
    leading: int,
    first_part: int,
    copy_bytes: int,
) -> CopyPlan:
    """Return the plan for the `copied` entries, from `offset` of the archive on.

    The header and the `leading` first bytes of the first member are in the part before
    `first_part`.
    """
    headers = {entry: members[entry].stored_header for entry in copied}
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
            headers[copied[part.member + 1]] if part.is_joined else b"",
        )
        for number, part in enumerate(copied_parts(sizes, leading, copy_bytes), first_part)
    )
    return CopyPlan(tuple(written), parts, offset)


@dataclass(frozen=True, kw_only=True)
class MemberCopier:
    """Copies the copied members of a layout; `members` are all entries."""

    archives: Archives
    clock: Clock
    writer: MultipartWriter
    layout: Layout
    members: Sequence[ArchiveMember]

    def copy(self) -> CopyPlan | None:
        """Copy all parts that are not copied yet and return the plan.

        Returns None if the first member is missing or has changed: its first bytes are in the last
        streamed part, which has to be redone.
        """
        while True:
            checkpoint = self.writer.checkpoint
            order = self.layout.order[checkpoint.position.member :]
            plan = plan_copies(
                self.members,
                [entry for entry in order if entry not in checkpoint.dropped],
                offset=checkpoint.position.offset,
                leading=checkpoint.first_copied_bytes,
                first_part=len(checkpoint.parts) + 1,
                copy_bytes=self.layout.copy_bytes,
            )
            sources = {part.number: part.source for part in plan.parts}
            copies = {n: copy for n, copy in checkpoint.copies.items() if sources.get(n) == copy[1]}
            self.writer.checkpoint = replace(checkpoint, copies=copies)
            try:
                self._copy_parts([part for part in plan.parts if part.number not in copies])
            except BrokenMemberError as error:
                self.writer.drop({error.entry: error.code})
                if error.entry == checkpoint.first_copied:
                    self.writer.go_back(checkpoint.copy_start)
                    return None
                continue
            return plan

    def _copy_parts(self, planned: Sequence[PlannedCopy]) -> None:
        writer = self.writer
        writer.check_time(MIN_TIME_TO_COPY)
        unsaved = 0
        try:
            for part, etag in self.archives.in_parallel(self._copy_part, planned):
                copies = {**writer.checkpoint.copies, part.number: (etag, part.source)}
                writer.checkpoint = replace(writer.checkpoint, copies=copies)
                unsaved += 1
                if unsaved * COPIES_PER_CHECKPOINT >= len(copies):
                    writer.save()
                    unsaved = 0
                writer.check_time(MIN_TIME_TO_COPY)
        except Exception:
            if unsaved:
                writer.save(progress=False)
            raise
        if unsaved:
            writer.save()

    def _copy_part(self, planned: PlannedCopy) -> str:
        """Copy one part and return its ETag; raises BrokenMemberError if its member is missing or
        has changed."""
        member, part = self.members[planned.entry], planned.part
        source = StoredObject(
            key=member.key,
            size_bytes=member.size_bytes,
            etag=member.etag or "",
            last_modified=member.modified,
        )
        try:
            if planned.header:
                return self._copy_joined(planned, source)
            return self._copy_to_archive(planned.number, source, part.start, part.length)
        except (ObjectMissingError, ObjectChangedError) as error:
            raise BrokenMemberError(planned.entry, problem_code(error)) from error

    def _copy_joined(self, planned: PlannedCopy, source: StoredObject) -> str:
        """Join the end of a member and the header of the next one, and copy the result as a part.

        The temporary object is a multipart upload of its own, whose last part may be small.
        """
        archives, part = self.archives, planned.part
        key = f"{self.writer.lease.export.scratch}{planned.number}"
        upload = archives.start_upload(key)
        try:
            tail = archives.copy_part(key, upload, 1, source, part.start, part.length)
            header = archives.upload_part(key, upload, 2, planned.header)
            etag = archives.complete_upload(key, upload, {1: tail, 2: header})
        except MultipartUploadMissingError as error:
            raise _removed_by_another_worker(key) from error
        except (ObjectMissingError, ObjectChangedError):
            archives.abort_upload(key, upload)
            raise
        joined = StoredObject(
            key=key,
            size_bytes=part.length + len(planned.header),
            etag=etag,
            last_modified=self.clock.now(),
        )
        try:
            copied = self._copy_to_archive(planned.number, joined, 0, joined.size_bytes)
        except (ObjectMissingError, ObjectChangedError) as error:
            raise _removed_by_another_worker(key) from error
        archives.remove(key)
        return copied

    def _copy_to_archive(self, number: int, source: StoredObject, start: int, length: int) -> str:
        writer = self.writer
        upload = writer.checkpoint.upload
        return self.archives.copy_part(writer.key, upload, number, source, start, length)


def _removed_by_another_worker(key: str) -> RecordChangedError:
    return RecordChangedError(f"{key} was removed by another worker")
