"""What a deployment tells its clients of itself: how much it takes, and what it fills in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coffer.domain.errors import NotFoundError
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.uploads.presigned_uploads import MAX_FILES

FILE_UPLOAD, DEFAULT_VALUES = "file-upload", "default-values"
_UNITS = (("MB", 1024**2), ("KB", 1024))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How large files may be, in bytes: through the API itself, and straight to S3."""

    max_direct_upload_bytes: int
    max_upload_bytes: int


def configuration(limits: Limits) -> Mapping[str, Mapping[str, Any]]:
    """The attributes of each configuration by its id, in the reference's order.

    The two sizes with a unit are the reference's; its clients measure against them what they are
    about to send as a form.
    """
    size = spelled(limits.max_direct_upload_bytes)
    return {
        FILE_UPLOAD: {
            "max-file-size": size,
            "max-request-size": size,
            "max-direct-upload-bytes": limits.max_direct_upload_bytes,
            "max-upload-bytes": limits.max_upload_bytes,
            "max-files-per-request": MAX_FILES,
        },
        DEFAULT_VALUES: {
            "values": [
                {"type": "metadata", "attribute": field.name, "value": field.default}
                for field in METADATA_FIELDS.attributes
                if field.default is not None
            ]
        },
    }


def find_configuration(limits: Limits, identifier: str) -> Mapping[str, Any]:
    """The attributes of the configuration with this id; NotFoundError where there is none."""
    attributes = configuration(limits).get(identifier)
    if attributes is None:
        raise NotFoundError("config_not_found", f"There is no config {identifier[:80]!r}.")
    return attributes


def spelled(size_bytes: int) -> str:
    """A size as Spring spells it, in the largest unit that leaves no fraction: `4MB`."""
    for unit, size in _UNITS:
        if size_bytes % size == 0:
            return f"{size_bytes // size}{unit}"
    return f"{size_bytes}B"
