"""Building an archive: what a worker does with an export until its time is up or the zip is there.

    lease      one worker at a time; who dies loses it when it ends by itself
    prepare    the store is asked for what has to be known of the files
    stream     small members, and what is compressed, pass through memory, a part at a time
    copy       large members are copied inside the store, several parts at once
    finish     the directory, then the parts become an object
    settle     a key, the status, and by the change stream the event

After each part a checkpoint is written. Whoever comes next goes on from it, and makes what was
under way again, byte for byte. A file that has vanished or changed is left out, and said so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from coffer.domain.clock import Clock
from coffer.domain.errors import (
    ObjectChangedError,
    ObjectMissingError,
    RecordChangedError,
    StoreError,
)
from coffer.domain.export.assembling import (
    Assembler,
    Assembly,
    PlannedPart,
    header_of,
    plan_assembly,
)
from coffer.domain.export.checkpoint import Checkpoint, Mark
from coffer.domain.export.functions import ImageFunctions
from coffer.domain.export.layout import Layout, padding
from coffer.domain.export.manifest import Entry, Manifest
from coffer.domain.export.ports import (
    Archives,
    Compression,
    ExportQueue,
    Exports,
    Piece,
    Pieces,
    UploadMissingError,
)
from coffer.domain.export.preparing import Preparation, Sources, problems_of
from coffer.domain.export.record import MOST_ATTEMPTS, Export, new_access
from coffer.domain.export.streaming import Buffer, Filled, Member, SpoiledError, Stream, code_of
from coffer.domain.export.zip_format import (
    MOST_END_BYTES,
    Written,
    central_header,
    end_of_directory,
)
from coffer.domain.ports import Uploads

ENOUGH_TIME = timedelta(minutes=1)
"""With less than this left a worker stops, and another one goes on."""
TELLING = timedelta(seconds=2)
"""How often the record is told how far a worker is, and that it lives."""
KEPT_OF_COPIES = 16
"""A checkpoint is written once one in so many copies is not in it yet: it names each of them, and
of thousands, written after each, it would itself be what passes through compute."""
GAVE_UP = "attempts_exhausted"
NOTHING_LEFT = "no_files_left"

Remaining = Callable[[], timedelta]


class Outcome(StrEnum):
    """How a worker's run ended."""

    FINISHED = "finished"
    FAILED = "failed"
    CONTINUED = "continued"
    BUSY = "busy"
    NOTHING_TO_DO = "nothing_to_do"


class OutOfTimeError(Exception):
    """The worker's time is nearly up."""


@dataclass(frozen=True, kw_only=True)
class Building:
    """The parts of the world that building takes."""

    exports: Exports
    archives: Archives
    queue: ExportQueue
    uploads: Uploads
    images: ImageFunctions
    compression: Compression
    clock: Clock

    def build(self, identifier: str, remaining: Remaining) -> Outcome:
        """Build the archive of an export, or go on with it, as far as the time that remains allows.

        Called twice at once, one of them does nothing.
        """
        export = self.exports.get(identifier)
        if export is None or not export.is_unfinished:
            return Outcome.NOTHING_TO_DO
        if export.is_leased(self.clock.now()):
            return Outcome.BUSY
        try:
            leased = self.exports.replace(export, export.leased(self.clock.now()))
            return self._work(leased, remaining)
        except RecordChangedError:
            return Outcome.BUSY

    def _work(self, export: Export, remaining: Remaining) -> Outcome:
        run = _Run(self, export, remaining)
        try:
            if export.attempts > MOST_ATTEMPTS:
                return run.fail(GAVE_UP)
            return run.go()
        except OutOfTimeError:
            run.release()
            self.queue.enqueue(export.identifier)
            return Outcome.CONTINUED
        except RecordChangedError:
            run.withdraw()
            return Outcome.BUSY
        except Exception:
            run.release()
            raise


