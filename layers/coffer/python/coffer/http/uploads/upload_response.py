"""Present the record of a file that was uploaded through the API, for `upload_file`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from coffer.domain.uploads.direct_upload import UploadResult
from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS, upload_warnings
from coffer.http.documents import resource_response
from coffer.http.requests import Request
from coffer.http.responses import JSON, JSON_API, Response
from coffer.http.uploads.documents import present_upload


def upload_response(request: Request, result: UploadResult) -> Response:
    """Return a JSON:API document with 201 if Accept names it, else a flat object with 200.

    The flat object, with the identifier inside, is the reference's response until 1.27.
    """
    upload = result.upload
    if request.accepts_exactly(JSON_API):
        data = present_upload(upload, duplicate_found=result.duplicate_found)
        return resource_response(request, data, version=upload.version, created=True)
    flat: dict[str, Any] = {
        "id": upload.file_identifier,
        "fileIdentifier": upload.file_identifier,
        **OBJECT_UPLOAD_FIELDS.present(upload),
    }
    warnings = upload_warnings(duplicate_found=result.duplicate_found)
    if warnings:
        flat["meta"] = {"warnings": warnings}
    return Response.of_json(flat, status=HTTPStatus.OK, media_type=JSON)
