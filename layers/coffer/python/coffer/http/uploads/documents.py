"""Present upload records as JSON:API resources and as the response to an upload."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS, upload_warnings
from coffer.domain.uploads.record import ObjectUpload, UploadResult
from coffer.http.documents import resource_response
from coffer.http.fields import present_record
from coffer.http.requests import Request
from coffer.http.responses import JSON, JSON_API, Response


def present_upload(upload: ObjectUpload, *, duplicate_found: bool) -> dict[str, Any]:
    """Return the resource of an upload."""
    resource = present_record(OBJECT_UPLOAD_FIELDS, upload)
    warnings = upload_warnings(duplicate_found=duplicate_found)
    return resource | ({"meta": {"warnings": warnings}} if warnings else {})


def upload_response(request: Request, result: UploadResult) -> Response:
    """Return a JSON:API document with 201 if Accept names it, else a flat object with 200.

    The flat object, with the identifier inside, is the reference's response until 1.27. It has the
    resource as `data` as well: clients of later versions, such as dina-ui, read it with the Accept
    header of axios, which does not name JSON:API.
    """
    upload = result.upload
    data = present_upload(upload, duplicate_found=result.duplicate_found)
    if request.accepts_exactly(JSON_API):
        return resource_response(request, data, version=upload.version, created=True)
    flat: dict[str, Any] = {
        "id": upload.file_identifier,
        "fileIdentifier": upload.file_identifier,
        **OBJECT_UPLOAD_FIELDS.present(upload),
        "data": data,
    }
    if "meta" in data:
        flat["meta"] = data["meta"]
    return Response.of_json(flat, status=HTTPStatus.OK, media_type=JSON)
