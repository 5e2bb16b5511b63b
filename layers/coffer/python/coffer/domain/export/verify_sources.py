"""Ask the store for the sizes, ETags and checksums of the files of an export.

Files that are missing or have changed since the request are left out of the archive. The results
are saved in `sources.json` for the next worker; a computed CRC-32 is also saved in the upload's
record, for other exports.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from coffer.domain.callers import ANONYMOUS
from coffer.domain.errors import (
    ObjectChangedError,
    ObjectMissingError,
    RecordChangedError,
    StoreError,
)
from coffer.domain.export.layout import MIN_COPIED_BYTES, ArchiveMember, Layout, plan_layout
from coffer.domain.export.lease import MIN_TIME_TO_COPY
from coffer.domain.export.multipart_writer import MultipartWriter
from coffer.domain.export.ports import Archives
from coffer.domain.export.record import ManifestEntry
from coffer.domain.export.resolve_sources import SourceResolver
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.objects import StoredObject
from coffer.domain.uploads.ports import Uploads

FILE_MISSING, FILE_CHANGED, FILE_NOT_PUBLIC = "file_missing", "file_changed", "file_not_public"
_BATCH_SIZE = 128


def problem_code(error: StoreError) -> str:
    """Return the code of the problem for which an entry is left out."""
    return FILE_MISSING if isinstance(error, ObjectMissingError) else FILE_CHANGED


def problems_by_code(
    entries: Sequence[ManifestEntry], dropped: Mapping[int, str]
) -> Mapping[str, Sequence[str]]:
    """Return the identifiers of the entries that are left out, by problem code."""
    problems: dict[str, list[str]] = {}
    for number, code in sorted(dropped.items()):
        problems.setdefault(code, []).append(entries[number].file_identifier)
    return problems


def withdrawn_entries(
    uploads: Uploads, catalogue: Catalogue, entries: Sequence[ManifestEntry]
) -> Mapping[int, str]:
    """Return the entries that the user could read because they were public, and that are public no
    longer, with the code of the problem.

    The rights of a user in groups are in the token, so they are only known during a request.
    """
    public = {n: entry.file_identifier for n, entry in enumerate(entries) if entry.is_public}
    if not public:
        return {}
    resolver = SourceResolver(caller=ANONYMOUS, uploads=uploads, catalogue=catalogue)
    files = resolver.resolve(list(public.values()))
    readable = {name for name, file in files.items() if file.is_readable}
    return {n: FILE_NOT_PUBLIC for n, name in public.items() if name not in readable}


@dataclass(frozen=True, slots=True)
class VerifiedSource:
    """The ETag and the size of a source object, and its CRC-32 if it is known."""

    etag: str
    size_bytes: int
    crc32: int | None = None


@dataclass
class VerifiedSources:
    """The results so far: usable sources, and the entries that are left out with a code."""

    known: dict[int, VerifiedSource] = field(default_factory=dict)
    dropped: dict[int, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        known = {n: [s.etag, s.size_bytes, s.crc32] for n, s in self.known.items()}
        document = {"known": known, "dropped": self.dropped}
        return json.dumps(document, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, encoded: bytes) -> VerifiedSources:
        document = json.loads(encoded)
        return cls(
            known={int(n): VerifiedSource(*values) for n, values in document["known"].items()},
            dropped={int(n): code for n, code in document["dropped"].items()},
        )


@dataclass(frozen=True, kw_only=True)
class SourceVerifier:
    """Verifies the sources of one export."""

    archives: Archives
    uploads: Uploads
    writer: MultipartWriter
    sources: VerifiedSources

    @classmethod
    def load(cls, archives: Archives, uploads: Uploads, writer: MultipartWriter) -> SourceVerifier:
        """Return a verifier that starts with the saved results of earlier workers."""
        try:
            saved = archives.load(writer.lease.export.sources_key)
            sources = VerifiedSources.decode(saved)
        except ObjectMissingError:
            sources = VerifiedSources()
        return cls(archives=archives, uploads=uploads, writer=writer, sources=sources)

    def verify(self) -> tuple[Layout, Sequence[ArchiveMember]]:
        """Return the layout of the archive and all its members.

        The results are saved even if the time runs out.
        """
        before = self.sources.encode()
        try:
            return self._verify()
        finally:
            after = self.sources.encode()
            if after != before:
                self.archives.save(self.writer.lease.export.sources_key, after)
                self.writer.progress_saved()

    def _verify(self) -> tuple[Layout, Sequence[ArchiveMember]]:
        entries = self.writer.entries
        self._describe_all([n for n, entry in enumerate(entries) if entry.size_bytes is None])
        members = self._members()
        layout = plan_layout(members)
        self._describe_all([n for n, member in enumerate(members) if _needs_etag(member, layout)])
        self._compute_crc32s([*layout.streamed, *layout.copied], members)
        return layout, self._members()

    def _describe_all(self, numbers: Sequence[int]) -> None:
        """Get size and ETag of these entries, and leave out the missing and changed ones."""
        missing = [n for n in numbers if not self._is_verified(n)]
        for start in range(0, len(missing), _BATCH_SIZE):
            self.writer.check_time()
            batch = missing[start : start + _BATCH_SIZE]
            for number, stored in self.archives.in_parallel(self._describe, batch):
                if stored is None:
                    self.sources.dropped[number] = FILE_MISSING
                elif not _is_unchanged(self.writer.entries[number], stored):
                    self.sources.dropped[number] = FILE_CHANGED
                else:
                    crc32 = int(stored.crc32, 16) if stored.crc32 else None
                    self.sources.known[number] = VerifiedSource(
                        stored.etag, stored.size_bytes, crc32
                    )

    def _describe(self, number: int) -> StoredObject | None:
        try:
            return self.archives.describe(self.writer.entries[number].key)
        except ObjectMissingError:
            return None

    def _is_verified(self, number: int) -> bool:
        return number in self.sources.known or number in self.sources.dropped

    def _compute_crc32s(self, numbers: Sequence[int], members: Sequence[ArchiveMember]) -> None:
        """Compute the checksums that must be known before a header is written."""
        missing = [
            n
            for n in numbers
            if _needs_crc32(members[n])
            and n not in self.sources.dropped
            and self._member(n).crc32 is None
        ]
        for start in range(0, len(missing), _BATCH_SIZE):
            self.writer.check_time(MIN_TIME_TO_COPY)
            batch = missing[start : start + _BATCH_SIZE]
            for number, (crc32, code) in self.archives.in_parallel(self._crc32, batch):
                if crc32 is None:
                    self.sources.dropped[number] = code
                else:
                    known = self.sources.known[number]
                    self.sources.known[number] = replace(known, crc32=crc32)
                    self._save_crc32(self.writer.entries[number], crc32)
                self.writer.check_time(MIN_TIME_TO_COPY)

    def _crc32(self, number: int) -> tuple[int | None, str]:
        entry, source = self.writer.entries[number], self.sources.known[number]
        stored = StoredObject(
            key=entry.key,
            size_bytes=source.size_bytes,
            etag=source.etag,
            last_modified=entry.modified,
        )
        scratch = f"{self.writer.lease.export.scratch}sum-{number}"
        try:
            return self.archives.crc32(stored, scratch), ""
        except (ObjectMissingError, ObjectChangedError) as error:
            return None, problem_code(error)

    def _save_crc32(self, entry: ManifestEntry, crc32: int) -> None:
        """Save a computed checksum in the record of the upload, if it has none."""
        upload = self.uploads.get(entry.file_identifier)
        if upload is None or not upload.is_readable or upload.content.crc32 is not None:
            return
        try:
            self.uploads.replace(upload, upload.with_crc32(f"{crc32:08x}"))
        except RecordChangedError:
            return

    def _members(self) -> Sequence[ArchiveMember]:
        return [self._member(number) for number in range(len(self.writer.entries))]

    def _member(self, number: int) -> ArchiveMember:
        entry, source = self.writer.entries[number], self.sources.known.get(number)
        size = entry.size_bytes if entry.size_bytes is not None else 0
        crc32 = None if entry.crc32 is None else int(entry.crc32, 16)
        if source is not None:
            size = source.size_bytes
            crc32 = source.crc32 if crc32 is None else crc32
        return ArchiveMember(
            path=entry.path,
            size_bytes=size,
            media_type=entry.media_type,
            is_transformed=entry.is_transformed,
            key=entry.key,
            modified=entry.modified,
            etag=source.etag if source else None,
            crc32=None if entry.is_transformed else crc32,
        )


def _is_unchanged(entry: ManifestEntry, stored: StoredObject) -> bool:
    """Return True if size and checksums are the same, as far as record and store know them."""
    facts = (
        (entry.size_bytes, stored.size_bytes),
        (entry.sha1_hex, stored.sha1_hex),
        (entry.crc32, stored.crc32),
    )
    return all(None in pair or pair[0] == pair[1] for pair in facts)


def _needs_etag(member: ArchiveMember, layout: Layout) -> bool:
    """Return True if the member is copied, or read in several requests."""
    is_read_in_ranges = member.size_bytes > layout.range_bytes
    return member.is_transformed or member.can_be_copied or is_read_in_ranges


def _needs_crc32(member: ArchiveMember) -> bool:
    """Return True if the member's header must be written before all its bytes are read."""
    is_stored = not (member.is_transformed or member.is_deflated)
    return is_stored and member.size_bytes >= MIN_COPIED_BYTES
