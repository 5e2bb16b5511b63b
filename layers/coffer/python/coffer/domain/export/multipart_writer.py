"""Write the archive as a multipart upload, and save a checkpoint after each part.

The next worker resumes from the latest checkpoint.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from coffer.domain.errors import MultipartUploadMissingError, ObjectChangedError, ObjectMissingError
from coffer.domain.export.checkpoint import START, Checkpoint, RestartPoint
from coffer.domain.export.cleanup import remove_leftovers
from coffer.domain.export.lease import MAX_COPY_TIME, MIN_REMAINING_TIME, Lease
from coffer.domain.export.ports import Archives
from coffer.domain.export.record import ManifestEntry
from coffer.domain.export.zip_format import MAX_END_BYTES, end_of_directory


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
