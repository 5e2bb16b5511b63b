"""Save what is needed to resume a build, or to redo some of its parts.

A worker saves a checkpoint after each part. A checkpoint only describes parts that the store has
accepted. The next worker redoes the part that was not finished and produces the same bytes.
"""

from __future__ import annotations

import json
import struct
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from coffer.domain.export.zip_format import WrittenMember

_WRITTEN = struct.Struct("<LQBLQQ")


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """The position in the streamed members at which a part begins.

    `member` counts in the layout's order. `offset` is the size of the parts before. If the part
    begins inside a member, `read` bytes of its source are in the parts before: the member's header
    is at `header_at`, these bytes have the CRC-32 `crc32`, and they take `packed_bytes`.
    """

    member: int = 0
    read: int = 0
    offset: int = 0
    header_at: int = 0
    crc32: int = 0
    packed_bytes: int = 0


@dataclass(frozen=True, slots=True)
class RestartPoint:
    """The state before a streamed part: the numbers of parts and of members written so far."""

    part: int
    position: StreamPosition
    written: int


START = RestartPoint(part=0, position=StreamPosition(), written=0)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The progress of a multipart upload.

    `parts` are the ETags of the streamed parts, from part 1. When they are done, `first_copied` is
    the entry of the first copied member: the last streamed part ends with the header and the first
    `first_copied_bytes` of this member. `copies` has the ETag of each copied part, by its number,
    and a text that says which bytes it consists of.
    """

    upload: str
    parts: tuple[str, ...] = ()
    position: StreamPosition = field(default_factory=StreamPosition)
    written: tuple[WrittenMember, ...] = ()
    member_start: RestartPoint | None = None
    """The state before the part in which the unfinished member at `position` begins. None if no
    member is unfinished, or after going back, because an earlier state is then not known."""
    copy_start: RestartPoint | None = None
    """The state before the last streamed part."""
    first_copied: int | None = None
    first_copied_bytes: int = 0
    copies: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    dropped: Mapping[int, str] = field(default_factory=dict)
    """The entries that are left out, with the code of the problem."""

    @property
    def restart_point(self) -> RestartPoint:
        """The state before the next streamed part."""
        return RestartPoint(len(self.parts), self.position, len(self.written))

    def back_to(self, point: RestartPoint) -> Checkpoint:
        """Return the checkpoint without everything after a restart point."""
        return Checkpoint(
            upload=self.upload,
            parts=self.parts[: point.part],
            position=point.position,
            written=self.written[: point.written],
            dropped=self.dropped,
        )

    def with_dropped(self, dropped: Mapping[int, str]) -> Checkpoint:
        """Return the checkpoint with more entries left out."""
        return replace(self, dropped={**self.dropped, **dropped})

    def encode(self) -> bytes:
        """Return the checkpoint as JSON; the written members are packed, since there may be
        thousands."""
        packed = b"".join(
            _WRITTEN.pack(w.entry, w.offset, w.method, w.crc32, w.compressed_bytes, w.size_bytes)
            for w in self.written
        )
        document = {
            "upload": self.upload,
            "parts": self.parts,
            "place": asdict(self.position),
            "written": b64encode(packed).decode(),
            "opened": _encode_point(self.member_start),
            "transition": _encode_point(self.copy_start),
            "leading": self.first_copied,
            "padded": self.first_copied_bytes,
            "copies": self.copies,
            "dropped": self.dropped,
        }
        return json.dumps(document, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, encoded: bytes) -> Checkpoint:
        document: dict[str, Any] = json.loads(encoded)
        packed = b64decode(document["written"])
        return cls(
            upload=document["upload"],
            parts=tuple(document["parts"]),
            position=StreamPosition(**document["place"]),
            written=tuple(WrittenMember(*fields) for fields in _WRITTEN.iter_unpack(packed)),
            member_start=_decode_point(document["opened"]),
            copy_start=_decode_point(document["transition"]),
            first_copied=document["leading"],
            first_copied_bytes=document["padded"],
            copies={int(n): (etag, source) for n, (etag, source) in document["copies"].items()},
            dropped={int(entry): code for entry, code in document["dropped"].items()},
        )


def _encode_point(point: RestartPoint | None) -> dict[str, Any] | None:
    if point is None:
        return None
    return {"part": point.part, "place": asdict(point.position), "written": point.written}


def _decode_point(document: Mapping[str, Any] | None) -> RestartPoint | None:
    if document is None:
        return None
    return RestartPoint(document["part"], StreamPosition(**document["place"]), document["written"])
