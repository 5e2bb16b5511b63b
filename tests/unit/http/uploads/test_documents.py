"""Responses to uploads: a flat object, or a JSON:API document if Accept names it."""

from __future__ import annotations

import json

import pytest

from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS
from coffer.domain.uploads.record import UploadResult
from coffer.http.responses import JSON
from coffer.http.uploads.documents import present_upload, upload_response
from tests.fakes.records import FILE, upload
from tests.unit.http.events import JSON_API, make_request

WARNINGS = {"duplicate_found": "A file with the same content already exists"}


def test_the_response_is_flat_by_default() -> None:
    response = upload_response(make_request(), UploadResult(upload=upload(), duplicate_found=False))
    assert (response.status, response.headers) == (200, {"Content-Type": JSON})
    assert json.loads(response.body) == {
        "id": FILE,
        "fileIdentifier": FILE,
        **OBJECT_UPLOAD_FIELDS.present(upload()),
        "data": present_upload(upload(), duplicate_found=False),
    }


def test_a_flat_response_has_its_warnings_in_meta() -> None:
    response = upload_response(make_request(), UploadResult(upload=upload(), duplicate_found=True))
    document = json.loads(response.body)
    assert document["meta"] == {"warnings": WARNINGS}
    # dina-ui reads them there.
    assert document["data"]["meta"] == {"warnings": WARNINGS}


@pytest.mark.parametrize("duplicate_found", [True, False])
def test_the_response_is_a_document_if_accept_names_it(duplicate_found: bool) -> None:
    request = make_request(headers={"accept": JSON_API})
    result = UploadResult(upload=upload(), duplicate_found=duplicate_found)
    response = upload_response(request, result)
    assert response.status == 201
    assert response.headers["Location"] == f"https://coffer.example/api/v1/object-upload/{FILE}"
    assert response.headers["ETag"] == '"1"'
    data = json.loads(response.body)["data"]
    assert data == present_upload(upload(), duplicate_found=duplicate_found)
    assert data.get("meta") == ({"warnings": WARNINGS} if duplicate_found else None)
