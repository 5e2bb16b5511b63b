"""Build the archive of an export, or resume a build, within the time of one worker.

The package's docstring lists the modules that take part. Files that are missing or have changed are
left out and named in the record. Everything the next worker needs is in the checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from coffer.domain.clock import Clock, RemainingTime
from coffer.domain.errors import (
    DecoderBusyError,
    MultipartUploadMissingError,
    RecordChangedError,
)
from coffer.domain.export.cleanup import remove_leftovers, remove_prefix
from coffer.domain.export.copy_members import MemberCopier
from coffer.domain.export.layout import ArchiveMember, Layout
from coffer.domain.export.lease import Lease, OutOfTimeError
from coffer.domain.export.multipart_writer import MultipartWriter, PartBuffer
from coffer.domain.export.ports import Archives, Compression, ExportQueue, Exports
from coffer.domain.export.record import MAX_ATTEMPTS, Export, Manifest
from coffer.domain.export.stream_members import MemberStreamer, Transform
from coffer.domain.export.transform_member import ExportFunction, ImageFunctions, transform_member
from coffer.domain.export.verify_sources import SourceVerifier, problems_by_code, withdrawn_entries
from coffer.domain.export.zip_format import WrittenMember, central_header
from coffer.domain.identifiers import new_identifier
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.uploads.ports import Uploads

ATTEMPTS_EXHAUSTED = "attempts_exhausted"
NO_FILES_LEFT = "no_files_left"
BUSY_DELAY = timedelta(minutes=1)
"""How long an export waits whose pictures cannot be decoded now."""


class BuildOutcome(StrEnum):
    """The result of one worker's run."""

    FINISHED = "finished"
    FAILED = "failed"
    CONTINUED = "continued"
    POSTPONED = "postponed"
    BUSY = "busy"
    NOTHING_TO_DO = "nothing_to_do"


