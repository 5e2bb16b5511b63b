"""What has been built of an archive: enough to go on from there, or to take some of it back.

It is written after each part. Everything in it is about parts that the store has taken; whatever
was under way when a worker died is made again, byte for byte.
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
    """Where in the streamed members a part begins.

    `member` counts in the layout's order. Where the part begins in the midst of a member, `read`
    bytes of its source are in the parts before; `header_at`, `crc32` and `packed_bytes` say where
    its header is, what the sum over those bytes was, and how many bytes they became.
    """

    member: int = 0
    read: int = 0
    offset: int = 0
    header_at: int = 0
    crc32: int = 0
    packed_bytes: int = 0


@dataclass(frozen=True, slots=True)
class RestartPoint:
    """The state before a part of streamed members: what to go back to if it must be made anew."""

    part: int
    place: StreamPosition
    written: int


START = RestartPoint(part=0, place=StreamPosition(), written=0)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`parts` are the ETags of the streamed parts, from part 1 on. `transition` says that the last
    of them ends with the header, and maybe the beginning, of the first copied member, which is
    then named: from there on the plan of the copies says what each part is, and `copies` holds the
    ETag of those that are done, with what they are made of."""

    upload: str
    parts: tuple[str, ...] = ()
    place: StreamPosition = field(default_factory=StreamPosition)
    written: tuple[WrittenMember, ...] = ()
    opened: RestartPoint | None = None
    """Before the part in which the member that is unfinished at `place` begins; None also where
    an earlier part was gone back to, of which that is not known any more."""
    transition: RestartPoint | None = None
    leading: int | None = None
    padded: int = 0
    copies: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    dropped: Mapping[int, str] = field(default_factory=dict)
    """The entries that are left out, each with the code of the reason."""

    @property
    def mark(self) -> RestartPoint:
        """The state before the next streamed part."""
        return RestartPoint(len(self.parts), self.place, len(self.written))

    def back_to(self, mark: RestartPoint) -> Checkpoint:
        """The state before the part of the mark, with nothing that came later."""
        return replace(
            self,
            parts=self.parts[: mark.part],
            place=mark.place,
            written=self.written[: mark.written],
            opened=None,
            transition=None,
            leading=None,
            padded=0,
            copies={},
        )

    def without(self, dropped: Mapping[int, str]) -> Checkpoint:
        """The same with more entries left out."""
        return replace(self, dropped={**self.dropped, **dropped})

    def encode(self) -> bytes:
        """As JSON; the members packed, because there may be thousands."""
        packed = b"".join(
            _WRITTEN.pack(w.entry, w.offset, w.method, w.crc32, w.compressed_bytes, w.size_bytes)
            for w in self.written
        )
        document = asdict(replace(self, written=()))
        document["written"] = b64encode(packed).decode()
        return json.dumps(document, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, encoded: bytes) -> Checkpoint:
        document: dict[str, Any] = json.loads(encoded)
        packed = b64decode(document["written"])
        return cls(
            upload=document["upload"],
            parts=tuple(document["parts"]),
            place=StreamPosition(**document["place"]),
            written=tuple(WrittenMember(*fields) for fields in _WRITTEN.iter_unpack(packed)),
            opened=_mark(document["opened"]),
            transition=_mark(document["transition"]),
            leading=document["leading"],
            padded=document["padded"],
            copies={int(n): (etag, of) for n, (etag, of) in document["copies"].items()},
            dropped={int(entry): code for entry, code in document["dropped"].items()},
        )


def _mark(document: Mapping[str, Any] | None) -> RestartPoint | None:
    if document is None:
        return None
    return RestartPoint(document["part"], StreamPosition(**document["place"]), document["written"])
