"""Parse requests for exports, and present exports and access keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from coffer.domain.clock import to_text
from coffer.domain.errors import InvalidError, Problem
from coffer.domain.export.create import ExportRequest
from coffer.domain.export.fields import EXPORT_FIELDS, EXPORT_REQUEST_FIELDS, TYPE
from coffer.domain.export.record import Export
from coffer.domain.export.transform_member import ExportFunction, parse_function
from coffer.http.documents import API_ROOT, read_resource, resource, resource_response
from coffer.http.fields import (
    FieldValueError,
    Parser,
    parse_new,
    parse_uuid,
    parse_uuids,
    present_record,
)
from coffer.http.requests import Request
from coffer.http.responses import Response

if TYPE_CHECKING:
    # The function that creates exports uses this module, too, and opens none.
    from coffer.domain.export.access_keys import IssuedKey

KEY_TYPE = "toa"


def parse_export_request(request: Request) -> ExportRequest:
    """Return the parsed request; raises a RequestError if the document is malformed."""
    document = read_resource(request, EXPORT_REQUEST_FIELDS.type)
    values = parse_new(document, EXPORT_REQUEST_FIELDS, _PARSERS)
    called = values.pop("function", None)
    function, problems = _function(*called) if called else (None, ())
    return ExportRequest(
        **{"file_identifiers": (), **values},
        function=function,
        function_problems=problems,
        malformed=values.problems,
        document=document.attributes,
    )


def present_request(export: Export, request: ExportRequest) -> dict[str, Any]:
    """Return the resource of a new export, with the attributes of the request as they were sent."""
    state = EXPORT_FIELDS.present(export)
    del state["name"]
    return resource(TYPE, export.identifier, {**request.document, **state})


def created_response(request: Request, export: Export, data: Mapping[str, Any]) -> Response:
    """Return 201 with the URL of the export."""
    return resource_response(request, data, version=export.revision, created=True)


def export_response(request: Request, export: Export) -> Response:
    """Return one export; its ETag changes with its progress."""
    return resource_response(request, present_export(export), version=export.revision)


def present_export(export: Export) -> dict[str, Any]:
    """Return the resource of an export, with its progress and the files that were left out."""
    return present_record(EXPORT_FIELDS, export)


def key_response(request: Request, access: IssuedKey) -> Response:
    """Return 201 with a new access key and the URL that it opens."""
    url = f"{request.base_url}{API_ROOT}/toa/{access.key}"
    attributes = {"url": url, "expiresOn": to_text(access.expires_on)}
    return Response.of_json(
        {"data": resource(KEY_TYPE, access.key, attributes), "links": {"self": url}},
        status=HTTPStatus.CREATED,
        headers={"Location": url, "Cache-Control": "no-store"},
    )


def _parse_layout(value: Any) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise FieldValueError("must be an object of lists of UUIDs")
    return {folder: parse_uuids(files) for folder, files in value.items() if files is not None}


def _parse_aliases(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(
        isinstance(one, str | None) for one in value.values()
    ):
        raise FieldValueError("must be an object of texts")
    return {parse_uuid(file): alias for file, alias in value.items() if alias is not None}


def _parse_function(value: Any) -> tuple[str, Mapping[str, str]]:
    params = value.get("params", {}) if isinstance(value, dict) else None
    if (
        not isinstance(params, dict)
        or set(value) - {"functionDef", "params"}
        or not isinstance(value.get("functionDef"), str)
        or not all(type(one) in (str, int, float) for one in params.values())
    ):
        raise FieldValueError('must be {"functionDef": text, "params": object of texts or numbers}')
    # The reference converts numbers to text.
    return value["functionDef"], {name: str(one) for name, one in params.items()}


def _function(
    name: str, params: Mapping[str, str]
) -> tuple[ExportFunction | None, Sequence[Problem]]:
    """Return the function, or its problems, to report them with those of the files."""
    try:
        return parse_function(name, params), ()
    except InvalidError as error:
        return None, error.problems


_PARSERS: Mapping[str, Parser] = {
    "filenameAliases": _parse_aliases,
    "exportLayout": _parse_layout,
    "exportFunction": _parse_function,
}
