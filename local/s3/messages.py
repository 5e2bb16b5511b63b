"""One request and one answer, as the operations see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol
from urllib.parse import unquote_to_bytes

from local.s3.errors import S3Error

CHUNK_BYTES = 1 << 18


class Readable(Protocol):
    """A stream that hands out what has arrived, without waiting for all that was asked for."""

    def read1(self, size: int, /) -> bytes: ...


class Body:
    """The bytes that follow the head of a request; read once, never more than were announced.

    `on_first_read` is called before the first byte is asked for: the server then sends the
    `100 Continue` that a careful client waits for.
    """

    def __init__(
        self,
        stream: Readable,
        length: int,
        on_first_read: Callable[[], None] = lambda: None,
    ) -> None:
        self._stream = stream
        self._on_first_read: Callable[[], None] | None = on_first_read
        self.length = length
        self.remaining = length

    @property
    def touched(self) -> bool:
        return self._on_first_read is None

    def read(self, most: int = CHUNK_BYTES) -> bytes:
        """At most `most` bytes, b"" at the end. A connection cut short is IncompleteBody."""
        if self.remaining == 0:
            return b""
        if self._on_first_read is not None:
            self._on_first_read()
            self._on_first_read = None
        data = self._stream.read1(min(most, self.remaining))
        if not data:
            self.remaining = 0
            raise S3Error("IncompleteBody")
        self.remaining -= len(data)
        return data

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read():
            yield data


class Headers:
    """The headers of a request: names without case, in the order they came, repeats kept."""

    def __init__(self, items: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in items:
            self._values.setdefault(name.lower(), []).append(value)

    def get(self, name: str, default: str | None = None) -> str | None:
        values = self._values.get(name)
        return ",".join(values) if values else default

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def names(self) -> list[str]:
        return list(self._values)

    def items(self) -> Iterator[tuple[str, str]]:
        for name, values in self._values.items():
            yield name, ",".join(values)

    def __contains__(self, name: str) -> bool:
        return name in self._values


@dataclass
class Request:
    """What came over the wire. `path` and `raw_query` are still percent-encoded."""

    method: str
    path: str
    raw_query: str
    headers: Headers
    body: Body
    client_address: str
    request_id: str
    bucket: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        self.query = dict(reversed(parse_query(self.raw_query)))

    @property
    def host(self) -> str:
        return self.headers.get("host") or "localhost"


@dataclass
class FilePart:
    """A stretch of an open file: what an answer sends without reading it into memory."""

    file: BinaryIO
    start: int
    length: int


@dataclass
class Response:
    """What goes back. `length` is announced instead of the body's own (answers to HEAD)."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | FilePart = b""
    length: int | None = None

    @property
    def announced_length(self) -> int:
        if self.length is not None:
            return self.length
        return self.body.length if isinstance(self.body, FilePart) else len(self.body)

    def close(self) -> None:
        if isinstance(self.body, FilePart):
            self.body.file.close()


def decode(encoded: str) -> str:
    """Percent-decoded UTF-8; InvalidURI where it isn't any."""
    try:
        return unquote_to_bytes(encoded).decode("utf-8")
    except UnicodeDecodeError as error:
        raise S3Error("InvalidURI") from error


def parse_query(raw_query: str) -> list[tuple[str, str]]:
    """The query's names and values in their order; a name alone has the value ""."""
    pairs = (piece.partition("=") for piece in raw_query.split("&") if piece)
    return [
        (decode(name.replace("+", " ")), decode(value.replace("+", " ")))
        for name, _, value in pairs
    ]


def xml_answer(root: str, inside: str, headers: Mapping[str, str] | None = None) -> Response:
    """A 200 with a document of S3's namespace; `inside` is XML already."""
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inside}</{root}>'
    )
    return Response(
        headers={"Content-Type": "application/xml", **(headers or {})}, body=document.encode()
    )
