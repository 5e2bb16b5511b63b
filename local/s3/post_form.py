"""multipart/form-data, read as it comes: small fields first, then the file as a stream.

Source: RFC 7578, and the Amazon S3 API Reference, "POST Object": the file is the last field, and
what follows it is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from local.s3.errors import S3Error
from local.s3.messages import CHUNK_BYTES, Body

MAX_FIELD_BYTES = 20_480  # all fields in front of the file together
MAX_HEAD_BYTES = 8_192
MAX_BOUNDARY = 70
# name="…" as browsers write it: quotes and line breaks inside are percent-encoded (HTML), and
# other clients escape a quote with a backslash.
PARAMETER = re.compile(r';\s*([A-Za-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))')
BROWSER_ESCAPES = {"%22": '"', "%0D": "\r", "%0A": "\n"}


@dataclass(frozen=True)
class PartHead:
    name: str
    filename: str | None


class FormReader:
    """Call `fields` once, then (if it found the file) `file` once, then `finish`."""

    def __init__(self, body: Body, content_type: str) -> None:
        self._body = body
        self._delimiter = b"\r\n--" + boundary_of(content_type)
        self._buffer = b"\r\n"  # so that the first delimiter looks like all others
        self.filename: str | None = None

    def fields(self) -> dict[str, str] | None:
        """The fields in front of the file, names in lower case. None: the form has no file."""
        found: dict[str, str] = {}
        room = MAX_FIELD_BYTES
        if b"".join(self._until_delimiter(room)):
            raise S3Error("MalformedPOSTRequest")
        self._found = found
        while (head := self._part_head()) is not None:
            name = head.name.lower()
            if name == "file":
                self.filename = head.filename or ""
                return found
            value = b"".join(self._until_delimiter(room))
            room -= len(value) + len(name)
            if room < 0:
                raise S3Error("MaxPostPreDataLengthExceededError")
            if name in found:
                raise S3Error(
                    "InvalidArgument",
                    "POST requires exactly one value for each field.",
                    details={"ArgumentName": head.name, "ArgumentValue": text_of(value)},
                )
            found[name] = text_of(value)
        return None

    @property
    def seen(self) -> dict[str, str]:
        """The fields found so far."""
        return self._found

    def file(self) -> Iterator[bytes]:
        """The bytes of the file."""
        return self._until_delimiter(None)

    def finish(self) -> None:
        """Read what follows the file. A second file is refused, anything else is ignored."""
        while (head := self._part_head()) is not None:
            if head.name.lower() == "file":
                raise S3Error("IncorrectNumberOfFilesInPostRequest")
            for _ in self._until_delimiter(None):
                pass

    def _more(self) -> None:
        data = self._body.read(CHUNK_BYTES)
        if not data:
            raise S3Error("MalformedPOSTRequest")
        self._buffer += data

    def _until_delimiter(self, most: int | None) -> Iterator[bytes]:
        """All up to the next delimiter, which is consumed; `most` bounds what is small."""
        seen = 0
        keep = len(self._delimiter) - 1
        while True:
            at = self._buffer.find(self._delimiter)
            end = at if at >= 0 else max(0, len(self._buffer) - keep)
            piece = self._buffer[:end]
            seen += len(piece)
            if most is not None and seen > most:
                raise S3Error("MaxPostPreDataLengthExceededError")
            if at >= 0:
                self._buffer = self._buffer[at + len(self._delimiter) :]
                if piece:
                    yield piece
                return
            self._buffer = self._buffer[end:]
            if piece:
                yield piece
            self._more()

    def _part_head(self) -> PartHead | None:
        """The head of the part that a delimiter was just found before; None after the last."""
        while len(self._buffer) < 2:
            self._more()
        if self._buffer.startswith(b"--"):
            return None
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise S3Error("MalformedPOSTRequest")
            self._more()
        line_end = self._buffer.find(b"\r\n")
        if self._buffer[:line_end].strip(b" \t"):
            raise S3Error("MalformedPOSTRequest")
        head = self._buffer[line_end : end + 2]
        self._buffer = self._buffer[end + 4 :]
        return parse_head(head)


def boundary_of(content_type: str) -> bytes:
    """The boundary of a form; PreconditionFailed where the body is no form at all."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise S3Error(
            "PreconditionFailed",
            "Bucket POST must be of the enclosure-type multipart/form-data",
            details={"Condition": "Bucket POST must be of the enclosure-type multipart/form-data"},
        )
    for name, quoted, plain in PARAMETER.findall(content_type):
        boundary = quoted or plain
        if name.lower() == "boundary" and 0 < len(boundary) <= MAX_BOUNDARY:
            return str(boundary).encode("latin-1", "replace")
    raise S3Error("MalformedPOSTRequest")


def parse_head(head: bytes) -> PartHead:
    for line in head.split(b"\r\n"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        if name.strip().lower() == "content-disposition":
            kind = value.partition(";")[0].strip().lower()
            parameters = {
                key.lower(): unescape(quoted) if quoted else plain
                for key, quoted, plain in PARAMETER.findall(value)
            }
            if kind == "form-data" and "name" in parameters:
                return PartHead(parameters["name"], parameters.get("filename"))
    raise S3Error("MalformedPOSTRequest")


def unescape(quoted: str) -> str:
    text = re.sub(r'\\(["\\])', r"\1", quoted)
    for escape, char in BROWSER_ESCAPES.items():
        text = text.replace(escape, char)
    return text


def text_of(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise S3Error("MalformedPOSTRequest") from error


def base_name(filename: str) -> str:
    """What stands behind the last slash or backslash of a client's path."""
    return re.split(r"[/\\]", filename)[-1]
