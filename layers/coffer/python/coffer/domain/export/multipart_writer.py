"""The archive while it is built: a multipart upload, and the checkpoint that says what is in it.

After each part a checkpoint is written. Whoever comes next goes on from it, and makes what was
under way again, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from coffer.domain.errors import ObjectMissingError
from coffer.domain.export.checkpoint import START, Checkpoint, RestartPoint
from coffer.domain.export.lease import Lease
from coffer.domain.export.leftovers import clear_leftovers
from coffer.domain.export.manifest import ManifestEntry
from coffer.domain.export.ports import Archives
from coffer.domain.export.stream_members import PartBuffer


class MultipartWriter:
    """One worker's archive; `checkpoint` is how far it is, kept with the store by `save`."""

    def __init__(self, archives: Archives, lease: Lease, entries: Sequence[ManifestEntry]) -> None:
        self.lease, self.entries = lease, entries
        self.checkpoint = Checkpoint(upload="")
        self._archives = archives

    @property
    def key(self) -> str:
        """Where the archive will be."""
        return self.lease.export.archive_key

    def take_up(self) -> None:
        """Read how far the worker before came, and clear away what it was in the midst of."""
        export = self.lease.export
        for lease in range(export.lease - 1, 0, -1):
            try:
                loaded = self._archives.load(export.checkpoint_key(lease))
            except ObjectMissingError:
                continue
            self.checkpoint = Checkpoint.decode(loaded)
            break
        clear_leftovers(self._archives, export, but=self.checkpoint.upload)
        if not self.checkpoint.upload:
            self._begin({})
        self.save(progress=False)

    def start_over(self, dropped: Mapping[int, str]) -> None:
        """Begin a new upload, without the entries that are left out from the start."""
        self.hold()
        self._begin(dropped)
        self.save(progress=False)

    def send(self, number: int, buffer: PartBuffer) -> str:
        """Put a part that has passed through memory; its ETag."""
        with buffer.view() as body:
            return self._archives.send(self.key, self.checkpoint.upload, number, body)

    def drop(self, dropped: Mapping[int, str]) -> None:
        """Leave entries out, each for the reason that a code says."""
        self.checkpoint = self.checkpoint.without(dropped)

    def drop_first(self, dropped: Mapping[int, str]) -> None:
        """The same for what was found before: a reason that is known by now stands."""
        known = self.checkpoint.dropped
        self.checkpoint = replace(self.checkpoint, dropped={**dropped, **known})

    def go_back(self, mark: RestartPoint | None) -> None:
        """Make the part of the mark, and those behind it, anew; all, where no mark is known."""
        self.checkpoint = self.checkpoint.back_to(mark or START)

    def save(self, *, progress: bool = True) -> None:
        """Write the checkpoint, and now and then tell the record how far it is."""
        export = self.lease.export
        self._archives.save(export.checkpoint_key(export.lease), self.checkpoint.encode())
        if progress and (export.attempts or self.lease.is_silent):
            self.advance()

    def hold(self) -> None:
        """Make the lease longer; raises RecordChangedError where another worker has it."""
        self.lease.hold(*self._done())

    def advance(self) -> None:
        """The same once something has been kept from which the next worker goes on."""
        self.lease.advance(*self._done())

    def pause(self) -> None:
        """Between two steps: is there time for another? And a sign of life."""
        self.lease.check_time()
        if self.lease.is_silent:
            self.hold()

    def size(self, entry: int) -> int:
        """What the request counted for a file, and so what is counted as done of it."""
        return self.entries[entry].size_bytes or 0

    def _begin(self, dropped: Mapping[int, str]) -> None:
        self.checkpoint = Checkpoint(upload=self._archives.begin(self.key), dropped=dropped)

    def _done(self) -> tuple[int, int]:
        """How many files are in the archive, and how many bytes of files."""
        checkpoint = self.checkpoint
        copied: Counter[int] = Counter()
        if checkpoint.leading is not None:
            copied[checkpoint.leading] += checkpoint.padded
        for _, of in checkpoint.copies.values():
            entry, _, length, _ = of.split(":")
            copied[int(entry)] += int(length)
        streamed = [member.entry for member in checkpoint.written]
        whole = [entry for entry, length in copied.items() if length == self.size(entry)]
        size_bytes = sum(map(self.size, streamed)) + sum(copied.values())
        return len(streamed) + len(whole), size_bytes
