"""Taking stock of the files of an export, and keeping what the store said of them, so that neither
the next worker nor another export asks again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coffer.domain.errors import ObjectMissingError, RecordChangedError
from coffer.domain.export.layout import Layout
from coffer.domain.export.manifest import ManifestEntry
from coffer.domain.export.multipart_writer import MultipartWriter
from coffer.domain.export.ports import Archives
from coffer.domain.export.stream_members import ArchiveMember
from coffer.domain.export.verify_sources import Preparation, VerifiedSources
from coffer.domain.uploads.ports import Uploads


@dataclass(frozen=True, kw_only=True)
class Stocktaking:
    """The parts of the world that it takes."""

    archives: Archives
    uploads: Uploads

    def prepare(
        self, draft: MultipartWriter
    ) -> tuple[VerifiedSources, Layout, Sequence[ArchiveMember]]:
        """What is known of the files, how the archive is laid out, and all entries.

        What was found out is kept also where it is interrupted.
        """
        export = draft.lease.export
        sources = self._known(export.sources_key)
        preparation = Preparation(
            archives=self.archives,
            entries=draft.entries,
            sources=sources,
            scratch=export.scratch,
            pause=draft.pause,
            tell=self._remember,
        )
        before = sources.encode()
        try:
            layout, members = preparation.members()
        finally:
            after = sources.encode()
            if after != before:
                self.archives.save(export.sources_key, after)
                draft.advance()
        return sources, layout, members

    def _known(self, key: str) -> VerifiedSources:
        try:
            return VerifiedSources.decode(self.archives.load(key))
        except ObjectMissingError:
            return VerifiedSources()

    def _remember(self, entry: ManifestEntry, crc32: int) -> None:
        """Keep the sum of a file with its record."""
        upload = self.uploads.get(entry.file_identifier)
        if upload is None or not upload.is_readable or upload.content.crc32 is not None:
            return
        try:
            self.uploads.replace(upload, upload.with_crc32(f"{crc32:08x}"))
        except RecordChangedError:
            return
