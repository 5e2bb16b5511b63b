"""The layout of an archive: which member goes where in it, and what each part of it is made of.

Pure arithmetic over sizes. S3's rules (User Guide, "Multipart upload limits"): at most 10,000
parts, each but the last of 5 MiB to 5 GiB. Members that are large enough are copied inside the
store; their headers, far too small for a part, go behind the last 5 MiB of the member before, in
a small upload of its own that then is copied as one part. What has to pass through compute,
small members and what is worth compressing, stands in front:

    [ small members … | header 1, first bytes of 1 ] [ 1 … ] [ tail of 1, header 2 ] [ 2 … ] …
    [ directory ]
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from coffer.domain.export.zip_format import (
    MAX_END_BYTES,
    max_central_bytes,
    max_deflated_bytes,
    max_local_bytes,
)

MIB = 1024**2
GIB = 1024**3
MIN_PART_BYTES = 5 * MIB
MAX_PARTS = 10_000
MAX_ARCHIVE_BYTES = 5 * 1024**4
MIN_COPIED_BYTES = 5 * MIB
"""From this size a member is copied inside the store; a part cannot be smaller."""
MIN_COPIED_COMPRESSIBLE_BYTES = 10 * MIB
"""From this size it is copied even where compressing it would be worth it."""
MAX_TRANSFORMED_BYTES = 256 * MIB
"""The largest member that may be made of a file (a resized or converted image)."""
RANGES_PER_PART = 32
"""A part ends with a piece of a member, and is full when no other piece may fit."""

_HEADERS_BYTES = 8192  # more than a local header and a descriptor with the longest path
_PART_BYTES = tuple(size * MIB for size in (8, 16, 32, 64, 128, 256))
_COPY_BYTES = (GIB, 5 * GIB)

_DEFLATABLE = frozenset(
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
    """The archive would take more parts, or more bytes, than the store takes."""


@dataclass(frozen=True)
class LayoutMember:
    """What the layout needs to know of an entry; a file that is made (an image by an export
    function) has no known size."""

    path: str
    size_bytes: int
    media_type: str
    is_made: bool = False

    @cached_property
    def is_deflated(self) -> bool:
        """Whether compressing it is worth its while."""
        kind = self.media_type.lower()
        worth = kind.startswith("text/") or kind.endswith(("+xml", "+json")) or kind in _DEFLATABLE
        return worth and not self.is_made and 0 < self.size_bytes < MIN_COPIED_COMPRESSIBLE_BYTES

    @property
    def can_be_copied(self) -> bool:
        """Whether it can be a part, or some, as it is."""
        if self.is_made or self.size_bytes < MIN_COPIED_BYTES:
            return False
        return not self.is_deflated


@dataclass(frozen=True, slots=True)
class Layout:
    """Which entries, by their number, are streamed through compute and which are copied.

    `part_bytes` is what a part of streamed members has at most, and so the size of a buffer;
    `copy_bytes` is the most that is copied in one call. What is streamed comes first.
    """

    part_bytes: int
    copy_bytes: int
    streamed: tuple[int, ...]
    copied: tuple[int, ...]

    @property
    def order(self) -> tuple[int, ...]:
        """All of them, in the order of the archive."""
        return (*self.streamed, *self.copied)

    @property
    def piece_bytes(self) -> int:
        """What is read of a member at once."""
        return self.part_bytes // RANGES_PER_PART

    @property
    def stored_full_bytes(self) -> int:
        """The same for a member that is not compressed: nothing is held back of it."""
        return self.part_bytes - self.piece_bytes - _HEADERS_BYTES

    @property
    def full_bytes(self) -> int:
        """From here on a part is full: another piece, and the header before it, might not fit."""
        return _full(self.part_bytes)


@dataclass(frozen=True, slots=True)
class RangePart:
    """A part that is a stretch of a copied member (by its number among the copied ones)."""

    member: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class JoinedPart:
    """A part that is the end of a copied member, and the header of the one after it."""

    member: int
    start: int
    length: int


CopiedPart = RangePart | JoinedPart


def plan_layout(entries: Sequence[LayoutMember]) -> Layout:
    """The layout of an archive of these entries; raises UnfittingError where none is possible.

    Parts are as small as the number of parts allows, because a buffer is as large as a part.
    Where even copied members alone would be too many parts, the smallest of them are streamed.
    """
    if sum(_most_bytes(entry) for entry in entries) + MAX_END_BYTES > MAX_ARCHIVE_BYTES:
        raise LayoutError(f"The archive could have more than {MAX_ARCHIVE_BYTES} bytes.")
    for part_bytes in _PART_BYTES:
        for copy_bytes in _COPY_BYTES:
            layout = _fitting(entries, part_bytes, copy_bytes)
            if layout is not None:
                return layout
    raise LayoutError(f"The archive could take more than {MAX_PARTS} parts.")


def leading_bytes(before: int, size_bytes: int) -> int | None:
    """How many first bytes of a member of this size have to go behind `before` bytes (streamed
    members, and its own header), so that these make a part and the rest of it makes one, too.

    None where that cannot be: then this member has to be streamed like those before it.
    """
    needed = max(0, MIN_PART_BYTES - before)
    return None if needed and size_bytes < 2 * MIN_PART_BYTES else needed


def copied_parts(sizes: Sequence[int], padded: int, copy_bytes: int) -> Iterator[CopiedPart]:
    """The parts behind the one that ends with `padded` bytes of the first of these members."""
    start = padded
    for member, size in enumerate(sizes):
        left = size - start
        tail = 0
        if member < len(sizes) - 1:
            tail = left if left < 2 * MIN_PART_BYTES else MIN_PART_BYTES
        for length in _evenly(left - tail, copy_bytes):
            yield RangePart(member, start, length)
            start += length
        if tail:
            yield JoinedPart(member, start, tail)
        start = 0


def _evenly(length: int, most: int) -> Iterator[int]:
    """`length` in as few stretches of at most `most` as there can be, all about the same."""
    count = -(-length // most)
    for number in range(count):
        yield length * (number + 1) // count - length * number // count


def _fitting(entries: Sequence[LayoutMember], part_bytes: int, copy_bytes: int) -> Layout | None:
    """The layout with parts of this size, if it has few enough of them."""
    copied = [number for number, entry in enumerate(entries) if entry.can_be_copied]
    copied.sort(key=lambda number: entries[number].size_bytes)
    full = _full(part_bytes)
    directory = sum(max_central_bytes(entry.path) for entry in entries) + MAX_END_BYTES
    small = set(range(len(entries))).difference(copied)
    streamed = sum(_most_bytes(entries[number]) for number in small)
    parts = sum(_most_copied(entries[number], copy_bytes) for number in copied)
    # A part may end early at each boundary. Copied members that have to be streamed after all,
    # because none can lead, take no more parts than they would have.
    room = MAX_PARTS - 4 - directory // full
    turned = accumulate(
        (
            (_most_bytes(entries[number]), _most_copied(entries[number], copy_bytes))
            for number in copied
        ),
        lambda sums, more: (sums[0] + more[0], sums[1] - more[1]),
        initial=(streamed, parts),
    )
    for count, (bytes_streamed, parts_copied) in enumerate(turned):
        if bytes_streamed // full + parts_copied <= room:
            layout = _ordered(entries, small.union(copied[:count]), part_bytes, copy_bytes)
            return layout if _can_begin_to_copy(layout, entries) else None
    return None


def _can_begin_to_copy(layout: Layout, entries: Sequence[LayoutMember]) -> bool:
    """Whether the copied members can be led by one of them: where none has 10 MiB, the first goes
    whole behind what is streamed, and a part must have room for it."""
    if not layout.copied or entries[layout.copied[0]].size_bytes >= 2 * MIN_PART_BYTES:
        return True
    return layout.stored_full_bytes > 3 * MIN_PART_BYTES


def _ordered(
    entries: Sequence[LayoutMember], streamed: Collection[int], part_bytes: int, copy_bytes: int
) -> Layout:
    """Both kinds in the order of the request, but for the first that is copied: where one has
    10 MiB, its beginning can fill up the part before it."""
    numbers = range(len(entries))
    copied = [number for number in numbers if number not in streamed]
    leading = next((n for n in copied if entries[n].size_bytes >= 2 * MIN_PART_BYTES), None)
    if leading is not None:
        copied.remove(leading)
        copied.insert(0, leading)
    return Layout(
        part_bytes=part_bytes,
        copy_bytes=copy_bytes,
        streamed=tuple(number for number in numbers if number in streamed),
        copied=tuple(copied),
    )


def _most_bytes(entry: LayoutMember) -> int:
    """The most that a streamed entry takes in the archive, its header included."""
    size = MAX_TRANSFORMED_BYTES if entry.is_made else entry.size_bytes
    size = max_deflated_bytes(size) if entry.is_deflated else size
    return size + max_local_bytes(entry.path)


def _full(part_bytes: int) -> int:
    piece = max_deflated_bytes(part_bytes // RANGES_PER_PART)
    return part_bytes - piece - _HEADERS_BYTES


def _most_copied(entry: LayoutMember, copy_bytes: int) -> int:
    """The most parts that a copied entry takes."""
    return 2 + entry.size_bytes // copy_bytes
