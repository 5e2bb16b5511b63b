"""Copying large members into an archive inside the store, several parts at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from coffer.domain.clock import Clock
from coffer.domain.export.assembling import Assembler, CopyPlan, PlannedCopy, plan_copies
from coffer.domain.export.layout import Layout
from coffer.domain.export.multipart_writer import MultipartWriter
from coffer.domain.export.ports import Archives
from coffer.domain.export.stream_members import ArchiveMember, BrokenMemberError

KEPT_OF_COPIES = 16
"""A checkpoint is written once one in so many copies is not in it yet: it names each of them, and
of thousands, written after each, it would itself be what passes through compute."""


@dataclass(frozen=True, kw_only=True)
class Copying:
    """Puts the copied members of a layout into a draft; `members` are all entries."""

    archives: Archives
    clock: Clock
    draft: MultipartWriter
    layout: Layout
    members: Sequence[ArchiveMember]

    def copy(self) -> CopyPlan | None:
        """Copy what is not copied yet; None where the first member has vanished or changed."""
        while True:
            done = self.draft.checkpoint
            order = self.layout.order[done.place.member :]
            assembly = plan_copies(
                self.members,
                [entry for entry in order if entry not in done.dropped],
                offset=done.place.offset,
                padded=done.padded,
                first_part=len(done.parts) + 1,
                copy_bytes=self.layout.copy_bytes,
            )
            right = {part.number: part.of for part in assembly.parts}
            copies = {n: made for n, made in done.copies.items() if right.get(n) == made[1]}
            self.draft.checkpoint = replace(done, copies=copies)
            try:
                self._copy_parts([p for p in assembly.parts if p.number not in copies])
            except BrokenMemberError as spoiled:
                self.draft.drop({spoiled.entry: spoiled.code})
                if spoiled.entry == done.leading:
                    self.draft.go_back(done.transition)
                    return None
                continue
            return assembly

    def _copy_parts(self, planned: Sequence[PlannedCopy]) -> None:
        draft = self.draft
        assembler = Assembler(
            archives=self.archives,
            clock=self.clock,
            key=draft.key,
            upload=draft.checkpoint.upload,
            scratch=draft.lease.export.scratch,
            members=self.members,
        )
        draft.pause()
        new = 0
        try:
            for part, etag in self.archives.at_once(assembler.make, planned):
                copies = {**draft.checkpoint.copies, part.number: (etag, part.of)}
                draft.checkpoint = replace(draft.checkpoint, copies=copies)
                new += 1
                if new * KEPT_OF_COPIES >= len(copies):
                    draft.save()
                    new = 0
                draft.pause()
        except Exception:
            if new:
                draft.save(progress=False)
            raise
        if new:
            draft.save()
