"""What answers a file that came through the API: its record, in the form the client knows."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from coffer.domain.attributes import upload_attributes, upload_warnings
from coffer.domain.direct_upload import UploadReceipt
from coffer.http.answers import JSON, JSON_API, Answer
from coffer.http.documents import answer_resource
from coffer.http.requests import Request
from coffer.http.upload_documents import present_upload


def answer_receipt(request: Request, receipt: UploadReceipt) -> Answer:
    """The answer to an upload: a JSON:API document where Accept names it, else the flat object.

    The flat one, with 200 and the identifier inside, is what the reference answered until 1.27.
    """
    upload = receipt.upload
    if request.names(JSON_API):
        data = present_upload(upload, duplicate_found=receipt.duplicate_found)
        return answer_resource(request, data, version=upload.version, created=True)
    flat: dict[str, Any] = {
        "id": upload.file_identifier,
        "fileIdentifier": upload.file_identifier,
        **upload_attributes(upload),
    }
    warnings = upload_warnings(duplicate_found=receipt.duplicate_found)
    if warnings:
        flat["meta"] = {"warnings": warnings}
    return Answer.of_json(flat, status=HTTPStatus.OK, media_type=JSON)
