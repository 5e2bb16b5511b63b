"""Rawstore at the edge: BitStore's requests, answers and plain error bodies.

Errors are `{"error": {"message", "code", "files"?}}`: the reference's clients show
`error.message`, and `files` says why for each file that is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from itertools import accumulate
from json.encoder import encode_basestring_ascii
from typing import Any

from coffer.domain.errors import (
    MalformedRequestError,
    RequestError,
    TooLargeError,
    UnauthenticatedError,
)
from coffer.domain.rawstore.datasets import BadFilesError
from coffer.domain.rawstore.permissions import PermissionTokens, Permit
from coffer.domain.rawstore.uploads import AuthorizedPackage, SignedUpload
from coffer.http.errors import headers_of, status_of
from coffer.http.requests import Request, unique_members
from coffer.http.responses import JSON, Response

MAX_ANSWER_BYTES = 6 * 1024**2 - 4096
"""What Lambda returns at most, less what stands around a body there."""
MAX_LISTED_BYTES = MAX_ANSWER_BYTES // 2
MAX_LISTED_PATH = 1024

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_UNENCODED_URL = re.compile(r"(?:^|&)url=(https?://.*?)(?=&(?:ownerid|jwt)=|$)", re.DOTALL)


def permit_of(request: Request, tokens: PermissionTokens) -> Permit:
    """What the request's permission token says.

    The header `Auth-Token` counts, or else the parameter `jwt`; an empty header is none. A bad
    header is not made good by a parameter.
    """
    token = request.header("auth-token") or request.parameter("jwt")
    if not token:
        raise UnauthenticatedError(
            "token_required",
            "This needs a permission token, in the header Auth-Token or the parameter jwt.",
        )
    return Permit.parse(tokens.verify(token))


def is_mounted(request: Request, service: str) -> bool:
    """Whether the request is for this service, and on a path that is more than the greedy alias.

    A route key cannot end in a slash, so `POST /{service}/` arrives by `/{service}/{proxy+}`.
    """
    return request.variables.get("service") == service and not request.variables.get("proxy")


def read_document(request: Request) -> Any:
    """The body as JSON, whatever its content type says: browsers of the reference send text."""
    try:
        return json.loads(
            request.body, object_pairs_hook=unique_members, parse_constant=_refuse_constant
        )
    except json.JSONDecodeError as error:
        raise MalformedRequestError(
            "malformed_json",
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise MalformedRequestError(
            "malformed_json", "The body is not JSON in UTF-8, or nests too deeply."
        ) from error


def present_package(package: AuthorizedPackage, upload_url: str) -> Response:
    """The answer to `authorize`, or TooLargeError where it would not fit one.

    A dataset that came as `name` comes from a client of the first generation, whose documentation
    spells the answer's member `fileData`: then it is there twice.
    """
    members = ("filedata", "fileData") if package.package.named_by_name else ("filedata",)
    files = {upload.file.path: _present(upload, upload_url) for upload in package.uploads}
    body = _encode(dict.fromkeys(members, files))
    if _bytes_in_a_response(body) > MAX_ANSWER_BYTES:
        texts = (f"{_encode(path)}:{_encode(file)}," for path, file in files.items())
        around = _bytes_in_a_response(_encode({member: {} for member in members}))
        # In each member, the last file has no comma behind it.
        room = (MAX_ANSWER_BYTES - around) // len(members) + 1
        fitting = _count_fitting(texts, room)
        raise TooLargeError(
            "answer_too_large",
            f"The answer for {len(files)} files would be too large; {fitting} of them fit one "
            "request.",
        )
    return Response(headers={"Content-Type": JSON}, body=body)


def url_of(request: Request) -> str:
    """The parameter `url`; empty where it was not sent.

    The reference's client puts addresses into the query as they are: what looks like one there is
    taken as it stands, with every `&` and `+` in it.
    """
    unencoded = _UNENCODED_URL.search(request.raw_query)
    return unencoded[1] if unencoded else request.parameter("url") or ""


def present_link(url: str) -> Response:
    """The answer to `presign`."""
    return Response.of_json({"url": url}, media_type=JSON)


def present_prefixes(prefixes: Sequence[str]) -> Response:
    """The answer to `info`."""
    return Response.of_json({"prefixes": prefixes}, media_type=JSON)


def render_error(error: RequestError, _request: Request) -> Response:
    """BitStore's error body."""
    described: dict[str, Any] = {"message": str(error), "code": error.problems[0].code}
    if isinstance(error, BadFilesError):
        described["files"] = _listed(error.files)
    headers = headers_of(error)
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Auth-Token"
    return Response.of_json(
        {"error": described}, status=status_of(error), media_type=JSON, headers=headers
    )


def render_internal_error(request: Request) -> Response:
    """What a caller is told of a failure nobody expected: an id to ask about, and nothing else."""
    message = (
        f"Something failed that should not have. Please report the request {request.request_id}."
    )
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


def _count_fitting(texts: Iterable[str], most_bytes: int) -> int:
    """How many of `texts`, from the first on, fit into a function's response together.

    There the body is a JSON string: every quote takes two bytes, other scripts up to six a letter.
    """
    used = accumulate(len(encode_basestring_ascii(text)) - len('""') for text in texts)
    return sum(1 for so_far in used if so_far <= most_bytes)


def _bytes_in_a_response(document: str) -> int:
    """The same of a JSON document, in which no character is a control character; much faster."""
    if document.isascii():
        return len(document) + document.count('"') + document.count("\\")
    return len(encode_basestring_ascii(document)) - len('""')


def _listed(files: Mapping[str, str]) -> dict[str, str]:
    """As many of the files as surely fit an answer; what is too long for a path is cut short."""
    short = [(path[:MAX_LISTED_PATH], reason) for path, reason in files.items()]
    fitting = _count_fitting((path + reason for path, reason in short), MAX_LISTED_BYTES)
    return dict(short[:fitting])


def _refuse_constant(name: str) -> None:
    raise MalformedRequestError("malformed_json", f"The body has {name}, which JSON has not.")
