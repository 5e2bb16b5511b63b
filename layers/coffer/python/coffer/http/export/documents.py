"""Exports at the edge: the request, the record, lists of one's own, and what a key opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from coffer.domain.clock import to_text
from coffer.domain.downloads.ports import ObjectDownloads
from coffer.domain.errors import (
    InvalidError,
    MalformedRequestError,
    NotFoundError,
    ObjectMissingError,
    Problem,
)
from coffer.domain.export.access_keys import OpenedArchive
from coffer.domain.export.create import ExportRequest
from coffer.domain.export.record import AccessKey, Export
from coffer.domain.export.transform_member import ExportFunction, parse_function
from coffer.domain.identifiers import is_identifier
from coffer.http.documents import API_ROOT, read_resource, resource, resource_response
from coffer.http.downloads.responses import MAX_BODY_BYTES, file_name_parameters
from coffer.http.field_types import ShapeError, identifier, plain_text, read_attributes
from coffer.http.requests import Request
from coffer.http.responses import Response

TYPE = "object-export"
KEY_TYPE = "toa"
DEFAULT_LIMIT, MAX_LIMIT = 20, 1000
LINK_LIFE = timedelta(minutes=5)
_ZIP = "application/zip"

PROBLEMS: Mapping[str, str] = {
    "file_missing": "It was not there any more when the archive was built.",
    "file_changed": "Its bytes are not those that its record is about.",
    "not_an_image": "Its bytes are not of the type they look like.",
    "image_damaged": "The image cannot be decoded.",
    "image_too_large": "The image, or what would be made of it, is too large.",
    "kind_unsupported": "The image is of a kind that is not decoded.",
    "memory_exhausted": "Decoding the image takes more memory than there is.",
    "decoder_timed_out": "Decoding the image takes too long.",
    "decoder_crashed": "The decoder crashed on the image.",
}
"""What a file's problem means, by its code."""


def read_export_request(request: Request) -> ExportRequest:
    """What is to be exported; raises a RequestError with every problem of shape."""
    attributes = read_resource(request, TYPE).attributes
    problems: list[Problem] = []
    values = read_attributes(TYPE, attributes, _SHAPES, problems)
    if problems:
        raise MalformedRequestError.of(problems)
    wanted = values.pop("function", None)
    function, wrong = _function(*wanted) if wanted else (None, ())
    return ExportRequest(
        **{"file_identifiers": (), **values},
        function=function,
        function_problems=wrong,
        document=attributes,
    )


def present_request(export: Export, request: ExportRequest) -> dict[str, Any]:
    """The request as it was sent, with what has become of it."""
    return resource(TYPE, export.identifier, {**request.document, **_state(export)})


def created_response(request: Request, export: Export, data: Mapping[str, Any]) -> Response:
    """201 with where the export can be followed."""
    return resource_response(request, data, version=export.revision, created=True)


def export_response(request: Request, export: Export) -> Response:
    """One export; its ETag changes with its progress."""
    return resource_response(request, present_export(export), version=export.revision)


def present_export(export: Export) -> dict[str, Any]:
    """An export and how far it is, with the files that were left out."""
    return resource(TYPE, export.identifier, {"name": export.name, **_state(export)})


def exports_response(
    request: Request, exports: Sequence[Export], limit: int, total: int
) -> Response:
    """A page of exports; `links.next` where there may be more."""
    url = f"{request.base_url}{API_ROOT}/{TYPE}"
    links = {"self": f"{url}?{request.raw_query}" if request.raw_query else url}
    if len(exports) > limit:
        last = exports[limit - 1].identifier
        links["next"] = f"{url}?page[limit]={limit}&page[cursor]={last}"
    return Response.of_json(
        {
            "data": [present_export(export) for export in exports[:limit]],
            "links": links,
            "meta": {"totalResourceCount": total},
        }
    )


def read_page(request: Request) -> tuple[int, str | None]:
    """How many are wanted, and behind which one; MalformedRequestError naming the parameter."""
    given = request.parameter("page[limit]") or str(DEFAULT_LIMIT)
    plain = given.isascii() and given.isdigit() and len(given) <= len(str(MAX_LIMIT))
    if not plain or not 1 <= int(given) <= MAX_LIMIT:
        raise MalformedRequestError(
            "malformed_parameter",
            f"page[limit] is a whole number from 1 to {MAX_LIMIT}.",
            parameter="page[limit]",
        )
    cursor = request.parameter("page[cursor]")
    if cursor is not None and not is_identifier(cursor):
        raise MalformedRequestError(
            "malformed_parameter",
            "page[cursor] is taken from links.next and nowhere else.",
            parameter="page[cursor]",
        )
    return int(given), cursor.lower() if cursor else None


