"""Parse requests for presigned POSTs and present the responses, for `offer_uploads`."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from coffer.domain.clock import to_text
from coffer.domain.errors import MalformedRequestError, Problem, TooLargeError
from coffer.domain.uploads.presigned_uploads import Checksums, PresignedUpload, RequestedUpload
from coffer.http.documents import API_ROOT, pointer_to
from coffer.http.requests import Request
from coffer.http.responses import JSON, MAX_RESPONSE_BYTES, Response

_CHECKSUM_DIGITS = {"sha1Hex": 40, "sha256Hex": 64, "crc32": 8}
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
_MEMBERS = frozenset(
    {
        "originalFilename", "relativePath", "receivedMediaType", "sizeInBytes", "isDerivative",
        "checksums", "md5",
    }
)  # fmt: skip


def parse_upload_request(request: Request) -> list[RequestedUpload]:
    """Return the files that the body lists; raise MalformedRequestError with all problems."""
    document = request.json()
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, list):
        raise MalformedRequestError(
            "malformed_document",
            'The member files must be a list: {"files": [{"originalFilename": "name.jpg"}]}.',
            pointer="/files",
        )
    problems: list[Problem] = []
    requested = [_file(file, f"/files/{index}", problems) for index, file in enumerate(files)]
    if problems:
        raise MalformedRequestError.of(problems)
    return requested


def presigned_uploads_response(request: Request, uploads: Sequence[PresignedUpload]) -> Response:
    """Return the presigned uploads in the request's order.

    Raises TooLargeError with the number of files that fit if the response would exceed 6 MB.
    """
    documents = [_presented(request, upload) for upload in uploads]
    size = 0
    for fitting, document in enumerate(documents):
        size += len(json.dumps(document)) + 1
        if size > MAX_RESPONSE_BYTES:
            raise TooLargeError(
                "answer_too_large",
                f"The response for {len(uploads)} files would exceed 6 MB; the first "
                f"{fitting} fit.",
                pointer="/files",
            )
    return Response.of_json({"files": documents}, media_type=JSON)


def _presented(request: Request, upload: PresignedUpload) -> dict[str, Any]:
    record = f"{request.base_url}{API_ROOT}/object-upload/{upload.file_identifier}"
    return {
        "fileIdentifier": upload.file_identifier,
        "upload": {
            "method": "POST",
            "url": upload.post.url,
            "fields": upload.post.fields,
            "expires": to_text(upload.post.expires),
        },
        "links": {"objectUpload": record},
    }


def _file(file: Any, pointer: str, problems: list[Problem]) -> RequestedUpload:
    """Parse one file of the request; add what is wrong with it to `problems`."""

    def add_problem(name: str, detail: str) -> None:
        problems.append(
            Problem("malformed_file", f"{name[:60]} {detail}.", pointer=pointer_to(pointer, name))
        )

    if not isinstance(file, dict):
        problems.append(Problem("malformed_file", "Each file is a JSON object.", pointer=pointer))
        return RequestedUpload(original_filename="")
    for name in sorted(set(file) - _MEMBERS):
        add_problem(name, "is not known")
    name = file.get("originalFilename")
    if not isinstance(name, str) or not name.strip():
        add_problem("originalFilename", "is required and must be text")
    relative_path, media_type = file.get("relativePath"), file.get("receivedMediaType")
    for member, value in (("relativePath", relative_path), ("receivedMediaType", media_type)):
        if not isinstance(value, str | None):
            add_problem(member, "must be text")
    size = file.get("sizeInBytes")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
        add_problem("sizeInBytes", "must be a whole number of bytes")
    is_derivative = file.get("isDerivative", False)
    if not isinstance(is_derivative, bool):
        add_problem("isDerivative", "must be true or false")
    return RequestedUpload(
        original_filename=name if isinstance(name, str) else "",
        relative_path=relative_path if isinstance(relative_path, str) else None,
        received_media_type=media_type if isinstance(media_type, str) else None,
        size_in_bytes=size if isinstance(size, int) and size >= 0 else None,
        is_derivative=is_derivative is True,
        checksums=_checksums(file, pointer, problems),
    )


def _checksums(file: dict[str, Any], pointer: str, problems: list[Problem]) -> Checksums:
    given = file.get("checksums")
    if given is None:
        given = {}
    md5 = file.get("md5")
    problem = _checksum_problem(given, md5, pointer)
    if problem is not None:
        problems.append(problem)
        return Checksums()
    return Checksums(
        sha1_hex=given.get("sha1Hex"),
        sha256_hex=given.get("sha256Hex"),
        crc32=given.get("crc32"),
        md5=md5,
    )


def _checksum_problem(given: Any, md5: Any, pointer: str) -> Problem | None:
    if not isinstance(given, dict) or len(given) > 1 or not set(given) <= set(_CHECKSUM_DIGITS):
        return Problem(
            "malformed_checksum",
            "checksums takes one of sha1Hex, sha256Hex and crc32.",
            pointer=f"{pointer}/checksums",
        )
    for name, value in given.items():
        digits = _CHECKSUM_DIGITS[name]
        if not (isinstance(value, str) and len(value) == digits and _HEXADECIMAL.issuperset(value)):
            return Problem(
                "malformed_checksum",
                f"{name} is {digits} hexadecimal digits.",
                pointer=f"{pointer}/checksums/{name}",
            )
    if md5 is not None and not _is_md5(md5):
        return Problem("malformed_checksum", "md5 is 16 bytes in base64.", pointer=f"{pointer}/md5")
    return None


def _is_md5(value: object) -> bool:
    try:
        return isinstance(value, str) and len(b64decode(value, validate=True)) == 16
    except ValueError:
        return False
