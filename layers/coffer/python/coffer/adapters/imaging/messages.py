"""Encode and parse the messages between the function and its image decoder process.

A request is one line of JSON: `{"path", "mediaType"}`. A reply is one line of JSON with `length`,
`properties`, `warning` and `failure`, then `length` bytes of JPEG. If `failure` (`{"code",
"detail"}`) is set, there is no JPEG. The child writes the line `ready` first. The child has read
untrusted bytes, so each reply is validated.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult
from coffer.domain.uploads.image_properties import ImageProperties

READY = b"ready\n"
MAX_LINE_BYTES = 256 * 1024
MAX_THUMBNAIL_BYTES = 8 * 1024**2
_MAX_CODE = 40


class MalformedReplyError(Exception):
    """The child sent something that it never sends."""


def request_line(path: str, media_type: str) -> bytes:
    """Return a request to the child."""
    return json.dumps({"path": path, "mediaType": media_type}).encode() + b"\n"


def reply_of(result: ThumbnailResult) -> bytes:
    """Return a reply with a thumbnail."""
    line = _line(result.properties, length=len(result.thumbnail), warning=result.warning)
    return line + result.thumbnail


def reply_of_failure(error: ThumbnailError) -> bytes:
    """Return a reply with the reason why there is no thumbnail."""
    return _line(error.properties, failure={"code": error.code, "detail": str(error)})


def _line(
    properties: ImageProperties,
    *,
    length: int = 0,
    warning: str | None = None,
    failure: dict[str, str] | None = None,
) -> bytes:
    reply = {"length": length, "properties": asdict(properties)}
    reply |= {"warning": warning, "failure": failure}
    return json.dumps(reply).encode() + b"\n"


def parse_reply(line: bytes) -> tuple[int, ThumbnailResult]:
    """Return the length of the thumbnail that follows, and the result without it.

    Raises the ThumbnailError of the reply, and MalformedReplyError for anything else.
    """
    try:
        reply = json.loads(line)
        length, failure = reply["length"], reply["failure"]
        properties = _properties(reply["properties"])
        if type(length) is not int or not 0 <= length <= MAX_THUMBNAIL_BYTES:
            raise MalformedReplyError(f"a thumbnail of {length!r} bytes")
        if failure is None:
            warning = None if reply["warning"] is None else _code(reply["warning"])
            return length, ThumbnailResult(thumbnail=b"", properties=properties, warning=warning)
        code, detail = _code(failure["code"]), str(failure["detail"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise MalformedReplyError("not a reply") from error
    raise ThumbnailError(code, detail, properties=properties)


def _code(value: Any) -> str:
    if not (isinstance(value, str) and value.isidentifier() and len(value) <= _MAX_CODE):
        raise MalformedReplyError("a reason without a code")
    return value


def _properties(members: dict[str, Any]) -> ImageProperties:
    exif = members["exif"]
    if not all(isinstance(text, str) for item in exif.items() for text in item):
        raise TypeError("exif must have texts only")
    numbers = {name: members[name] for name in ("width", "height", "orientation")}
    if any(number is not None and type(number) is not int for number in numbers.values()):
        raise TypeError("sizes must be whole numbers")
    moment = members["date_time_digitized"]
    return ImageProperties(
        **numbers, date_time_digitized=None if moment is None else str(moment), exif=dict(exif)
    )