def key_response(request: Request, access: AccessKey) -> Response:
    """A fresh key, and where it opens its archive."""
    url = f"{request.base_url}{API_ROOT}/toa/{access.key}"
    attributes = {"url": url, "expiresOn": to_text(access.expires_on)}
    return Response.of_json(
        {"data": resource(KEY_TYPE, access.key, attributes), "links": {"self": url}},
        status=HTTPStatus.CREATED,
        headers={"Location": url, "Cache-Control": "no-store"},
    )


def archive_response(opened: OpenedArchive, store: ObjectDownloads) -> Response:
    """The archive itself, or a redirect to a link that gives it."""
    disposition = _disposition(opened)
    try:
        if opened.size_bytes <= MAX_BODY_BYTES:
            body = store.read(opened.key, 0, opened.size_bytes)
            return Response(headers=_headers(opened), body=body)
    except ObjectMissingError as error:
        raise NotFoundError(
            "access_key_not_found", "This key opens nothing, or nothing any more."
        ) from error
    link = store.presigned_url(opened.key, media_type=_ZIP, disposition=disposition, life=LINK_LIFE)
    return Response(
        status=HTTPStatus.TEMPORARY_REDIRECT,
        headers={
            "Location": link,
            "Content-Type": "text/plain; charset=utf-8",
            "Cache-Control": "no-store",
        },
        body=(
            f"The archive has {opened.size_bytes} bytes and is handed out by a redirect: follow "
            "the Location header within five minutes (with curl: curl -L).\n"
        ),
    )


def describe_archive(opened: OpenedArchive) -> Response:
    """What GET would give, without the body and without a redirect."""
    size = str(opened.size_bytes)
    return Response(headers={**_headers(opened), "Content-Length": size, "X-Content-Length": size})


def _headers(opened: OpenedArchive) -> dict[str, str]:
    return {
        "Content-Type": _ZIP,
        "Content-Disposition": _disposition(opened),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


def _disposition(opened: OpenedArchive) -> str:
    return f"attachment; {file_name_parameters(opened.filename)}"


def _state(export: Export) -> dict[str, Any]:
    return {
        "status": export.status.value,
        "createdBy": export.created_by,
        "createdOn": to_text(export.created_on),
        "progress": {
            "files": export.entries_done,
            "filesTotal": export.entries,
            "bytes": export.bytes_done,
            "bytesTotal": export.bytes_total,
        },
        "problems": [
            {"fileIdentifier": file, "code": code, "detail": PROBLEMS.get(code, code)}
            for code, files in export.problems.items()
            for file in files
        ],
        "failure": export.failure,
        "archiveSizeInBytes": export.archive_bytes,
        "finishedOn": to_text(export.finished_on) if export.finished_on else None,
        "availableUntil": to_text(export.available_until) if export.available_until else None,
    }


def _identifiers(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ShapeError("must be a list of UUIDs")
    for place, one in enumerate(value):
        if not is_identifier(one):
            raise ShapeError(f"must be a list of UUIDs, which its number {place} is none of")
    return tuple(one.lower() for one in value)


def _layout(value: Any) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise ShapeError("must be an object of lists of UUIDs")
    return {folder: _identifiers(files) for folder, files in value.items()}


def _aliases(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise ShapeError("must be an object of texts")
    return {identifier(file): alias for file, alias in value.items()}


def _function_shape(value: Any) -> tuple[str, Mapping[str, str]]:
    params = value.get("params", {}) if isinstance(value, dict) else None
    if (
        not isinstance(params, dict)
        or set(value) - {"functionDef", "params"}
        or not isinstance(value.get("functionDef"), str)
        or not all(type(one) in (str, int, float) for one in params.values())
    ):
        raise ShapeError('must be {"functionDef": text, "params": object of texts or numbers}')
    # The reference takes a number for the text that it would be.
    return value["functionDef"], {name: str(one) for name, one in params.items()}


def _function(
    name: str, params: Mapping[str, str]
) -> tuple[ExportFunction | None, Sequence[Problem]]:
    """The function, or what is wrong with it, to be told together with all else that is."""
    try:
        return parse_function(name, params), ()
    except InvalidError as error:
        return None, error.problems


_SHAPES = (
    ("name", "name", plain_text),
    ("fileIdentifiers", "file_identifiers", _identifiers),
    ("filenameAliases", "aliases", _aliases),
    ("exportLayout", "layout", _layout),
    ("exportFunction", "function", _function_shape),
)
