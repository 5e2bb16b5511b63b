"""Present responses and errors as Uppy reads them, and group grants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from coffer.domain.clock import to_text
from coffer.domain.errors import Problem, RequestError
from coffer.domain.sessions.grants import CreatedGrant
from coffer.domain.sessions.record import StoredPart, UploadSession
from coffer.domain.uploads.presigned_uploads import PresignedUpload
from coffer.http.documents import API_ROOT
from coffer.http.errors import error_document, headers_of, internal_problem, status_of
from coffer.http.requests import Request
from coffer.http.responses import JSON, Response

_NAMES = {
    "originalFilename": "filename",
    "receivedMediaType": "type",
    "filename": "filename",
    "type": "type",
    "parts": "parts",
}
"""Members of Uppy's requests by the names in errors. All others are metadata."""
_METADATA = frozenset(
    {"sizeInBytes", "partSizeInBytes", "relativePath", "isDerivative", "crc32", "sha1Hex"}
)


def private_json(document: Any, *, status: int = HTTPStatus.OK) -> Response:
    """Return a response that no cache may keep: it has a secret, or what is true just now."""
    headers = {"Cache-Control": "no-store"}
    return Response.of_json(document, status=status, media_type=JSON, headers=headers)


def form_response(upload: PresignedUpload) -> Response:
    """Return the form of `GET …/s3/params`.

    It has no `expires`: Uppy 4 and 5 take it for the time that the whole upload may last.
    """
    document = {
        "method": "POST",
        "url": upload.post.url,
        "fields": upload.post.fields,
        "fileIdentifier": upload.file_identifier,
    }
    return private_json(document)


def created_session_response(session: UploadSession) -> Response:
    """Return the ids of a new session, which Uppy sends back in each further request."""
    document = {"uploadId": session.identifier, "key": session.key}
    return private_json(document)


def part_response(urls: Mapping[int, str]) -> Response:
    """Return the URL of the only part."""
    [url] = urls.values()
    return private_json({"url": url})


def batch_response(urls: Mapping[int, str]) -> Response:
    """Return the URLs of parts by their numbers."""
    document = {"presignedUrls": {str(number): url for number, url in urls.items()}}
    return private_json(document)


def parts_response(parts: Sequence[StoredPart]) -> Response:
    """Return the list of parts, with quoted ETags as S3 lists them."""
    listed = [
        {"PartNumber": part.number, "ETag": f'"{part.etag}"', "Size": part.size_bytes}
        for part in parts
    ]
    return private_json(listed)


def completed_response(request: Request, session: UploadSession) -> Response:
    """Return the address of the record that the file gets when it is processed."""
    document = {
        "location": f"{request.base_url}{API_ROOT}/object-upload/{session.identifier}",
        "key": session.key,
        "fileIdentifier": session.identifier,
    }
    return private_json(document)


def grant_response(request: Request, created: CreatedGrant) -> Response:
    """Return a new grant. No other response contains its text."""
    grant = created.grant
    document = {
        "id": grant.identifier,
        "grant": created.text,
        "bucket": grant.bucket,
        "maxBytes": grant.max_bytes,
        "expires": to_text(grant.expires_at),
        "links": {"uppy": f"{request.base_url}{API_ROOT}/uppy/grant/{created.text}"},
    }
    return private_json(document, status=HTTPStatus.CREATED)


def render_upload_error(error: RequestError, request: Request) -> Response:
    """Return the error document with `message` at its top level: Uppy reads nothing else."""
    error.problems = tuple(_in_request(problem, request) for problem in error.problems)
    message = " ".join(problem.detail for problem in error.problems)
    document = {"message": message, **error_document(error, request)}
    return Response.of_json(
        document, status=status_of(error), media_type=JSON, headers=headers_of(error)
    )


def render_upload_crash(request: Request) -> Response:
    """Return the response to an unexpected failure, with `message`."""
    status, document = internal_problem(request)
    body = {"message": document["detail"], "errors": [document]}
    return Response.of_json(body, status=status, media_type=JSON)


def _in_request(problem: Problem, request: Request) -> Problem:
    """Return the problem with its source in Uppy's request, if the request has it."""
    if problem.pointer is None:
        return problem
    member = problem.pointer.rpartition("/")[2]
    name: Any = _NAMES.get(member)
    if request.method == "GET":
        name = name or (f"metadata[{member}]" if member in _METADATA else None)
        return replace(problem, pointer=None, parameter=name)
    if name is None and member in _METADATA:
        name = f"metadata/{member}"
    pointer = f"/{name}" if name else None
    is_part = problem.pointer.startswith("/parts/")
    return replace(problem, pointer=problem.pointer if is_part else pointer)