class _Run:
    """One worker's run: the record and the checkpoint as they stand."""

    def __init__(self, world: Building, export: Export, remaining: Remaining) -> None:
        self._world, self._archives, self._export = world, world.archives, export
        self._remaining = remaining
        self._told = world.clock.now()
        self._checkpoint = Checkpoint(upload="")
        self._sources = Sources()
        self._manifest = Manifest(request={}, entries=())
        self._layout: Layout
        self._members: list[Member]

    @property
    def _temporary(self) -> str:
        return f"{self._export.folder}parts/"

    @property
    def _scratch(self) -> str:
        """Where this worker's temporary objects go: one that is believed dead has its own."""
        return f"{self._temporary}{self._export.lease}/"

    def go(self) -> Outcome:
        """Everything that is left to do; raises OutOfTimeError where it must be interrupted."""
        self._manifest = Manifest.decode(self._archives.load(self._export.request_key))
        self._take_up()
        self._prepare()
        for _ in range(2):
            try:
                return self._build()
            except UploadMissingError:
                # Cleared away as abandoned, or completed by a worker that was believed dead.
                self._start_over()
        raise UploadMissingError(f"the upload of {self._export.archive_key} vanished twice")

    def release(self) -> None:
        """Let anyone go on; nothing happens where another worker does already."""
        try:
            self._write(self._export.released(self._world.clock.now()))
        except RecordChangedError:
            return

    def withdraw(self) -> None:
        """Clear away what is this worker's own, because another one has the lease; everything,
        where that one is done, and could not clear away what came behind it."""
        export = self._world.exports.get(self._export.identifier)
        if export is None or not export.is_unfinished:
            self._clear()
        else:
            self._clear_below(self._scratch)

    def fail(self, code: str) -> Outcome:
        """Give the export up."""
        self._clear()
        problems = problems_of(self._manifest.entries, self._checkpoint.dropped)
        self._write(self._export.failed(self._world.clock.now(), code, problems))
        return Outcome.FAILED

    # ------------------------------------------------------------------ what is there already

    def _take_up(self) -> None:
        """Read how far the worker before came, and clear away what it was in the midst of."""
        for lease in range(self._export.lease - 1, 0, -1):
            try:
                loaded = self._archives.load(self._checkpoint_key(lease))
            except ObjectMissingError:
                continue
            self._checkpoint = Checkpoint.decode(loaded)
            break
        self._clear(but=self._checkpoint.upload)
        if not self._checkpoint.upload:
            self._checkpoint = self._new_checkpoint()
        self._save(progress=False)

    def _new_checkpoint(self) -> Checkpoint:
        return Checkpoint(
            upload=self._archives.begin(self._export.archive_key), dropped=self._sources.dropped
        )

    def _start_over(self) -> None:
        self._hold()
        self._checkpoint = self._new_checkpoint()
        self._save(progress=False)

    def _checkpoint_key(self, lease: int) -> str:
        return f"{self._export.folder}checkpoint-{lease}.json"

    def _clear(self, but: str = "") -> None:
        """Remove temporary objects and unfinished uploads, except the archive's own."""
        for key, upload in list(self._archives.unfinished(self._export.folder)):
            if upload != but:
                self._archives.abandon(key, upload)
        self._clear_below(self._temporary)

    def _clear_below(self, scratch: str) -> None:
        for key, upload in list(self._archives.unfinished(scratch)):
            self._archives.abandon(key, upload)
        for key in list(self._archives.keys(scratch)):
            self._archives.remove(key)

    # ------------------------------------------------------------------ how far it is

    def _save(self, *, progress: bool = True) -> None:
        """Write the checkpoint, and now and then tell the record how far it is."""
        self._archives.save(self._checkpoint_key(self._export.lease), self._checkpoint.encode())
        if progress and (self._export.attempts or self._is_silent()):
            self._write(self._export.advanced(self._moment(), *self._done()))

    def _hold(self) -> None:
        """Make the lease longer; raises RecordChangedError where another worker has it."""
        self._write(self._export.at_work(self._moment(), *self._done()))

    def _is_silent(self) -> bool:
        return self._world.clock.now() - self._told >= TELLING

    def _moment(self) -> datetime:
        self._told = self._world.clock.now()
        return self._told

    def _done(self) -> tuple[int, int]:
        """How many files are in the archive, and how many bytes of files."""
        checkpoint = self._checkpoint
        copied: Counter[int] = Counter()
        if checkpoint.leading is not None:
            copied[checkpoint.leading] += checkpoint.padded
        for _, of in checkpoint.copies.values():
            entry, _, length, _ = of.split(":")
            copied[int(entry)] += int(length)
        streamed = [member.entry for member in checkpoint.written]
        whole = [entry for entry, length in copied.items() if length == self._size(entry)]
        size_bytes = sum(map(self._size, streamed)) + sum(copied.values())
        return len(streamed) + len(whole), size_bytes

    def _size(self, entry: int) -> int:
        """What the request counted for a file, and so what is counted as done of it."""
        return self._manifest.entries[entry].size_bytes or 0

    def _write(self, after: Export) -> None:
        self._export = self._world.exports.replace(self._export, after)

    def _pause(self) -> None:
        """Between two steps: is there time for another? And a sign of life."""
        if self._remaining() < ENOUGH_TIME:
            raise OutOfTimeError
        if self._is_silent():
            self._hold()

    # ------------------------------------------------------------------ the stages

    def _prepare(self) -> None:
        key = f"{self._export.folder}sources.json"
        try:
            self._sources = Sources.decode(self._archives.load(key))
        except ObjectMissingError:
            self._sources = Sources()
        preparation = Preparation(
            archives=self._archives,
            entries=self._manifest.entries,
            sources=self._sources,
            scratch=self._scratch,
            pause=self._pause,
            tell=self._remember,
        )
        before = self._sources.encode()
        try:
            self._layout, members = preparation.members()
        finally:
            after = self._sources.encode()
            if after != before:
                self._archives.save(key, after)
                self._write(self._export.advanced(self._moment(), *self._done()))
        self._members = list(members)
        dropped = {**self._sources.dropped, **self._checkpoint.dropped}
        self._checkpoint = replace(self._checkpoint, dropped=dropped)

    def _remember(self, entry: Entry, crc32: int) -> None:
        """Keep the sum of a file with its record, so that no export asks for it again."""
        upload = self._world.uploads.get(entry.file_identifier)
        if upload is None or not upload.is_readable or upload.found.crc32 is not None:
            return
        try:
            self._world.uploads.replace(upload, upload.summed(f"{crc32:08x}"))
        except RecordChangedError:
            return

    def _build(self) -> Outcome:
        buffer = Buffer(self._layout.part_bytes)
        while True:
            rest = self._stream(buffer) if self._checkpoint.leading is None else None
            written = self._checkpoint.written
            if rest is not None:
                if len(self._checkpoint.dropped) == len(self._members):
                    self._hold()
                    return self.fail(NOTHING_LEFT)
                return self._finish(buffer, (*written, *rest.written), rest.place.offset)
            if (assembly := self._copy()) is not None:
                buffer.clear()
                return self._finish(buffer, (*written, *assembly.written), assembly.end)

    def _stream(self, buffer: Buffer) -> Filled | None:
        """Make the parts of streamed members; None where copied ones follow, and what is left in
        the buffer, which is no part yet, where none do."""
        while True:
            stream = Stream(
                self._layout,
                self._members,
                self._checkpoint.dropped,
                self,
                self._world.compression,
            )
            wanted = stream.wanted(self._checkpoint.place)
            try:
                with self._archives.ahead(wanted, self._layout.part_bytes) as pieces:
                    filled = self._fill_parts(stream, buffer, pieces)
            except SpoiledError as spoiled:
                self._take_back(spoiled)
                continue
            copied = stream.copied_from(filled.place)
            if not copied:
                self._drop(filled.dropped)
                return filled
            if self._lead(copied[0], filled, buffer):
                return None

    def _fill_parts(self, stream: Stream, buffer: Buffer, pieces: Pieces) -> Filled:
        """Make and send parts; what there is when no more is to be streamed."""
        while True:
            self._pause()
            before = self._checkpoint
            filled = stream.fill(buffer, before.place, pieces)
            if filled.ended:
                return filled
            etag = self._send(len(before.parts) + 1, buffer)
            opened = None
            if filled.place.read:
                goes_on = before.place.read and before.place.member == filled.place.member
                opened = before.opened if goes_on else before.mark
            self._checkpoint = replace(
                before,
                parts=(*before.parts, etag),
                place=filled.place,
                written=(*before.written, *filled.written),
                opened=opened,
                dropped={**before.dropped, **filled.dropped},
            )
            self._save()

    def _lead(self, entry: int, filled: Filled, buffer: Buffer) -> bool:
        """End the streamed part of the archive with the header of the first copied member, and
        with as much of it as makes a part; False where the member has vanished or changed."""
        before, member = self._checkpoint, self._members[entry]
        header = header_of(member)
        padded = padding(buffer.length + len(header), member.size_bytes) or 0
        buffer.put(header)
        try:
            self._put_beginning(member, padded, buffer)
        except StoreError as error:
            self._drop({entry: code_of(error)})
            return False
        self._checkpoint = replace(
            before,
            parts=(*before.parts, self._send(len(before.parts) + 1, buffer)),
            place=filled.place,
            written=(*before.written, *filled.written),
            opened=None,
            transition=before.mark,
            leading=entry,
            padded=padded,
            dropped={**before.dropped, **filled.dropped},
        )
        self._save()
        return True

    def _put_beginning(self, member: Member, length: int, buffer: Buffer) -> None:
        step, size = self._layout.piece_bytes, member.size_bytes
        wanted = [
            Piece(member.key, start, min(step, length - start), size, member.etag)
            for start in range(0, length, step)
        ]
        with self._archives.ahead(wanted, self._layout.part_bytes) as pieces:
            for piece in wanted:
                buffer.put(pieces.take(piece))
                pieces.free()

    def _copy(self) -> Assembly | None:
        """Copy members inside the store; None where the first of them has vanished or changed."""
        while True:
            done = self._checkpoint
            order = self._layout.order[done.place.member :]
            assembly = plan_assembly(
                self._members,
                [entry for entry in order if entry not in done.dropped],
                offset=done.place.offset,
                padded=done.padded,
                first_part=len(done.parts) + 1,
                copy_bytes=self._layout.copy_bytes,
            )
            right = {part.number: part.of for part in assembly.parts}
            copies = {n: made for n, made in done.copies.items() if right.get(n) == made[1]}
            self._checkpoint = replace(done, copies=copies)
            try:
                self._copy_parts([p for p in assembly.parts if p.number not in copies])
            except SpoiledError as spoiled:
                self._drop({spoiled.entry: spoiled.code})
                if spoiled.entry == done.leading:
                    self._checkpoint = self._checkpoint.back_to(marked(done.transition))
                    return None
                continue
            return assembly

    def _copy_parts(self, planned: Sequence[PlannedPart]) -> None:
        assembler = Assembler(
            archives=self._archives,
            clock=self._world.clock,
            key=self._export.archive_key,
            upload=self._checkpoint.upload,
            scratch=self._scratch,
            members=self._members,
        )
        self._pause()
        new = 0
        try:
            for part, etag in self._archives.at_once(assembler.make, planned):
                copies = {**self._checkpoint.copies, part.number: (etag, part.of)}
                self._checkpoint = replace(self._checkpoint, copies=copies)
                new += 1
                if new * KEPT_OF_COPIES >= len(copies):
                    self._save()
                    new = 0
                self._pause()
        except Exception:
            if new:
                self._save(progress=False)
            raise
        if new:
            self._save()

    def _finish(self, buffer: Buffer, written: Sequence[Written], offset: int) -> Outcome:
        """Put the directory behind everything, and make the parts one object."""
        done = self._checkpoint
        # Copies are done in any order; S3 wants the parts in theirs.
        copies = {number: etag for number, (etag, _) in sorted(done.copies.items())}
        parts = dict(enumerate(done.parts, 1)) | copies
        size_bytes = sum(map(len, self._directory(written)))
        end = end_of_directory(len(written), offset, size_bytes)
        self._hold()  # nobody else completes an archive that its readers may have by now
        try:
            for header in self._directory(written):
                if buffer.length + len(header) + MOST_END_BYTES > self._layout.part_bytes:
                    parts[len(parts) + 1] = self._send(len(parts) + 1, buffer)
                    buffer.clear()
                buffer.put(header)
            buffer.put(end)
            parts[len(parts) + 1] = self._send(len(parts) + 1, buffer)
            self._archives.finish(self._export.archive_key, done.upload, parts)
        except UploadMissingError:
            if not self._is_there(offset, b"".join(self._directory(written)) + end):
                raise
        return self._settle([member.entry for member in written], offset + size_bytes + len(end))

    def _directory(self, written: Sequence[Written]) -> Iterator[bytes]:
        for member in written:
            yield central_header(self._members[member.entry].title, member)

    def _is_there(self, start: int, directory: bytes) -> bool:
        """Whether the archive is there, with this directory at this place: an earlier run died
        between making it of its parts and saying so."""
        key, size_bytes = self._export.archive_key, len(directory)
        try:
            there = self._archives.describe(key)
            if there.size_bytes != start + size_bytes:
                return False
            return self._archives.read(key, start, size_bytes, etag=there.etag) == directory
        except (ObjectMissingError, ObjectChangedError):
            return False

    def _settle(self, written: Sequence[int], archive_bytes: int) -> Outcome:
        self._clear()
        now = self._world.clock.now()
        access = new_access(self._export, now)
        problems = problems_of(self._manifest.entries, self._checkpoint.dropped)
        self._export = self._world.exports.replace(
            self._export,
            self._export.finished(
                now, problems, sum(map(self._size, written)), archive_bytes, access.key
            ),
            access,
        )
        return Outcome.FINISHED

    # ------------------------------------------------------------------ what the stages share

    def make(self, entry: int) -> bytes:
        """The member that the export function makes of an image."""
        member, function = self._members[entry], self._manifest.function
        if function is None:
            raise ValueError("there is nothing that this member could be made with")
        image = self._archives.read(member.key, 0, member.size_bytes, etag=member.etag or "")
        return self._world.images.apply(function, image)

    def _send(self, number: int, buffer: Buffer) -> str:
        key, upload = self._export.archive_key, self._checkpoint.upload
        with buffer.view() as body:
            return self._archives.send(key, upload, number, body)

    def _drop(self, dropped: Mapping[int, str]) -> None:
        self._checkpoint = replace(
            self._checkpoint, dropped={**self._checkpoint.dropped, **dropped}
        )

    def _take_back(self, spoiled: SpoiledError) -> None:
        """Leave out a member whose beginning is in the archive already: the part in which it
        begins, and those behind it, are made anew."""
        done = self._checkpoint
        begun = done.place.read and self._layout.order[done.place.member] == spoiled.entry
        if begun:
            self._checkpoint = done.back_to(marked(done.opened))
        self._drop({spoiled.entry: spoiled.code})


def marked(mark: Mark | None) -> Mark:
    """A mark that has to be there."""
    if mark is None:
        raise ValueError("a checkpoint lacks the mark of what it has begun")
    return mark
