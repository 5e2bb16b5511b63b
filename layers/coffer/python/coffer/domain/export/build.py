"""Building an archive: what a worker does with an export until its time is up or the zip is there.

    lease         one worker at a time; who dies loses it when it ends by itself
    stocktaking   the store is asked for what has to be known of the files
    sending       small members, and what is compressed, pass through memory, a part at a time
    copying       large members are copied inside the store, several parts at once
    finishing     the directory, then the parts become an object

and then a key, the status, and by the change stream the event. Each of these is a module; what
they work on together, and what the next worker goes on from, is the `draft`. A file that has
vanished or changed is left out, and said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from coffer.domain.clock import Clock
from coffer.domain.errors import MultipartUploadMissingError, RecordChangedError
from coffer.domain.export.copy_members import Copying
from coffer.domain.export.finishing import Finishing
from coffer.domain.export.layout import Layout
from coffer.domain.export.lease import Lease, OutOfTimeError, RemainingTime
from coffer.domain.export.leftovers import clear_below, clear_leftovers
from coffer.domain.export.making import Making
from coffer.domain.export.manifest import Manifest
from coffer.domain.export.multipart_writer import MultipartWriter
from coffer.domain.export.ports import Archives, Compression, ExportQueue, Exports
from coffer.domain.export.record import MAX_ATTEMPTS, Export, new_access_key
from coffer.domain.export.sending import Sending
from coffer.domain.export.stocktaking import Stocktaking
from coffer.domain.export.stream_members import ArchiveMember, PartBuffer
from coffer.domain.export.transform_member import ExportFunction, ImageFunctions
from coffer.domain.export.verify_sources import problems_of
from coffer.domain.uploads.ports import Uploads

ATTEMPTS_EXHAUSTED = "attempts_exhausted"
NO_FILES_LEFT = "no_files_left"


class BuildOutcome(StrEnum):
    """How a worker's run ended."""

    FINISHED = "finished"
    FAILED = "failed"
    CONTINUED = "continued"
    BUSY = "busy"
    NOTHING_TO_DO = "nothing_to_do"


@dataclass(frozen=True, kw_only=True)
class ExportBuilder:
    """The parts of the world that building takes."""

    exports: Exports
    archives: Archives
    queue: ExportQueue
    uploads: Uploads
    images: ImageFunctions
    compression: Compression
    clock: Clock

    def build(self, identifier: str, remaining: RemainingTime) -> BuildOutcome:
        """Build the archive of an export, or go on with it, as far as the time that remains allows.

        Called twice at once, one of them does nothing.
        """
        export = self.exports.get(identifier)
        if export is None or not export.is_unfinished:
            return BuildOutcome.NOTHING_TO_DO
        if export.is_leased(self.clock.now()):
            return BuildOutcome.BUSY
        try:
            leased = self.exports.replace(export, export.leased(self.clock.now()))
            return self._work(leased, remaining)
        except RecordChangedError:
            return BuildOutcome.BUSY

    def _work(self, export: Export, remaining: RemainingTime) -> BuildOutcome:
        lease = Lease(self.exports, self.clock, export, remaining)
        try:
            if export.attempts > MAX_ATTEMPTS:
                return self._fail(MultipartWriter(self.archives, lease, ()), ATTEMPTS_EXHAUSTED)
            return self._go_on(lease)
        except OutOfTimeError:
            lease.release()
            self.queue.enqueue(export.identifier)
            return BuildOutcome.CONTINUED
        except RecordChangedError:
            self._withdraw(lease.export)
            return BuildOutcome.BUSY
        except Exception:
            lease.release()
            raise

    def _go_on(self, lease: Lease) -> BuildOutcome:
        """Everything that is left to do; raises OutOfTimeError where it must be interrupted."""
        manifest = Manifest.decode(self.archives.load(lease.export.request_key))
        draft = MultipartWriter(self.archives, lease, manifest.entries)
        draft.take_up()
        stock = Stocktaking(archives=self.archives, uploads=self.uploads)
        sources, layout, members = stock.prepare(draft)
        draft.drop_first(sources.dropped)
        for _ in range(2):
            try:
                return self._fill(draft, layout, members, manifest.function)
            except MultipartUploadMissingError:
                # Cleared away as abandoned, or completed by a worker that was believed dead.
                draft.start_over(sources.dropped)
        raise MultipartUploadMissingError(f"the upload of {draft.key} vanished twice")

    def _fill(
        self,
        draft: MultipartWriter,
        layout: Layout,
        members: Sequence[ArchiveMember],
        function: ExportFunction | None,
    ) -> BuildOutcome:
        """Stream, copy, finish; stream again where the member is lost that is copied first, since
        its beginning went with the last part that was streamed."""
        archives = self.archives
        buffer = PartBuffer(layout.part_bytes)
        sending = Sending(
            archives=archives,
            draft=draft,
            layout=layout,
            members=members,
            makes=Making(archives=archives, images=self.images, function=function, members=members),
            compression=self.compression,
        )
        copying = Copying(
            archives=archives, clock=self.clock, draft=draft, layout=layout, members=members
        )
        while True:
            rest = sending.send(buffer) if draft.checkpoint.leading is None else None
            if rest is not None:
                behind, offset = rest.written, rest.place.offset
                break
            if (assembly := copying.copy()) is not None:
                buffer.clear()
                behind, offset = assembly.written, assembly.end
                break
        if len(draft.checkpoint.dropped) == len(members):
            draft.hold()
            return self._fail(draft, NO_FILES_LEFT)
        finishing = Finishing(archives=archives, draft=draft, layout=layout, members=members)
        written = (*draft.checkpoint.written, *behind)
        archive_bytes = finishing.finish(buffer, written, offset)
        return self._settle(draft, [member.entry for member in written], archive_bytes)

    def _settle(
        self, draft: MultipartWriter, written: Sequence[int], archive_bytes: int
    ) -> BuildOutcome:
        """Say that the archive is there, and make the key that opens it."""
        lease = draft.lease
        clear_leftovers(self.archives, lease.export)
        now = self.clock.now()
        access = new_access_key(lease.export, now)
        problems = problems_of(draft.entries, draft.checkpoint.dropped)
        bytes_done = sum(map(draft.size, written))
        lease.write(
            lease.export.finished(now, problems, bytes_done, archive_bytes, access.key), access
        )
        return BuildOutcome.FINISHED

    def _fail(self, draft: MultipartWriter, code: str) -> BuildOutcome:
        """Give the export up."""
        lease = draft.lease
        clear_leftovers(self.archives, lease.export)
        problems = problems_of(draft.entries, draft.checkpoint.dropped)
        lease.write(lease.export.failed(self.clock.now(), code, problems))
        return BuildOutcome.FAILED

    def _withdraw(self, leased: Export) -> None:
        """Clear away what is this worker's own, because another one has the lease; everything,
        where that one is done, and could not clear away what came behind it."""
        export = self.exports.get(leased.identifier)
        if export is None or not export.is_unfinished:
            clear_leftovers(self.archives, leased)
        else:
            clear_below(self.archives, leased.scratch)
