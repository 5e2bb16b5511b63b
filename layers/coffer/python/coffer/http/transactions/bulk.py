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
from coffer.domain.identifiers import is_identifier
from coffer.domain.transactions.bulk import MAX_ENTRIES
from coffer.http.documents import ResourceDocument, resource_of
from coffer.http.requests import Request
from coffer.http.responses import MAX_RESPONSE_BYTES, Response

Entry = TypeVar("Entry")
Record = TypeVar("Record")
Document = Mapping[str, Any]


def read_entries(
    request: Request, kind: str, read: Callable[[ResourceDocument], Entry]
) -> list[Entry]:
    """What each resource of the body says; raises what is wrong with any of them."""
    return _each(request, lambda data: read(resource_of({"data": data}, kind)))


def read_changes_of_many(
    request: Request, kind: str, read: Callable[[ResourceDocument], dict[str, Any]]
) -> list[tuple[str, dict[str, Any]]]:
    """The ids of the body's resources, and what changes of each."""

    def change(data: Any) -> tuple[str, dict[str, Any]]:
        if isinstance(data, dict):
            data.setdefault("attributes", {})
        document = resource_of({"data": data}, kind)
        return _identifier(data), read(document)

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


def check_response_size(
    present: Callable[[Record], Document],
) -> Callable[[Sequence[Record]], None]:
    """What checks, before anything is written, that the answer will not be too large."""

    def check(records: Sequence[Record]) -> None:
        _check_weight(sum(len(json.dumps(present(record))) + 1 for record in records))

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
