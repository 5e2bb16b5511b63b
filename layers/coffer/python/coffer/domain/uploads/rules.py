"""Inspect a file and refuse what may not be stored. The rules are the same for every upload path.

Refused are empty files, files that are too large, and the types that the deployment forbids.
"""

from __future__ import annotations

from coffer.domain.detection import ByteReader, detect, extensions_of
from coffer.domain.media_types import (
    dc_type_of,
    evaluate_extension,
    evaluate_media_type,
    is_imageable,
)
from coffer.domain.uploads.forbidden_types import DEFAULT_FORBIDDEN_TYPES, ForbiddenTypes
from coffer.domain.uploads.record import Content, RejectedError


def inspect(
    reader: ByteReader,
    *,
    name: str,
    received_media_type: str | None,
    max_bytes: int,
    forbidden: ForbiddenTypes = DEFAULT_FORBIDDEN_TYPES,
) -> Content:
    """Detect what the file is; raise RejectedError if it may not be stored.

    Reads the head and, for some formats, a few more ranges (see `detection.window`).
    """
    if reader.size_bytes == 0:
        raise RejectedError("empty_file", "Can't store empty file.")
    if reader.size_bytes > max_bytes:
        raise RejectedError(
            "file_too_large",
            f"The file has {reader.size_bytes} bytes; at most {max_bytes} are allowed.",
        )
    detection = detect(reader, name or None)
    forbidden.refuse(detection.media_type)
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
    """True if a thumbnail is made of this upload: a main file of an imageable type."""
    return not is_derivative and is_imageable(content.detected_media_type)
