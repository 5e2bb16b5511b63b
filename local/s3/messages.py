"""Requests and responses, as the operations use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol
from urllib.parse import unquote_to_bytes

from local.s3.errors import S3Error

CHUNK_BYTES = 1 << 18
MAX_PAGE_SIZE = 1000


class Readable(Protocol):
    """A stream whose `read1` returns what has arrived, without waiting for `size` bytes."""

    def read1(self, size: int, /) -> bytes: ...


class RequestBody:
    """The body of a request. It can be read once, up to its Content-Length.

    `on_first_read` is called before the first read: the server then sends `100 Continue`, if the
    client waits for it.
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
    def is_read_from(self) -> bool:
        """True after the first read."""
        return self._on_first_read is None

    def read(self, max_bytes: int = CHUNK_BYTES) -> bytes:
        """Return at most `max_bytes`, or b"" at the end.

        Raise IncompleteBody if the connection ends too early.
        """
        if self.remaining == 0:
            return b""
        if self._on_first_read is not None:
            self._on_first_read()
            self._on_first_read = None
        data = self._stream.read1(min(max_bytes, self.remaining))
        if not data:
            self.remaining = 0
            raise S3Error("IncompleteBody")
        self.remaining -= len(data)
        return data

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read():
            yield data


class Headers:
    """The headers of a request, by lower-case name; a name can occur more than once."""

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
    """An HTTP request. `path` and `raw_query` are percent-encoded, `bucket` and `key` decoded."""

    method: str
    path: str
    raw_query: str
    headers: Headers
    body: RequestBody
    client_address: str
    request_id: str
    bucket: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        self.query = dict(reversed(parse_query(self.raw_query)))

    @property
    def host(self) -> str:
        return self.headers.get("host") or "localhost"

    def number(self, name: str, default: int) -> int:
        """Return a query parameter as a number; raise InvalidArgument if it is not valid."""
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 11):
            raise S3Error(
                "InvalidArgument",
                f"Provided {name} not an integer or within integer range",
                details={"ArgumentName": name, "ArgumentValue": text},
            )
        return int(text)

    def page_size(self, name: str) -> int:
        """Return a query parameter that limits the size of a page."""
        return min(MAX_PAGE_SIZE, self.number(name, MAX_PAGE_SIZE))


@dataclass
class FileRange:
    """A byte range of an open file, which a response sends without reading it into memory."""

    file: BinaryIO
    start: int
    length: int


@dataclass
class Response:
    """An HTTP response. `length`, if given, is the Content-Length instead of the body's length."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | FileRange = b""
    length: int | None = None

    @property
    def content_length(self) -> int:
        if self.length is not None:
            return self.length
        return self.body.length if isinstance(self.body, FileRange) else len(self.body)

    def close(self) -> None:
        if isinstance(self.body, FileRange):
            self.body.file.close()


def decode(encoded: str) -> str:
    """Return percent-decoded text; raise InvalidURI if it is not UTF-8."""
    try:
        return unquote_to_bytes(encoded).decode("utf-8")
    except UnicodeDecodeError as error:
        raise S3Error("InvalidURI") from error


def parse_query(raw_query: str) -> list[tuple[str, str]]:
    """Return the names and values of a query, in order; a name without `=` has the value ""."""
    pairs = (piece.partition("=") for piece in raw_query.split("&") if piece)
    return [
        (decode(name.replace("+", " ")), decode(value.replace("+", " ")))
        for name, _, value in pairs
    ]
