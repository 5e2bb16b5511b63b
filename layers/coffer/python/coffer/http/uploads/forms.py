"""Parse multipart forms (RFC 7578) that upload one file, in the part `file`.

The part `relativePath` may have the path of the file in the folder that is uploaded.
"""

from __future__ import annotations

import io

from multipart import MultipartError, MultipartParser, MultipartPart, parse_options_header

from coffer.domain.errors import MalformedRequestError, TooLargeError, UnsupportedTypeError
from coffer.domain.uploads.direct_upload import ReceivedFile
from coffer.http.requests import Request
from coffer.http.uploads.sent_names import sent_name

FILE_PART = "file"
PATH_PART = "relativePath"
_MAX_PARTS = 16


def received_file(request: Request, *, max_bytes: int) -> ReceivedFile:
    """Return the file of the request's form; raise RequestError if the form is not valid."""
    parts = _parts(request)
    paths = [part for part in parts if part.name == PATH_PART]
    if len(paths) > 1:
        raise MalformedRequestError(
            "malformed_form", f"The form has {len(paths)} parts named {PATH_PART!r}; send one."
        )
    files = [part for part in parts if part.name == FILE_PART]
    if not files:
        names = ", ".join(sorted({repr(part.name)[:40] for part in parts})) or "none"
        raise MalformedRequestError(
            "missing_file_part",
            f"The form has no part named {FILE_PART!r}; it has: {names}. "
            f"With curl: -F 'file=@name;type=image/png'.",
        )
    if len(files) > 1:
        raise MalformedRequestError(
            "several_file_parts", f"The form has {len(files)} parts named {FILE_PART!r}; send one."
        )
    [part] = files
    if part.size > max_bytes:
        raise TooLargeError(
            "file_too_large",
            f"The file has {part.size} bytes; at most {max_bytes} can be sent through the API. "
            "Upload larger files directly to S3, by POST /api/v1/upload/{bucket}.",
        )
    return ReceivedFile(
        body=part.raw,
        name=sent_name(part.headers.get("Content-Disposition") or "", part.filename),
        media_type=part.headers.get("Content-Type"),
        relative_path=_text(paths[0]) if paths else None,
    )


def _text(part: MultipartPart) -> str:
    try:
        return str(part.raw, "utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequestError(
            "malformed_form", f"The part {part.name!r} of the form is not UTF-8."
        ) from error


def _parts(request: Request) -> list[MultipartPart]:
    declared, options = parse_options_header(request.header("content-type"))
    if declared != "multipart/form-data":
        raise UnsupportedTypeError(
            "unsupported_content_type",
            f"A file is sent as multipart/form-data, not as {declared[:80] or 'nothing'!r}.",
            header="Content-Type",
        )
    boundary = options.get("boundary")
    if not boundary:
        raise MalformedRequestError(
            "malformed_form", "The Content-Type names no boundary.", header="Content-Type"
        )
    size = len(request.body)
    try:
        return list(
            MultipartParser(
                io.BytesIO(request.body),
                boundary,
                strict=True,
                part_limit=_MAX_PARTS,
                spool_limit=size + 1,
                memory_limit=size + 1,
            )
        )
    except (MultipartError, ValueError) as error:
        raise MalformedRequestError(
            "malformed_form", f"The multipart form cannot be read: {_reason(error)}."
        ) from error


def _reason(error: ValueError) -> str:
    """Return the parser's message, but for text that is not UTF-8 a readable one."""
    if any(isinstance(one, UnicodeDecodeError) for one in (error, *error.args)):
        return "the header of a part, which has the file name, is not UTF-8"
    return str(error)
