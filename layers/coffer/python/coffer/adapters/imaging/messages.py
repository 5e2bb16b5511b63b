"""Encode and decode the messages between the function and its image decoder process.

A request is one line of JSON: `{"path", "mediaType"}`. A reply is one line of JSON with `length`,
`properties` and `failure`, then `length` bytes of JPEG. If `failure` (`{"code", "detail"}`) is set,
there is no JPEG. The child writes the line `ready` first. The child has read hostile bytes, so each
reply is validated.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult
from coffer.domain.uploads.image_properties import ImageProperties

READY = b"ready\n"
MAX_LINE = 256 * 1024
MAX_THUMBNAIL_BYTES = 8 * 1024**2
_MAX_CODE = 40


class GarbledReplyError(Exception):
    """The child said something that it never says."""


def request_line(path: str, media_type: str) -> bytes:
    """A request, for the child."""
    return json.dumps({"path": path, "mediaType": media_type}).encode() + b"\n"


def reply_of(picture: ThumbnailResult) -> bytes:
    """A reply with a thumbnail."""
    return _line(picture.properties, length=len(picture.thumbnail)) + picture.thumbnail


def reply_of_failure(error: ThumbnailError) -> bytes:
    """A reply that says why there is none."""
    return _line(error.properties, failure={"code": error.code, "detail": str(error)})


def _line(
    properties: ImageProperties, *, length: int = 0, failure: dict[str, str] | None = None
) -> bytes:
    reply = {"length": length, "properties": asdict(properties), "failure": failure}
    return json.dumps(reply).encode() + b"\n"


def read_line(line: bytes) -> tuple[int, ImageProperties, ThumbnailError | None]:
    """The length of the thumbnail that follows, the properties, and the failure if it is one.

    Raises GarbledReplyError where the line is anything else.
    """
    try:
        reply = json.loads(line)
        length, properties, failure = (
            reply["length"],
            _properties(reply["properties"]),
            reply["failure"],
        )
        if type(length) is not int or not 0 <= length <= MAX_THUMBNAIL_BYTES:
            raise GarbledReplyError(f"a thumbnail of {length!r} bytes")
        if failure is None:
            return length, properties, None
        code, detail = failure["code"], failure["detail"]
        if not (isinstance(code, str) and code.isidentifier() and len(code) <= _MAX_CODE):
            raise GarbledReplyError("a failure without a code")
        return 0, properties, ThumbnailError(code, str(detail), properties=properties)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise GarbledReplyError("not a reply") from error


def _properties(told: dict[str, Any]) -> ImageProperties:
    exif = told["exif"]
    if not all(isinstance(text, str) for item in exif.items() for text in item):
        raise TypeError("exif holds texts")
    numbers = {name: told[name] for name in ("width", "height", "orientation")}
    if any(number is not None and type(number) is not int for number in numbers.values()):
        raise TypeError("sizes are whole numbers")
    taken = told["date_time_digitized"]
    return ImageProperties(
        **numbers, date_time_digitized=None if taken is None else str(taken), exif=dict(exif)
    )
