"""Bulk at the edge: documents with many resources, in and out.

`application/vnd.api+json; ext=bulk` is taken as any other parameter of the media type is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from coffer import __version__
from coffer.domain.errors import (
    MalformedRequestError,
    RequestError,
    TooLargeError,
    combine_errors,
)
from coffer.domain.fields import RecordFields
from coffer.domain.identifiers import is_identifier
from coffer.domain.transactions.bulk import MAX_ENTRIES
from coffer.http.documents import resource_of
from coffer.http.fields import Values, parse_changes, parse_new, present_record
from coffer.http.requests import Request
from coffer.http.responses import MAX_RESPONSE_BYTES, Response

Entry = TypeVar("Entry")
Document = Mapping[str, Any]


def read_entries(request: Request, fields: RecordFields) -> list[Values]:
    """Return the values of each new record; raise the errors of all entries together."""
    return _each(request, lambda data: parse_new(resource_of({"data": data}, fields.type), fields))


def read_changes_of_many(request: Request, fields: RecordFields) -> list[tuple[str, Values]]:
    """Return the id and the changed values of each record."""

    def change(data: Any) -> tuple[str, Values]:
        if isinstance(data, dict):
            data.setdefault("attributes", {})
        document = resource_of({"data": data}, fields.type)
        return _identifier(data), parse_changes(document, fields)

    return _each(request, change)


def read_identifiers(request: Request, kind: str) -> list[str]:
    """The ids of the resources that the body names, each once."""

    def name(data: Any) -> str:
        if isinstance(data, dict):
            data.setdefault("attributes", {})
        resource_of({"data": data}, kind)
        return _identifier(data)

    return list(dict.fromkeys(_each(request, name)))


def bulk_response(resources: Sequence[Document], included: Sequence[Document] | None) -> Response:
    """All resources, with 200: also those that have just been made (reference, 1.0)."""
    document: dict[str, Any] = {"data": list(resources)}
    if included is not None:
        document["included"] = list(included)
    document["meta"] = {"moduleVersion": __version__}
    answer = Response.of_json(document, status=HTTPStatus.OK)
    _check_weight(len(str(answer.body).encode()))
    return answer


def records_response(fields: RecordFields, records: Sequence[object]) -> Response:
    """Return the response with these records."""
    return bulk_response([present_record(fields, one) for one in records], None)


def check_response_size(fields: RecordFields) -> Callable[[Sequence[object]], None]:
    """Return a function that raises `TooLargeError` if a response would be too large."""

    def check(records: Sequence[object]) -> None:
        _check_weight(sum(len(json.dumps(present_record(fields, one))) + 1 for one in records))

    return check


def _check_weight(size: int) -> None:
    if size > MAX_RESPONSE_BYTES:
        raise TooLargeError(
            "answer_too_large", "The answer would pass 6 MB: send fewer entries.", pointer="/data"
        )


def _each(request: Request, read: Callable[[Any], Entry]) -> list[Entry]:
    document = request.json()
    entries = document.get("data") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise MalformedRequestError(
            "malformed_document",
            "A JSON:API document with a list of resources in 'data' is needed here.",
            pointer="/data",
        )
    if len(entries) > MAX_ENTRIES:
        raise TooLargeError(
            "too_many_entries",
            f"One request takes {MAX_ENTRIES} entries, not {len(entries)}.",
            pointer="/data",
        )
    values: list[Entry] = []
    errors: list[RequestError] = []
    for number, data in enumerate(entries):
        try:
            values.append(read(data))
        except RequestError as error:
            errors.append(error.at_entry(number))
    if errors:
        raise combine_errors(errors)
    return values


def _identifier(data: Any) -> str:
    given = data.get("id")
    if not is_identifier(given):
        raise MalformedRequestError(
            "malformed_identifier", f"{str(given)[:80]!r} is not a UUID.", pointer="/data/id"
        )
    return str(given).lower()
