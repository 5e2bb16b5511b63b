"""What the store says of the files of an export, before any of them is put into the archive."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from coffer.domain.errors import ObjectChangedError, ObjectMissingError
from coffer.domain.export.layout import MIN_COPIED_BYTES, Layout, LayoutMember, plan_layout
from coffer.domain.export.manifest import ManifestEntry
from coffer.domain.export.ports import Archives
from coffer.domain.export.stream_members import FILE_CHANGED, FILE_MISSING, ArchiveMember
from coffer.domain.export.zip_format import MemberInfo
from coffer.domain.objects import StoredObject

_ENTRIES_PER_TRANSACTION = 128


@dataclass(frozen=True, slots=True)
class VerifiedSource:
    """The bytes of an entry, as the store described them; the sum where it is known by now."""

    etag: str
    size_bytes: int
    crc32: int | None = None


@dataclass
class VerifiedSources:
    """What is known of the entries that had to be looked at, and which of them are gone."""

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
class Preparation:
    """Looks at files. `pause` is called between two steps; what it raises ends the work, and what
    has been found out until then stays in `sources`. `tell` gets each sum that had to be computed.
    """

    archives: Archives
    entries: Sequence[ManifestEntry]
    sources: VerifiedSources
    scratch: str
    pause: Callable[[], None]
    tell: Callable[[ManifestEntry, int], None]

    def members(self) -> tuple[Layout, Sequence[ArchiveMember]]:
        """The layout, and all entries with what has to be known of them."""
        self._look([n for n, entry in enumerate(self.entries) if entry.size_bytes is None])
        members = [self._member(number) for number in range(len(self.entries))]
        layout = plan_layout(members)
        self._look([n for n, member in enumerate(members) if _has_to_be_seen(member, layout)])
        self._sum_up([*layout.streamed, *layout.copied], members)
        return layout, [self._member(number) for number in range(len(self.entries))]

    def _look(self, numbers: Sequence[int]) -> None:
        """Ask the store for the size and the ETag of these, and leave out what is not there."""
        open_ones = [n for n in numbers if not self._is_settled(n)]
        for start in range(0, len(open_ones), _ENTRIES_PER_TRANSACTION):
            self.pause()
            batch = open_ones[start : start + _ENTRIES_PER_TRANSACTION]
            for number, found in self.archives.at_once(self._describe, batch):
                if found is None:
                    self.sources.dropped[number] = FILE_MISSING
                elif not _is_what_it_was(self.entries[number], found):
                    self.sources.dropped[number] = FILE_CHANGED
                else:
                    crc32 = int(found.crc32, 16) if found.crc32 else None
                    self.sources.known[number] = VerifiedSource(found.etag, found.size_bytes, crc32)

    def _describe(self, number: int) -> StoredObject | None:
        try:
            return self.archives.describe(self.entries[number].key)
        except ObjectMissingError:
            return None

    def _is_settled(self, number: int) -> bool:
        return number in self.sources.known or number in self.sources.dropped

    def _sum_up(self, numbers: Sequence[int], members: Sequence[ArchiveMember]) -> None:
        """Have the sums computed that have to be known before a header is written."""
        open_ones = [
            n
            for n in numbers
            if _is_summed_ahead(members[n])
            and n not in self.sources.dropped
            and self._member(n).crc32 is None
        ]
        for start in range(0, len(open_ones), _ENTRIES_PER_TRANSACTION):
            self.pause()
            batch = open_ones[start : start + _ENTRIES_PER_TRANSACTION]
            for number, (crc32, code) in self.archives.at_once(self._crc32, batch):
                if crc32 is None:
                    self.sources.dropped[number] = code
                else:
                    known = self.sources.known[number]
                    self.sources.known[number] = replace(known, crc32=crc32)
                    self.tell(self.entries[number], crc32)
                self.pause()  # a sum may take a minute, and there may be many

    def _crc32(self, number: int) -> tuple[int | None, str]:
        entry, source = self.entries[number], self.sources.known[number]
        stored = StoredObject(
            key=entry.key,
            size_bytes=source.size_bytes,
            etag=source.etag,
            last_modified=entry.modified,
        )
        try:
            return self.archives.crc32(stored, f"{self.scratch}sum-{number}"), ""
        except ObjectMissingError:
            return None, FILE_MISSING
        except ObjectChangedError:
            return None, FILE_CHANGED

    def _member(self, number: int) -> ArchiveMember:
        entry, source = self.entries[number], self.sources.known.get(number)
        size = entry.size_bytes if entry.size_bytes is not None else 0
        crc32 = None if entry.crc32 is None else int(entry.crc32, 16)
        if source is not None:
            size = source.size_bytes
            crc32 = source.crc32 if crc32 is None else crc32
        return ArchiveMember(
            path=entry.path,
            size_bytes=size,
            media_type=entry.media_type,
            is_made=entry.is_made,
            key=entry.key,
            title=MemberInfo(entry.path, entry.modified),
            etag=source.etag if source else None,
            crc32=None if entry.is_made else crc32,
        )


def sized(entries: Sequence[ManifestEntry]) -> Sequence[LayoutMember]:
    """What the layout needs of entries that nobody has looked at yet."""
    return [
        LayoutMember(entry.path, entry.size_bytes or 0, entry.media_type, entry.is_made)
        for entry in entries
    ]


def _is_what_it_was(entry: ManifestEntry, found: StoredObject) -> bool:
    """Whether nothing that both the record and the store know of the bytes has changed."""
    facts = (
        (entry.size_bytes, found.size_bytes),
        (entry.sha1_hex, found.sha1_hex),
        (entry.crc32, found.crc32),
    )
    return all(None in (known, seen) or known == seen for known, seen in facts)


def _has_to_be_seen(member: ArchiveMember, layout: Layout) -> bool:
    """Whether an ETag is needed: of what is copied, or read in more than one piece."""
    return member.is_made or member.can_be_copied or member.size_bytes > layout.piece_bytes


def _is_summed_ahead(member: ArchiveMember) -> bool:
    return not (member.is_made or member.is_deflated) and member.size_bytes >= MIN_COPIED_BYTES


def problems_of(
    entries: Sequence[ManifestEntry], dropped: Mapping[int, str]
) -> Mapping[str, Sequence[str]]:
    """The files that are left out, by the code of the reason."""
    problems: dict[str, list[str]] = {}
    for number, code in sorted(dropped.items()):
        problems.setdefault(code, []).append(entries[number].file_identifier)
    return problems
