"""Encode and parse the replies of the process, and of the function, that decode pictures.

A reply is a JSON document with `properties`, `warning` and `failure`. If `failure` (`{"code",
"detail"}`) is set, there is no picture. Whoever replies has read untrusted bytes, so each reply is
validated.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult
from coffer.domain.uploads.image_properties import (
    MAX_CHARACTERS,
    MAX_SIZE,
    MAX_TAGS,
    ImageProperties,
)

MAX_REPLY_BYTES = 256 * 1024
_MAX_CODE, _MAX_DETAIL = 40, 500


class MalformedReplyError(Exception):
    """The decoder sent something that it never sends."""


def reply_of(result: ThumbnailResult) -> dict[str, Any]:
    """Return the reply about a decoded picture, without the picture."""
    return _reply(result.properties, result.warning, None)


def reply_of_failure(error: ThumbnailError) -> dict[str, Any]:
    """Return a reply with the reason why there is no picture."""
    failure = {"code": error.code, "detail": str(error)[:_MAX_DETAIL]}
    return _reply(error.properties, None, failure)


def _reply(
    properties: ImageProperties, warning: str | None, failure: dict[str, str] | None
) -> dict[str, Any]:
    return {"properties": asdict(properties), "warning": warning, "failure": failure}


def parse_reply(document: bytes | Any) -> ThumbnailResult:
    """Return the result in a reply, without the picture; the reply may be encoded.

    Raises the ThumbnailError of the reply, and MalformedReplyError for anything else.
    """
    try:
        reply = json.loads(document) if isinstance(document, bytes) else document
        failure, properties = reply["failure"], _properties(reply["properties"])
        if failure is None:
            warning = None if reply["warning"] is None else _code(reply["warning"])
            return ThumbnailResult(thumbnail=b"", properties=properties, warning=warning)
        code, detail = _code(failure["code"]), str(failure["detail"])[:_MAX_DETAIL]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise MalformedReplyError("not a reply") from error
    raise ThumbnailError(code, detail, properties=properties)


def _code(value: Any) -> str:
    if not (isinstance(value, str) and value.isidentifier() and len(value) <= _MAX_CODE):
        raise MalformedReplyError("a reason without a code")
    return value


def _properties(members: dict[str, Any]) -> ImageProperties:
    exif = members["exif"]
    texts = [text for item in exif.items() for text in item]
    if len(exif) > MAX_TAGS or not all(map(_is_short_text, texts)):
        raise TypeError("exif must have a limited number of short texts")
    numbers = {name: members[name] for name in ("width", "height", "orientation")}
    if not all(number is None or _is_number(number) for number in numbers.values()):
        raise TypeError("sizes must be whole numbers")
    moment = members["date_time_digitized"]
    if not (moment is None or _is_short_text(moment)):
        raise TypeError("the time must be a short text")
    return ImageProperties(**numbers, date_time_digitized=moment, exif=dict(exif))


def _is_short_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_CHARACTERS


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_SIZE
