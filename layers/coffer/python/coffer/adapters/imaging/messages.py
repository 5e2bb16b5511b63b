"""What the two processes say to each other: one line of JSON each way, and the thumbnail.

A request is `{"path", "mediaType"}`. A reply is `{"length", "facts", "failure"}` and then `length`
bytes of JPEG; where `failure` is given (`{"code", "detail"}`), there are none. The child begins
with the line `ready`. Replies come from a process that has met hostile bytes: whoever reads one
checks it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from coffer.domain.thumbnails.ports import Picture, ThumbnailError
from coffer.domain.uploads.image_facts import ImageFacts

READY = b"ready\n"
MAX_LINE = 256 * 1024
MAX_THUMBNAIL_BYTES = 8 * 1024**2
_MAX_CODE = 40


class GarbledReplyError(Exception):
    """The child said something that it never says."""


def request_line(path: str, media_type: str) -> bytes:
    """A request, for the child."""
    return json.dumps({"path": path, "mediaType": media_type}).encode() + b"\n"


def reply_of(picture: Picture) -> bytes:
    """A reply with a thumbnail."""
    return _line(picture.facts, length=len(picture.thumbnail)) + picture.thumbnail


def reply_of_failure(error: ThumbnailError) -> bytes:
    """A reply that says why there is none."""
    return _line(error.facts, failure={"code": error.code, "detail": str(error)})


def _line(facts: ImageFacts, *, length: int = 0, failure: dict[str, str] | None = None) -> bytes:
    reply = {"length": length, "facts": asdict(facts), "failure": failure}
    return json.dumps(reply).encode() + b"\n"


def read_line(line: bytes) -> tuple[int, ImageFacts, ThumbnailError | None]:
    """The length of the thumbnail that follows, the facts, and the failure if it is one.

    Raises GarbledReplyError where the line is anything else.
    """
    try:
        reply = json.loads(line)
        length, facts, failure = reply["length"], _facts(reply["facts"]), reply["failure"]
        if type(length) is not int or not 0 <= length <= MAX_THUMBNAIL_BYTES:
            raise GarbledReplyError(f"a thumbnail of {length!r} bytes")
        if failure is None:
            return length, facts, None
        code, detail = failure["code"], failure["detail"]
        if not (isinstance(code, str) and code.isidentifier() and len(code) <= _MAX_CODE):
            raise GarbledReplyError("a failure without a code")
        return 0, facts, ThumbnailError(code, str(detail), facts=facts)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise GarbledReplyError("not a reply") from error


def _facts(told: dict[str, Any]) -> ImageFacts:
    exif = told["exif"]
    if not all(isinstance(text, str) for item in exif.items() for text in item):
        raise TypeError("exif holds texts")
    numbers = {name: told[name] for name in ("width", "height", "orientation")}
    if any(number is not None and type(number) is not int for number in numbers.values()):
        raise TypeError("sizes are whole numbers")
    taken = told["date_time_digitized"]
    return ImageFacts(
        **numbers, date_time_digitized=None if taken is None else str(taken), exif=dict(exif)
    )
