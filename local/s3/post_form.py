"""Read a multipart/form-data body as it arrives: the fields first, then the file as a stream.

Source: RFC 7578, and the Amazon S3 API Reference, "POST Object": the file is the last field, and
fields after it are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from multipart import (
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from local.s3.errors import S3Error
from local.s3.messages import RequestBody

MAX_FIELD_BYTES = 20_480  # all fields before the file together
MAX_HEADER_BYTES = 8_192


@dataclass
class PostForm:
    """A form of which the fields before the file are read.

    `fields` has field names in lower case. `filename` is None if the form has no file. `file`
    yields the bytes of the file, and raises S3Error if a second file follows.
    """

    fields: dict[str, str]
    filename: str | None
    file: Iterator[bytes]


def read_form(body: RequestBody, content_type: str) -> PostForm:
    """Read the fields before the file; raise S3Error if the body is not a valid form."""
    events = _parse(body, _boundary(content_type))
    fields: dict[str, str] = {}
    remaining_bytes = MAX_FIELD_BYTES
    for part in events:
        name = part.name.lower()
        if name == "file":
            return PostForm(fields, part.filename or "", _read_file(events))
        value = _read_value(events, remaining_bytes)
        remaining_bytes -= len(value) + len(name)
        if remaining_bytes < 0:
            raise S3Error("MaxPostPreDataLengthExceededError")
        text = _decode(value)
        if name in fields:
            raise S3Error(
                "InvalidArgument",
                "POST requires exactly one value for each field.",
                details={"ArgumentName": part.name, "ArgumentValue": text},
            )
        fields[name] = text
    return PostForm(fields, None, iter(()))


def _boundary(content_type: str) -> str:
    """Return the boundary; raise PreconditionFailed if the body is not a form."""
    media_type, options = parse_options_header(content_type)
    if media_type != "multipart/form-data":
        condition = "Bucket POST must be of the enclosure-type multipart/form-data"
        raise S3Error("PreconditionFailed", condition, details={"Condition": condition})
    boundary: str = options.get("boundary", "")
    return boundary


def _parse(body: RequestBody, boundary: str) -> Iterator[Any]:
    """Yield the parser's events: a MultipartSegment for each part, its bytes, then None."""
    try:
        with PushMultipartParser(boundary, max_header_size=MAX_HEADER_BYTES) as parser:
            for data in body:
                for event in parser.parse(data):
                    if isinstance(event, MultipartSegment) and not event.name:
                        raise S3Error("MalformedPOSTRequest")
                    yield event
    except MultipartError as error:
        raise S3Error("MalformedPOSTRequest") from error


def _read_value(events: Iterator[Any], max_bytes: int) -> bytes:
    value = b""
    for data in _content(events):
        value += data
        if len(value) > max_bytes:
            raise S3Error("MaxPostPreDataLengthExceededError")
    return value


def _content(events: Iterator[Any]) -> Iterator[bytes]:
    """Yield the bytes of the current part."""
    for event in events:
        if event is None:
            return
        yield event


def _read_file(events: Iterator[Any]) -> Iterator[bytes]:
    yield from _content(events)
    for event in events:
        if isinstance(event, MultipartSegment) and event.name.lower() == "file":
            raise S3Error("IncorrectNumberOfFilesInPostRequest")


def _decode(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise S3Error("MalformedPOSTRequest") from error


def base_name(filename: str) -> str:
    """Return what follows the last slash or backslash of a path."""
    return re.split(r"[/\\]", filename)[-1]
