"""Inspection: what a file is, and whether it may stay. The same for every way a file comes in."""

from __future__ import annotations

from coffer.domain.detection import ByteReader, detect, extensions_of
from coffer.domain.errors import InvalidError
from coffer.domain.media_types import (
    dc_type_of,
    evaluate_extension,
    evaluate_media_type,
    is_forbidden,
    is_imageable,
)
from coffer.domain.uploads.record import Content, Rejection

MAX_MEDIA_TYPE_LENGTH = 150


class RejectedError(Exception):
    """The file may not stay; `rejection` says why."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.detail)
        self.rejection = rejection


def inspect(
    reader: ByteReader, *, name: str, received_media_type: str | None, max_bytes: int
) -> Content:
    """What the bytes behind `reader` are; RejectedError where they are not taken.

    Only the head and, for some families, a few ranges more are read: see the detector's budget.
    """
    if reader.size_bytes == 0:
        raise RejectedError(Rejection(code="empty_file", detail="Can't store empty file."))
    if reader.size_bytes > max_bytes:
        raise RejectedError(
            Rejection(
                code="file_too_large",
                detail=f"The file has {reader.size_bytes} bytes; at most {max_bytes} are taken.",
            )
        )
    detection = detect(reader, name or None)
    if is_forbidden(detection.media_type):
        raise RejectedError(
            Rejection(
                code="media_type_forbidden",
                detail=f"Media type {detection.media_type} is invalid.",
            )
        )
    return Content(
        detected_media_type=detection.media_type,
        detected_file_extension=detection.extension,
        evaluated_media_type=evaluate_media_type(
            received_media_type, detection.media_type, name, extensions_of
        ),
        evaluated_file_extension=evaluate_extension(name, detection.extension),
        dc_type=dc_type_of(detection.media_type),
        size_in_bytes=reader.size_bytes,
    )


def wants_thumbnail(content: Content, *, is_derivative: bool) -> bool:
    """Whether a thumbnail is made of this upload: main files of a type that can be decoded."""
    return not is_derivative and is_imageable(content.detected_media_type)


def admit_media_type(received: str | None, *, pointer: str | None = None) -> str | None:
    """The declared media type, trimmed; None where nothing was declared.

    It becomes a header of the stored object, so only printable ASCII of at most 150 characters in
    the form `type/subtype` passes; InvalidError otherwise.
    """
    declared = (received or "").strip()
    if not declared:
        return None
    family, slash, subtype = declared.partition("/")
    if len(declared) > MAX_MEDIA_TYPE_LENGTH:
        reason = f"has {len(declared)} characters; at most {MAX_MEDIA_TYPE_LENGTH} are kept"
    elif not (declared.isascii() and declared.isprintable() and family and slash and subtype):
        reason = "is not of the form type/subtype"
    else:
        return declared
    raise InvalidError(
        "malformed_media_type", f"The media type {declared[:60]!r} {reason}.", pointer=pointer
    )
