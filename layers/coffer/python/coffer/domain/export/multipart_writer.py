"""Write the archive as a multipart upload, and save a checkpoint after each part.

A checkpoint has what is needed to resume a build, or to redo some of its parts. It only describes
parts that the store has accepted. The next worker resumes from the latest checkpoint: it redoes the
part that was not finished and produces the same bytes.
"""

from __future__ import annotations

import json
import struct
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

from coffer.domain.errors import MultipartUploadMissingError, ObjectChangedError, ObjectMissingError
from coffer.domain.export.cleanup import remove_leftovers
from coffer.domain.export.lease import MIN_REMAINING_TIME, Lease
from coffer.domain.export.ports import MAX_COPY_TIME, Archives
from coffer.domain.export.record import ManifestEntry
from coffer.domain.export.zip_format import MAX_END_BYTES, WrittenMember, end_of_directory

_WRITTEN = struct.Struct("<LQBLQQ")


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """The position in the streamed members at which a part begins.

    `member` counts in the layout's order. `offset` is the size of the parts before. If the part
    begins inside a member, `read` bytes of its source are in the parts before: the member's header
    is at `header_at`, these bytes have the CRC-32 `crc32`, and they take `packed_bytes`.
    """

    member: int = 0
    read: int = 0
    offset: int = 0
    header_at: int = 0
    crc32: int = 0
    packed_bytes: int = 0


@dataclass(frozen=True, slots=True)
class RestartPoint:
    """The state before a streamed part: the numbers of parts and of members written so far."""

    part: int
    position: StreamPosition
    written: int


