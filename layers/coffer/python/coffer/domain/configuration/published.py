"""What clients can read about a deployment: upload limits, default values of metadata, and more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coffer.domain.errors import NotFoundError
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.uploads.presigned_uploads import MAX_FILES

FILE_UPLOAD, DEFAULT_VALUES, API_INFO = "file-upload", "default-values", "api-info"
_UNITS = (("MB", 1024**2), ("KB", 1024))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Maximum sizes of files: sent through the API, and sent directly to S3."""

    max_direct_upload_bytes: int
    max_upload_bytes: int


def configuration(limits: Limits, defaults: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
    """Return the attributes of each configuration by its id, in the reference's order.

    `defaults` has the default values of metadata, by the attributes of the record. The two sizes
    with a unit are the reference's. Its clients compare forms with them.
    """
    return {
        FILE_UPLOAD: _upload_limits(limits),
        DEFAULT_VALUES: {
            "values": [
                {"type": "metadata", "attribute": field.name, "value": defaults[field.attribute]}
                for field in METADATA_FIELDS.attributes
                if field.attribute in defaults
            ]
        },
    }


def api_info(limits: Limits) -> Mapping[str, Any]:
    """Return the attributes of the reference's api-info, whose id is the version.

    This API publishes messages about each change, and receives none. It reports what needs
    attention by alarms, to its operators only.
    """
    return {
        "messageProducer": True,
        "messageConsumer": False,
        "attentionRequired": False,
        "moduleInfo": _upload_limits(limits),
    }


def _upload_limits(limits: Limits) -> Mapping[str, Any]:
    size = format_size(limits.max_direct_upload_bytes)
    return {
        "max-file-size": size,
        "max-request-size": size,
        "max-direct-upload-bytes": limits.max_direct_upload_bytes,
        "max-upload-bytes": limits.max_upload_bytes,
        "max-files-per-request": MAX_FILES,
    }


def find_configuration(
    limits: Limits, defaults: Mapping[str, str], identifier: str
) -> Mapping[str, Any]:
    """Return the attributes of a configuration; raise NotFoundError for an unknown id."""
    attributes = configuration(limits, defaults).get(identifier)
    if attributes is None:
        raise NotFoundError("config_not_found", f"There is no config {identifier[:80]!r}.")
    return attributes


def format_size(size_bytes: int) -> str:
    """Return a size in Spring's form, such as `4MB`, in the largest unit without a fraction."""
    for unit, size in _UNITS:
        if size_bytes % size == 0:
            return f"{size_bytes // size}{unit}"
    return f"{size_bytes}B"
