"""Offers of uploads at the edge: files are announced, forms for them go out."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from typing import Any

from coffer.domain.clock import to_text
from coffer.domain.errors import MalformedRequestError, Problem, TooLargeError
from coffer.domain.uploads.presigned_uploads import Checksums, FileAnnouncement, UploadOffer
from coffer.http.documents import API_ROOT, pointer_to
from coffer.http.requests import Request
from coffer.http.responses import JSON, MAX_ANSWER_BYTES, Response

_DIGITS = {"sha1Hex": 40, "sha256Hex": 64, "crc32": 8}
_KNOWN = frozenset(
    {"originalFilename", "receivedMediaType", "sizeInBytes", "isDerivative", "checksums", "md5"}
)


def read_announcements(request: Request) -> list[FileAnnouncement]:
    """The files that the body announces; raises MalformedRequestError with every problem."""
    document = request.json()
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, list):
        raise MalformedRequestError(
            "malformed_document",
            'A list is needed here: {"files": [{"originalFilename": "name.jpg"}]}.',
            pointer="/files",
        )
    problems: list[Problem] = []
    announcements = [
        _announcement(file, f"/files/{index}", problems) for index, file in enumerate(files)
    ]
    if problems:
        raise MalformedRequestError.of(problems)
    return announcements


def presigned_uploads_response(request: Request, offers: Sequence[UploadOffer]) -> Response:
    """The offers in the request's order; 413 that says how many fit where they pass 6 MB."""
    documents = [_offer(request, offer) for offer in offers]
    size = 0
    for fitting, document in enumerate(documents):
        size += len(json.dumps(document)) + 1
        if size > MAX_ANSWER_BYTES:
            raise TooLargeError(
                "answer_too_large",
                f"The answer for {len(offers)} files would pass 6 MB; the first {fitting} fit.",
                pointer="/files",
            )
    return Response.of_json({"files": documents}, media_type=JSON)


def _offer(request: Request, offer: UploadOffer) -> dict[str, Any]:
    record = f"{request.base_url}{API_ROOT}/object-upload/{offer.file_identifier}"
    return {
        "fileIdentifier": offer.file_identifier,
        "upload": {
            "method": "POST",
            "url": offer.form.url,
            "fields": offer.form.fields,
            "expires": to_text(offer.form.expires),
        },
        "links": {"objectUpload": record},
    }


def _announcement(file: Any, where: str, problems: list[Problem]) -> FileAnnouncement:
    """One announced file; what is wrong with it is added to `problems`."""

    def wrong(name: str, detail: str) -> None:
        pointer = pointer_to(where, name)
        problems.append(Problem("malformed_file", f"{name[:60]} {detail}.", pointer=pointer))

    if not isinstance(file, dict):
        problems.append(Problem("malformed_file", "A file is an object.", pointer=where))
        return FileAnnouncement(original_filename="")
    for name in sorted(set(file) - _KNOWN):
        wrong(name, "is not known")
    name = file.get("originalFilename")
    if not isinstance(name, str) or not name.strip():
        wrong("originalFilename", "is needed, as text")
    media_type = file.get("receivedMediaType")
    if not isinstance(media_type, str | None):
        wrong("receivedMediaType", "must be text")
    size = file.get("sizeInBytes")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
        wrong("sizeInBytes", "must be a whole number of bytes")
    is_derivative = file.get("isDerivative", False)
    if not isinstance(is_derivative, bool):
        wrong("isDerivative", "must be true or false")
    return FileAnnouncement(
        original_filename=name if isinstance(name, str) else "",
        received_media_type=media_type if isinstance(media_type, str) else None,
        size_in_bytes=size if isinstance(size, int) and size >= 0 else None,
        is_derivative=is_derivative is True,
        checksums=_checksums(file, where, problems),
    )


def _checksums(file: dict[str, Any], where: str, problems: list[Problem]) -> Checksums:
    given = file.get("checksums")
    if given is None:
        given = {}
    if not isinstance(given, dict) or len(given) > 1 or not set(given) <= set(_DIGITS):
        problems.append(
            Problem(
                "malformed_checksum",
                "checksums takes one of sha1Hex, sha256Hex and crc32.",
                pointer=f"{where}/checksums",
            )
        )
        return Checksums()
    for name, value in given.items():
        if not _is_hexadecimal(value, _DIGITS[name]):
            problems.append(
                Problem(
                    "malformed_checksum",
                    f"{name} is {_DIGITS[name]} hexadecimal digits.",
                    pointer=f"{where}/checksums/{name}",
                )
            )
            return Checksums()
    md5 = file.get("md5")
    if md5 is not None and not _is_md5(md5):
        problems.append(
            Problem("malformed_checksum", "md5 is 16 bytes in base64.", pointer=f"{where}/md5")
        )
        return Checksums()
    return Checksums(
        sha1_hex=given.get("sha1Hex"),
        sha256_hex=given.get("sha256Hex"),
        crc32=given.get("crc32"),
        md5=md5,
    )


def _is_hexadecimal(value: object, digits: int) -> bool:
    return (
        isinstance(value, str)
        and len(value) == digits
        and all(char in "0123456789abcdefABCDEF" for char in value)
    )


def _is_md5(value: object) -> bool:
    try:
        return isinstance(value, str) and len(b64decode(value, validate=True)) == 16
    except (Base64Error, ValueError):
        return False
