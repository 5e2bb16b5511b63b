"""Parse BitStore's requests, and present its responses and errors.

Errors are `{"error": {"message", "code", "files"?}}`. The reference's clients show
`error.message`; `files` has the reasons for each file with a problem.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from itertools import accumulate, islice
from typing import Any

from coffer.domain.errors import (
    MalformedRequestError,
    RequestError,
    TooLargeError,
    UnauthenticatedError,
    shorten,
)
from coffer.domain.rawstore.datasets import BadFilesError
from coffer.domain.rawstore.permissions import Permissions, PermissionTokens
from coffer.domain.rawstore.uploads import AuthorizedUploads, SignedUpload
from coffer.http.errors import headers_of, status_of
from coffer.http.requests import Request, malformed_json, unique_members
from coffer.http.responses import JSON, Response, payload_bytes

MAX_RESPONSE_BYTES = 6 * 1024**2 - 4096
"""Lambda's limit for a response, less the bytes around the body."""
MAX_NAMED_FILES, MAX_NAMED_PATH, MAX_REASON = 100, 200, 500
"""Files with problems that an error names, and the characters of their paths and reasons."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_UNENCODED_URL = re.compile(r"(?:^|&)url=(https?://.*?)(?=&(?:ownerid|jwt)=|$)", re.DOTALL)


def permissions_of(request: Request, tokens: PermissionTokens) -> Permissions:
    """Return the permissions of the token in the header `Auth-Token` or the parameter `jwt`.

    The parameter is used only if the header is missing or empty.
    """
    token = request.header("auth-token") or request.parameter("jwt")
    if not token:
        raise UnauthenticatedError(
            "token_required",
            "This needs a permission token, in the header Auth-Token or the parameter jwt.",
        )
    return Permissions.parse(tokens.verify(token))


def is_mounted(request: Request, service: str) -> bool:
    """Return True if the request is for this service, and not for a path below its root.

    A route key cannot end with a slash, so `POST /{service}/` uses the route
    `/{service}/{proxy+}`, which also matches longer paths.
    """
    return request.variables.get("service") == service and not request.variables.get("proxy")


def read_document(request: Request) -> Any:
    """Return the body as JSON, for any content type: browsers of the reference send text."""
    with malformed_json("or nests too deeply"):
        return json.loads(
            request.body, object_pairs_hook=unique_members, parse_constant=_reject_constant
        )


def present_uploads(authorized: AuthorizedUploads, upload_url: str) -> Response:
    """Return the response of `authorize`; raises TooLargeError if it is too large for Lambda.

    Clients of the first generation are documented to read the member `fileData`. Their response has
    both spellings.
    """
    is_first_generation = authorized.dataset.is_first_generation
    members = ("filedata", "fileData") if is_first_generation else ("filedata",)
    files = {upload.file.path: _present(upload, upload_url) for upload in authorized.uploads}
    body = _encode(dict.fromkeys(members, files))
    if payload_bytes(body) > MAX_RESPONSE_BYTES:
        texts = (f"{_encode(path)}:{_encode(file)}," for path, file in files.items())
        around = payload_bytes(_encode({member: {} for member in members}))
        # In each member, no comma follows the last file.
        max_bytes = (MAX_RESPONSE_BYTES - around) // len(members) + 1
        fitting = _count_fitting(texts, max_bytes)
        raise TooLargeError(
            "answer_too_large",
            f"The response for {len(files)} files would be too large; {fitting} of them fit one "
            "request.",
        )
    return Response(headers={"Content-Type": JSON}, body=body)


def url_parameter(request: Request) -> str:
    """Return the parameter `url`, or an empty text.

    The reference's client does not encode the URL. An unencoded URL is taken literally, with all
    `&` and `+` in it.
    """
    unencoded = _UNENCODED_URL.search(request.raw_query)
    return unencoded[1] if unencoded else request.parameter("url") or ""


def present_link(url: str) -> Response:
    """Return the response of `presign`."""
    return Response.of_json({"url": url}, media_type=JSON)


def present_prefixes(prefixes: Sequence[str]) -> Response:
    """Return the response of `info`."""
    return Response.of_json({"prefixes": prefixes}, media_type=JSON)


def render_error(error: RequestError, _request: Request) -> Response:
    """Return BitStore's error response."""
    described: dict[str, Any] = {"message": str(error), "code": error.problems[0].code}
    if isinstance(error, BadFilesError):
        described["files"] = _named(error.files)
        if (more := len(error.files) - MAX_NAMED_FILES) > 0:
            described["message"] += f" The first {MAX_NAMED_FILES} are named; {more} more are not."
    headers = headers_of(error)
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Auth-Token"
    return Response.of_json(
        {"error": described}, status=status_of(error), media_type=JSON, headers=headers
    )


def render_internal_error(request: Request) -> Response:
    """Return the response for an unexpected exception: the request's id, and no details."""
    message = f"An unexpected error occurred. Please report the request {request.request_id}."
    return Response.of_json(
        {"error": {"message": message, "code": "internal_error"}},
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        media_type=JSON,
    )


def _present(upload: SignedUpload, upload_url: str) -> dict[str, Any]:
    file = upload.file
    md5 = file.md5.base64
    return {
        "upload_url": upload_url,
        "upload_query": upload.fields,
        "exists": upload.exists,
        "md5": md5,
        "md5-hash": md5,
        "name": file.name,
        "type": file.media_type,
        "length": file.length_bytes,
    }


def _count_fitting(texts: Iterable[str], max_bytes: int) -> int:
    """Return how many of `texts`, from the first on, fit into a response."""
    totals = accumulate(map(payload_bytes, texts))
    return sum(1 for total in totals if total <= max_bytes)


def _named(files: Mapping[str, str]) -> dict[str, str]:
    """Return the first files with their reasons, with shortened paths that differ."""
    named: dict[str, str] = {}
    for path, reason in islice(files.items(), MAX_NAMED_FILES):
        short, number = shorten(path, MAX_NAMED_PATH), 2
        while short in named:
            short = f"{shorten(path, MAX_NAMED_PATH)} ({number})"
            number += 1
        named[short] = shorten(reason, MAX_REASON)
    return named


def _reject_constant(name: str) -> None:
    raise MalformedRequestError("malformed_json", f"The body has {name}, which is not JSON.")
