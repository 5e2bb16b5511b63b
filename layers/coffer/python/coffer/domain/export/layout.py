"""Plan the order of an archive's members and the size of its parts.

The module only computes with sizes. S3's limits (User Guide, "Multipart upload limits"): at most
10,000 parts, and every part but the last has 5 MiB to 5 GiB. Large members are copied inside the
store. A zip header is far too small for a part, so the header of a copied member is joined with the
last 5 MiB of the member before it, in a small upload of its own, and the result is copied as one
part. Small and compressible members are streamed through memory; they come first:

    [ small members … | header 1, first bytes of 1 ] [ 1 … ] [ last 5 MiB of 1, header 2 ] [ 2 … ] …
    [ central directory ]
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import accumulate

from coffer.domain.export.zip_format import (
    MAX_END_BYTES,
    MemberInfo,
    max_central_bytes,
    max_deflated_bytes,
    max_local_bytes,
    stored_header,
)

MIB = 1024**2
GIB = 1024**3
MIN_PART_BYTES = 5 * MIB
MAX_PARTS = 10_000
MAX_ARCHIVE_BYTES = 5 * 1024**4
MIN_COPIED_BYTES = 5 * MIB
"""Members of this size are copied inside the store; S3 allows no smaller part."""
MIN_COPIED_COMPRESSIBLE_BYTES = 10 * MIB
"""Compressible members of this size are copied, too, without compression."""
MAX_TRANSFORMED_BYTES = 256 * MIB
"""The largest allowed result of an export function."""
RANGES_PER_PART = 32
"""Members are read in ranges of this fraction of a part."""

_HEADERS_BYTES = 8192  # more than a local header and a data descriptor with the longest path
_PART_BYTES = tuple(size * MIB for size in (8, 16, 32, 64, 128, 256))
_COPY_BYTES = (GIB, 5 * GIB)

_COMPRESSIBLE = frozenset(
    "application/" + name
    for name in (
        "json", "xml", "javascript", "rtf", "x-tar", "x-sh", "sql", "postscript", "geo+json",
        "ld+json", "x-ndjson", "msword", "vnd.ms-excel", "vnd.ms-powerpoint", "x-hdf",
        "x-sqlite3", "x-netcdf", "wasm", "dicom", "yaml", "toml", "mbox",
    )
) | {
    "image/svg+xml", "image/bmp", "image/x-portable-pixmap", "image/x-portable-graymap",
    "image/x-portable-bitmap", "image/tiff", "audio/wav", "audio/vnd.wave", "audio/x-wav",
    "audio/aiff", "audio/x-aiff", "font/ttf", "font/otf",
}  # fmt: skip


class LayoutError(ValueError):
    """The archive needs more parts or bytes than S3 allows."""


@dataclass(frozen=True)
class LayoutMember:
    """The facts about a member that the layout depends on. The size of a transformed member is
    that of its source."""

    path: str
    size_bytes: int
    media_type: str
    is_transformed: bool = False

    @cached_property
    def is_deflated(self) -> bool:
        """True if the member is compressed."""
        kind = self.media_type.lower()
        is_text = kind.startswith("text/") or kind.endswith(("+xml", "+json"))
        is_small = 0 < self.size_bytes < MIN_COPIED_COMPRESSIBLE_BYTES
        return (is_text or kind in _COMPRESSIBLE) and is_small and not self.is_transformed

    @property
    def can_be_copied(self) -> bool:
        """True if the member can be copied inside S3 without recompressing it."""
        if self.is_transformed or self.size_bytes < MIN_COPIED_BYTES:
            return False
        return not self.is_deflated


@dataclass(frozen=True, kw_only=True)
class ArchiveMember(LayoutMember):
    """A member of the archive with the facts about its source object.

    `etag` is known if the source is read in several ranges or copied. `crc32` is known if the
    member is copied, or is too large to be read before its header is written.
    """

    key: str
    modified: datetime
    etag: str | None = None
    crc32: int | None = None

    @cached_property
    def info(self) -> MemberInfo:
        return MemberInfo(self.path, self.modified)

    @property
    def stored_header(self) -> bytes:
        """The local header of the member if it is not compressed and its CRC-32 is known."""
        return stored_header(self.info, self.crc32 or 0, self.size_bytes)


@dataclass(frozen=True, slots=True)
class Layout:
    """The numbers of the streamed and of the copied entries, and the sizes of parts.

    `part_bytes` is the maximum size of a streamed part, and the size of a buffer. `copy_bytes` is
    the maximum size of a copied part.
    """

    part_bytes: int
    copy_bytes: int
    streamed: tuple[int, ...]
    copied: tuple[int, ...]

    @property
    def order(self) -> tuple[int, ...]:
        """All entries in the order of the archive."""
        return (*self.streamed, *self.copied)

    @property
    def range_bytes(self) -> int:
        """The size of one read."""
        return self.part_bytes // RANGES_PER_PART

    @property
    def full_bytes(self) -> int:
        """A part of this size is full: another compressed range with its header may not fit."""
        return _full(self.part_bytes)

    @property
    def stored_full_bytes(self) -> int:
        """The size at which a part is full if the member is not compressed."""
        return self.part_bytes - self.range_bytes - _HEADERS_BYTES


@dataclass(frozen=True, slots=True)
class CopiedPart:
    """A part that is a byte range of a copied member, by its number among the copied members. If
    `is_joined`, the header of the next member follows in the same part."""

    member: int
    start: int
    length: int
    is_joined: bool = False


def plan_layout(members: Sequence[LayoutMember]) -> Layout:
    """Return the layout of an archive; raises LayoutError if S3's limits allow none.

    Parts are as small as their number allows, because a buffer is as large as a part. If the copied
    members alone need too many parts, the smallest of them are streamed.
    """
    if sum(_max_bytes(member) for member in members) + MAX_END_BYTES > MAX_ARCHIVE_BYTES:
        raise LayoutError(f"The archive could have more than {MAX_ARCHIVE_BYTES} bytes.")
    for part_bytes in _PART_BYTES:
        for copy_bytes in _COPY_BYTES:
            layout = _layout_with(members, part_bytes, copy_bytes)
            if layout is not None:
                return layout
    raise LayoutError(f"The archive could need more than {MAX_PARTS} parts.")


def leading_bytes(before: int, size_bytes: int) -> int | None:
    """Return how many first bytes of a copied member complete a part that has `before` bytes.

    Returns None if the rest of the member would then be too small for a part; such a member has to
    be streamed.
    """
    needed = max(0, MIN_PART_BYTES - before)
    return None if needed and size_bytes < 2 * MIN_PART_BYTES else needed


def copied_parts(sizes: Sequence[int], leading: int, copy_bytes: int) -> Iterator[CopiedPart]:
    """Yield the parts of copied members; `leading` bytes of the first are in the part before."""
    start = leading
    for member, size in enumerate(sizes):
        left = size - start
        tail = 0
        if member < len(sizes) - 1:
            tail = left if left < 2 * MIN_PART_BYTES else MIN_PART_BYTES
        for length in _split_evenly(left - tail, copy_bytes):
            yield CopiedPart(member, start, length)
            start += length
        if tail:
            yield CopiedPart(member, start, tail, is_joined=True)
        start = 0


def _split_evenly(length: int, maximum: int) -> Iterator[int]:
    """Yield as few lengths of at most `maximum` as possible, all about the same."""
    count = -(-length // maximum)
    for number in range(count):
        yield length * (number + 1) // count - length * number // count


def _layout_with(
    members: Sequence[LayoutMember], part_bytes: int, copy_bytes: int
) -> Layout | None:
    """Return the layout with parts of this size, or None if it needs too many parts."""
    copied = [number for number, member in enumerate(members) if member.can_be_copied]
    copied.sort(key=lambda number: members[number].size_bytes)
    full = _full(part_bytes)
    directory = sum(max_central_bytes(member.path) for member in members) + MAX_END_BYTES
    small = set(range(len(members))).difference(copied)
    streamed_bytes = sum(_max_bytes(members[number]) for number in small)
    copied_count = sum(_max_copied_parts(members[number], copy_bytes) for number in copied)
    # A part may end early at each boundary. If no copied member can come first, some are streamed;
    # they need no more parts than before.
    available = MAX_PARTS - 4 - directory // full
    # The sums if the 0, 1, 2 … smallest copied members are streamed instead.
    sums = accumulate(
        (
            (_max_bytes(members[number]), _max_copied_parts(members[number], copy_bytes))
            for number in copied
        ),
        lambda total, one: (total[0] + one[0], total[1] - one[1]),
        initial=(streamed_bytes, copied_count),
    )
    for count, (size_bytes, parts) in enumerate(sums):
        if size_bytes // full + parts <= available:
            layout = _ordered(members, small.union(copied[:count]), part_bytes, copy_bytes)
            return layout if _can_start_copying(layout, members) else None
    return None


def _can_start_copying(layout: Layout, members: Sequence[LayoutMember]) -> bool:
    """Return True if a part has room for the start of the first copied member. If no copied member
    has 10 MiB, the first one is appended whole to the streamed members."""
    if not layout.copied or members[layout.copied[0]].size_bytes >= 2 * MIN_PART_BYTES:
        return True
    return layout.stored_full_bytes > 3 * MIN_PART_BYTES


def _ordered(
    members: Sequence[LayoutMember], streamed: Collection[int], part_bytes: int, copy_bytes: int
) -> Layout:
    """Return the layout in the order of the request, except for the first copied member: one of at
    least 10 MiB comes first, because its first bytes can complete the part before it."""
    numbers = range(len(members))
    copied = [number for number in numbers if number not in streamed]
    first = next((n for n in copied if members[n].size_bytes >= 2 * MIN_PART_BYTES), None)
    if first is not None:
        copied.remove(first)
        copied.insert(0, first)
    return Layout(
        part_bytes=part_bytes,
        copy_bytes=copy_bytes,
        streamed=tuple(number for number in numbers if number in streamed),
        copied=tuple(copied),
    )


def _max_bytes(member: LayoutMember) -> int:
    """Return the maximum size of a streamed member in the archive, with its header."""
    size = MAX_TRANSFORMED_BYTES if member.is_transformed else member.size_bytes
    size = max_deflated_bytes(size) if member.is_deflated else size
    return size + max_local_bytes(member.path)


def _max_copied_parts(member: LayoutMember, copy_bytes: int) -> int:
    return 2 + member.size_bytes // copy_bytes


def _full(part_bytes: int) -> int:
    compressed_range = max_deflated_bytes(part_bytes // RANGES_PER_PART)
    return part_bytes - compressed_range - _HEADERS_BYTES
