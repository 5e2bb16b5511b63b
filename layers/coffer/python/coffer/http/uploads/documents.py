"""Object uploads as JSON:API resources."""

from __future__ import annotations

from typing import Any

from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS, upload_warnings
from coffer.domain.uploads.record import ObjectUpload
from coffer.http.fields import present_record


def present_upload(upload: ObjectUpload, *, duplicate_found: bool) -> dict[str, Any]:
    """Return the resource of an upload."""
    resource = present_record(OBJECT_UPLOAD_FIELDS, upload)
    warnings = upload_warnings(duplicate_found=duplicate_found)
    return resource | ({"meta": {"warnings": warnings}} if warnings else {})
