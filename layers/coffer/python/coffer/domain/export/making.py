"""Members that are made of files: images by the export function of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coffer.domain.export.ports import Archives
from coffer.domain.export.stream_members import ArchiveMember
from coffer.domain.export.transform_member import ExportFunction, ImageFunctions


@dataclass(frozen=True, kw_only=True)
class Making:
    """Applies one function to images of the store; `members` are all entries."""

    archives: Archives
    images: ImageFunctions
    function: ExportFunction | None
    members: Sequence[ArchiveMember]

    def make(self, entry: int) -> bytes:
        """The member that the function makes of an image; raises StoreError and UnmadeError."""
        member = self.members[entry]
        if self.function is None:
            raise ValueError("there is nothing that this member could be made with")
        image = self.archives.read(member.key, 0, member.size_bytes, etag=member.etag or "")
        return self.images.apply(self.function, image)
