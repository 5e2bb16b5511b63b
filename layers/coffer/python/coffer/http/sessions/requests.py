"""Parse the requests of Uppy, and those for group grants.

Uppy 4 and 5 send every value as text and leave out null. Uppy 6 sends values as they are, and the
text `null` in a query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from coffer.domain.errors import MalformedRequestError
from coffer.domain.sessions.record import MAX_PARTS
from coffer.domain.sessions.requests import (
    AnnouncedUpload,
    ClientPart,
    CompletionRequest,
    GrantRequest,
)
from coffer.domain.uploads.presigned_uploads import Checksums, RequestedUpload
from coffer.http.requests import Request, parse_whole_number

_METADATA = re.compile(r"metadata\[(.*)\]", re.DOTALL)
_NOTHING = (None, "", "null")
_MAX_SIZE_DIGITS = 16
_DIGITS = {"crc32": 8, "sha1Hex": 40}


def parse_params(request: Request) -> AnnouncedUpload:
    """Return the file in the query of `GET …/s3/params`."""
    metadata = {
        found[1]: value for name, value in request.query if (found := _METADATA.fullmatch(name))
    }
    announced = _announced(request.parameter("filename"), request.parameter("type"), metadata)
    checksums = announced.file.checksums
    if checksums.sha1_hex is not None:
        # A form has one checksum, and SHA-1 tells more than CRC-32.
        file = replace(announced.file, checksums=replace(checksums, crc32=None))
        return replace(announced, file=file)
    return announced


def parse_creation(request: Request) -> AnnouncedUpload:
    """Return the file in the body of `POST …/s3/multipart`."""
    document = _object_in(request)
    metadata = document.get("metadata")
    if not isinstance(metadata, dict | None):
        raise _malformed("metadata", "must be an object")
    return _announced(document.get("filename"), document.get("type"), metadata or {})


def parse_completion(request: Request) -> CompletionRequest:
    """Return the parts in the body of `POST …/complete`."""
    document = _object_in(request)
    parts = document.get("parts")
    if not isinstance(parts, list) or len(parts) > MAX_PARTS:
        raise _malformed("parts", f"must be a list of at most {MAX_PARTS} parts")
    parsed = [_part(part, f"parts/{index}") for index, part in enumerate(parts)]
    if len({part.number for part in parsed}) < len(parsed):
        raise _malformed("parts", "names a part twice")
    return CompletionRequest(parts=parsed, crc32=_checksum(document, "crc32"))


def parse_grant_request(request: Request) -> GrantRequest:
    """Return the request for a grant; an empty body stands for the defaults."""
    document = _object_in(request) if request.body else {}
    for name in sorted(set(document) - {"maxBytes", "lifetimeSeconds"}):
        raise _malformed(name[:60], "is not known")
    lifetime = _number(document, "lifetimeSeconds")
    return GrantRequest(
        max_bytes=_number(document, "maxBytes"),
        lifetime=None if lifetime is None else timedelta(seconds=min(lifetime, 10**9)),
    )


def parse_key(request: Request) -> str:
    """Return the query parameter `key`; raise MalformedRequestError without one."""
    key = request.parameter("key")
    if not key:
        raise MalformedRequestError(
            "malformed_parameter",
            "key is required: send the key that was returned with the uploadId.",
            parameter="key",
        )
    return key


def parse_part_number(request: Request) -> int:
    """Return the part number in the path."""
    return parse_whole_number("partNumber", request.variables["partNumber"], 1, MAX_PARTS)


def parse_part_numbers(request: Request) -> Sequence[int]:
    """Return the part numbers in the query of a batch."""
    listed = (request.parameter("partNumbers") or "").split(",")
    return [parse_whole_number("partNumbers", text.strip(), 1, MAX_PARTS) for text in listed]


def _announced(filename: Any, media_type: Any, metadata: Mapping[str, Any]) -> AnnouncedUpload:
    if not isinstance(filename, str) or not filename.strip():
        raise _malformed("filename", "is required and must be text")
    if not isinstance(media_type, str | None):
        raise _malformed("type", "must be text")
    path = metadata.get("relativePath")
    if not isinstance(path, str | None):
        raise _malformed("relativePath", "must be text")
    file = RequestedUpload(
        original_filename=filename,
        relative_path=None if path in _NOTHING else path,
        received_media_type=media_type,
        size_in_bytes=_number(metadata, "sizeInBytes", minimum=0),
        is_derivative=_flag(metadata, "isDerivative"),
        checksums=Checksums(
            sha1_hex=_checksum(metadata, "sha1Hex"), crc32=_checksum(metadata, "crc32")
        ),
    )
    return AnnouncedUpload(file=file, part_bytes=_number(metadata, "partSizeInBytes"))


def _part(part: Any, name: str) -> ClientPart:
    number = part.get("PartNumber") if isinstance(part, dict) else None
    etag = part.get("ETag") if isinstance(part, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or not isinstance(etag, str):
        raise _malformed(name, 'must be an object such as {"PartNumber": 1, "ETag": "…"}')
    return ClientPart(number=number, etag=etag.strip().strip('"'))


def _number(values: Mapping[str, Any], name: str, *, minimum: int = 1) -> int | None:
    """Return a whole number, which may be written as text; None if there is none."""
    value = values.get(name)
    if value in _NOTHING:
        return None
    text = str(value)
    is_number = text.isascii() and text.isdigit() and len(text) <= _MAX_SIZE_DIGITS
    if not is_number or int(text) < minimum:
        detail = f"must be a whole number from {minimum} to {10**_MAX_SIZE_DIGITS - 1}"
        raise _malformed(name, f"{detail}, not {text[:40]!r}")
    return int(text)


def _flag(values: Mapping[str, Any], name: str) -> bool:
    value = values.get(name)
    if value in (True, "true"):
        return True
    if value in (False, "false", *_NOTHING):
        return False
    raise _malformed(name, "must be true or false")


def _checksum(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value in _NOTHING:
        return None
    if not isinstance(value, str) or not re.fullmatch(f"[0-9A-Fa-f]{{{_DIGITS[name]}}}", value):
        raise MalformedRequestError(
            "malformed_checksum",
            f"{name} is {_DIGITS[name]} hexadecimal digits.",
            pointer=f"/{name}",
        )
    return value.lower()


def _object_in(request: Request) -> dict[str, Any]:
    document = request.json()
    if not isinstance(document, dict):
        raise MalformedRequestError("malformed_document", "The body must be a JSON object.")
    return document


def _malformed(name: str, detail: str) -> MalformedRequestError:
    return MalformedRequestError("malformed_file", f"{name} {detail}.", pointer=f"/{name}")