@dataclass(frozen=True, kw_only=True)
class ExportBuilder:
    """Builds archives."""

    exports: Exports
    archives: Archives
    queue: ExportQueue
    uploads: Uploads
    catalogue: Catalogue
    images: ImageFunctions
    compression: Compression
    clock: Clock

    def build(self, identifier: str, remaining: RemainingTime) -> BuildOutcome:
        """Build the archive of an export as far as the remaining time allows.

        If two workers call this for one export, one of them returns BUSY.
        """
        export = self.exports.get(identifier)
        if export is None or not export.is_unfinished:
            return BuildOutcome.NOTHING_TO_DO
        if export.is_leased(self.clock.now()):
            return BuildOutcome.BUSY
        try:
            leased = self.exports.replace(export, export.leased(self.clock.now()))
            return self._build_with(Lease(self.exports, self.clock, leased, remaining))
        except RecordChangedError:
            return BuildOutcome.BUSY

    def _build_with(self, lease: Lease) -> BuildOutcome:
        try:
            if lease.export.attempts > MAX_ATTEMPTS:
                writer = MultipartWriter(self.archives, lease, ())
                return self._fail(writer, ATTEMPTS_EXHAUSTED)
            return self._resume(lease)
        except OutOfTimeError:
            lease.release()
            self.queue.enqueue(lease.export.identifier)
            return BuildOutcome.CONTINUED
        except DecoderBusyError:
            lease.release(is_attempt=False)
            self.queue.enqueue(lease.export.identifier, BUSY_DELAY)
            return BuildOutcome.POSTPONED
        except RecordChangedError:
            self._remove_own_objects(lease.export)
            return BuildOutcome.BUSY
        except Exception:
            lease.release()
            raise

    def _resume(self, lease: Lease) -> BuildOutcome:
        """Do all that is left to do; raises OutOfTimeError if the time runs out."""
        manifest = Manifest.decode(self.archives.load(lease.export.request_key))
        writer = MultipartWriter(self.archives, lease, manifest.entries)
        writer.resume()
        withdrawn = withdrawn_entries(self.uploads, self.catalogue, manifest.entries)
        if not withdrawn.keys() <= writer.checkpoint.dropped.keys():
            # Some of their bytes may be in the parts that an earlier worker wrote.
            writer.restart({**writer.checkpoint.dropped, **withdrawn})
        verifier = SourceVerifier.load(self.archives, self.uploads, writer)
        layout, members = verifier.verify()
        dropped = {**verifier.sources.dropped, **withdrawn}
        writer.drop_sources(dropped)
        transform = self._transform(manifest, lease.export)
        for _ in range(2):
            try:
                return self._write(writer, layout, members, transform)
            except MultipartUploadMissingError:
                # It was aborted as abandoned, or completed by a worker whose lease had expired.
                writer.restart(dropped)
        raise MultipartUploadMissingError(f"the upload of {writer.key} vanished twice")

    def _transform(self, manifest: Manifest, export: Export) -> Transform:
        """Return the function that transforms members, as the manifest asks for it."""

        def transform(member: ArchiveMember) -> bytes:
            if manifest.function is None:
                raise ValueError(f"{member.path} is transformed, but there is no function")
            function = ExportFunction(**manifest.function)
            destination = f"{export.scratch}image-{new_identifier(self.clock)}"
            return transform_member(self.archives, self.images, function, member, destination)

        return transform

    def _write(
        self,
        writer: MultipartWriter,
        layout: Layout,
        members: Sequence[ArchiveMember],
        transform: Transform,
    ) -> BuildOutcome:
        """Stream, copy and complete the archive.

        If the first copied member is lost, its first bytes are in the last streamed part: that part
        is streamed again.
        """
        buffer = PartBuffer(layout.part_bytes)
        streamer = MemberStreamer(
            archives=self.archives,
            writer=writer,
            layout=layout,
            members=members,
            transform=transform,
            compression=self.compression,
        )
        copier = MemberCopier(
            archives=self.archives, clock=self.clock, writer=writer, layout=layout, members=members
        )
        written: tuple[WrittenMember, ...]
        while True:
            last = streamer.stream(buffer) if writer.checkpoint.first_copied is None else None
            if last is not None:
                written, offset = last.written, last.position.offset
                break
            if (plan := copier.copy()) is not None:
                buffer.clear()
                written, offset = plan.written, plan.end
                break
        if len(writer.checkpoint.dropped) == len(members):
            writer.heartbeat()
            return self._fail(writer, NO_FILES_LEFT)
        written = (*writer.checkpoint.written, *written)
        headers = [central_header(members[member.entry].info, member) for member in written]
        archive_bytes = writer.complete(buffer, headers, offset, layout.part_bytes)
        return self._finish(writer, [member.entry for member in written], archive_bytes)

    def _finish(
        self, writer: MultipartWriter, written: Sequence[int], archive_bytes: int
    ) -> BuildOutcome:
        """Record the finished archive. Its access key is issued when the change is published."""
        lease = writer.lease
        remove_leftovers(self.archives, lease.export)
        problems = problems_by_code(writer.entries, writer.checkpoint.dropped)
        bytes_done = sum(map(writer.size, written))
        now = self.clock.now()
        lease.write(lease.export.finished(now, problems, bytes_done, archive_bytes))
        return BuildOutcome.FINISHED

    def _fail(self, writer: MultipartWriter, code: str) -> BuildOutcome:
        """Record that the export failed."""
        lease = writer.lease
        remove_leftovers(self.archives, lease.export)
        problems = problems_by_code(writer.entries, writer.checkpoint.dropped)
        lease.write(lease.export.failed(self.clock.now(), code, problems))
        return BuildOutcome.FAILED

    def _remove_own_objects(self, leased: Export) -> None:
        """Remove this worker's temporary objects after another worker took the lease. If that
        worker is done, nothing else will: then remove all that is left."""
        export = self.exports.get(leased.identifier)
        if export is None or not export.is_unfinished:
            remove_leftovers(self.archives, leased)
        else:
            remove_prefix(self.archives, leased.scratch)