START = RestartPoint(part=0, position=StreamPosition(), written=0)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The progress of a multipart upload.

    `parts` are the ETags of the streamed parts, from part 1. When they are done, `first_copied` is
    the entry of the first copied member: the last streamed part ends with the header and the first
    `first_copied_bytes` of this member. `copies` has the ETag of each copied part, by its number,
    and a text that says which bytes it consists of.
    """

    upload: str
    parts: tuple[str, ...] = ()
    position: StreamPosition = field(default_factory=StreamPosition)
    written: tuple[WrittenMember, ...] = ()
    member_start: RestartPoint | None = None
    """The state before the part in which the unfinished member at `position` begins. None if no
    member is unfinished, or after going back, because an earlier state is then not known."""
    copy_start: RestartPoint | None = None
    """The state before the last streamed part."""
    first_copied: int | None = None
    first_copied_bytes: int = 0
    copies: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    dropped: Mapping[int, str] = field(default_factory=dict)
    """The entries that are left out, with the code of the problem."""

    @property
    def restart_point(self) -> RestartPoint:
        """The state before the next streamed part."""
        return RestartPoint(len(self.parts), self.position, len(self.written))

    def back_to(self, point: RestartPoint) -> Checkpoint:
        """Return the checkpoint without everything after a restart point."""
        return Checkpoint(
            upload=self.upload,
            parts=self.parts[: point.part],
            position=point.position,
            written=self.written[: point.written],
            dropped=self.dropped,
        )

    def with_dropped(self, dropped: Mapping[int, str]) -> Checkpoint:
        """Return the checkpoint with more entries left out."""
        return replace(self, dropped={**self.dropped, **dropped})

    def encode(self) -> bytes:
        """Return the checkpoint as JSON; the written members are packed, since there may be
        thousands."""
        packed = b"".join(
            _WRITTEN.pack(w.entry, w.offset, w.method, w.crc32, w.compressed_bytes, w.size_bytes)
            for w in self.written
        )
        document = {
            "upload": self.upload,
            "parts": self.parts,
            "place": asdict(self.position),
            "written": b64encode(packed).decode(),
            "opened": _encode_point(self.member_start),
            "transition": _encode_point(self.copy_start),
            "leading": self.first_copied,
            "padded": self.first_copied_bytes,
            "copies": self.copies,
            "dropped": self.dropped,
        }
        return json.dumps(document, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, encoded: bytes) -> Checkpoint:
        document: dict[str, Any] = json.loads(encoded)
        packed = b64decode(document["written"])
        return cls(
            upload=document["upload"],
            parts=tuple(document["parts"]),
            position=StreamPosition(**document["place"]),
            written=tuple(WrittenMember(*fields) for fields in _WRITTEN.iter_unpack(packed)),
            member_start=_decode_point(document["opened"]),
            copy_start=_decode_point(document["transition"]),
            first_copied=document["leading"],
            first_copied_bytes=document["padded"],
            copies={int(n): (etag, source) for n, (etag, source) in document["copies"].items()},
            dropped={int(entry): code for entry, code in document["dropped"].items()},
        )


def _encode_point(point: RestartPoint | None) -> dict[str, Any] | None:
    if point is None:
        return None
    return {"part": point.part, "place": asdict(point.position), "written": point.written}


def _decode_point(document: Mapping[str, Any] | None) -> RestartPoint | None:
    if document is None:
        return None
    return RestartPoint(document["part"], StreamPosition(**document["place"]), document["written"])


class BrokenMemberError(Exception):
    """A member cannot be finished, but its first bytes are in the archive; `code` says why."""

    def __init__(self, entry: int, code: str) -> None:
        super().__init__(code)
        self.entry, self.code = entry, code


class PartBuffer:
    """The bytes of one part. The same memory is used for all parts."""

    def __init__(self, capacity: int) -> None:
        # A slice assignment to a bytearray copies the bytes twice, to a memoryview once.
        self._bytes = memoryview(bytearray(capacity))
        self.length = 0

    def put(self, data: bytes | memoryview) -> None:
        """Append bytes. The layout ensures that a part fits the capacity."""
        end = self.length + len(data)
        if end > len(self._bytes):
            raise OverflowError(f"a part of {end} bytes is larger than its buffer")
        self._bytes[self.length : end] = data
        self.length = end

    def clear(self) -> None:
        self.length = 0

    def view(self) -> memoryview:
        """Return the content, which is valid until the next `put`."""
        return self._bytes[: self.length]


class MultipartWriter:
    """The multipart upload of one worker. `checkpoint` is its progress; `save` stores it."""

    def __init__(self, archives: Archives, lease: Lease, entries: Sequence[ManifestEntry]) -> None:
        self.lease, self.entries = lease, entries
        self.checkpoint = Checkpoint(upload="")
        self._archives = archives

    @property
    def key(self) -> str:
        """The S3 key of the archive."""
        return self.lease.export.archive_key

    def resume(self) -> None:
        """Load the latest checkpoint, or start an upload; remove what earlier workers left."""
        export = self.lease.export
        for lease in range(export.lease - 1, 0, -1):
            try:
                loaded = self._archives.load(export.checkpoint_key(lease))
            except ObjectMissingError:
                continue
            self.checkpoint = Checkpoint.decode(loaded)
            break
        remove_leftovers(self._archives, export, keep=self.checkpoint.upload)
        if not self.checkpoint.upload:
            self._start({})
        self.save(progress=False)

    def restart(self, dropped: Mapping[int, str]) -> None:
        """Start a new upload, without the `dropped` entries."""
        self.heartbeat()
        self._start(dropped)
        self.save(progress=False)

    def send(self, number: int, buffer: PartBuffer) -> str:
        """Upload the content of the buffer as a part and return its ETag."""
        with buffer.view() as body:
            return self._archives.upload_part(self.key, self.checkpoint.upload, number, body)

    def drop(self, dropped: Mapping[int, str]) -> None:
        """Leave entries out, each with the code of its problem."""
        self.checkpoint = self.checkpoint.with_dropped(dropped)

    def drop_sources(self, dropped: Mapping[int, str]) -> None:
        """Leave entries out whose sources are unusable; keep the codes that are known already."""
        known = self.checkpoint.dropped
        self.checkpoint = replace(self.checkpoint, dropped={**dropped, **known})

    def go_back(self, point: RestartPoint | None) -> None:
        """Redo the parts after a restart point; redo all parts if the point is not known."""
        self.checkpoint = self.checkpoint.back_to(point or START)

    def save(self, *, progress: bool = True) -> None:
        """Store the checkpoint; update the progress in the record if a heartbeat is due."""
        export = self.lease.export
        self._archives.save(export.checkpoint_key(export.lease), self.checkpoint.encode())
        if progress and (export.attempts or self.lease.is_heartbeat_due):
            self.progress_saved()

    def heartbeat(self) -> None:
        """Extend the lease; raises RecordChangedError if another worker has it."""
        self.lease.heartbeat(*self._progress())

    def progress_saved(self) -> None:
        """Extend the lease and reset the count of attempts, after a checkpoint was saved."""
        self.lease.progress_saved(*self._progress())

    def check_time(self, needed: timedelta = MIN_REMAINING_TIME) -> None:
        """Raise OutOfTimeError if less time is left than needed; send a heartbeat if one is due."""
        self.lease.check_time(needed)
        if self.lease.is_heartbeat_due:
            self.heartbeat()

    def complete(
        self, buffer: PartBuffer, headers: Sequence[bytes], offset: int, part_bytes: int
    ) -> int:
        """Append the central directory, complete the upload and return the archive's size.

        `headers` are the entries of the directory, which begins at `offset` of the archive, after
        the content of the buffer. Raises MultipartUploadMissingError if neither the upload nor the
        archive exists.
        """
        checkpoint = self.checkpoint
        # Copies finish in any order; S3 wants the parts in ascending order.
        copies = {number: etag for number, (etag, _) in sorted(checkpoint.copies.items())}
        parts = dict(enumerate(checkpoint.parts, 1)) | copies
        end = end_of_directory(len(headers), offset, sum(map(len, headers)))
        # S3 may take minutes to put the parts together.
        self.lease.check_time(MAX_COPY_TIME + MIN_REMAINING_TIME)
        # Only the holder of the lease may replace an archive that users may have already.
        self.heartbeat()
        try:
            for header in headers:
                if buffer.length + len(header) + MAX_END_BYTES > part_bytes:
                    parts[len(parts) + 1] = self.send(len(parts) + 1, buffer)
                    buffer.clear()
                buffer.put(header)
            buffer.put(end)
            parts[len(parts) + 1] = self.send(len(parts) + 1, buffer)
            self._archives.complete_upload(self.key, checkpoint.upload, parts)
        except MultipartUploadMissingError:
            if not self._is_complete(offset, b"".join(headers) + end):
                raise
        return offset + sum(map(len, headers)) + len(end)

    def size(self, entry: int) -> int:
        """Return the size of a file as the request counted it, for the progress."""
        return self.entries[entry].size_bytes or 0

    def _start(self, dropped: Mapping[int, str]) -> None:
        upload = self._archives.start_upload(self.key)
        self.checkpoint = Checkpoint(upload=upload, dropped=dropped)

    def _is_complete(self, start: int, directory: bytes) -> bool:
        """Return True if the archive exists with this directory: an earlier worker completed the
        upload and died before it wrote the record."""
        size_bytes = len(directory)
        try:
            archive = self._archives.describe(self.key)
            if archive.size_bytes != start + size_bytes:
                return False
            end = self._archives.read(self.key, start, size_bytes, etag=archive.etag)
        except (ObjectMissingError, ObjectChangedError):
            return False
        return end == directory

    def _progress(self) -> tuple[int, int]:
        """Return the number of files in the archive and the bytes of files in it."""
        checkpoint = self.checkpoint
        copied: Counter[int] = Counter()
        if checkpoint.first_copied is not None:
            copied[checkpoint.first_copied] += checkpoint.first_copied_bytes
        for _, source in checkpoint.copies.values():
            entry, _, length, _ = source.split(":")
            copied[int(entry)] += int(length)
        streamed = [member.entry for member in checkpoint.written]
        whole = [entry for entry, length in copied.items() if length == self.size(entry)]
        size_bytes = sum(map(self.size, streamed)) + sum(copied.values())
        return len(streamed) + len(whole), size_bytes
