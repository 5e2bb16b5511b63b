"""Parse documents with many resources, and build the responses to them.

Parameters of the media type, such as `ext=bulk`, are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from coffer import __version__
from coffer.domain.errors import MalformedRequestError, RequestError, TooLargeError, combine_errors
from coffer.domain.fields import GivenValues, RecordFields
from coffer.domain.identifiers import is_identifier
from coffer.domain.transactions.bulk import MAX_ENTRIES
from coffer.http.documents import ResourceDocument, parse_resource
from coffer.http.fields import parse_changes, parse_new, present_record
from coffer.http.requests import Request
from coffer.http.responses import Response, encode, payload_bytes, require_fitting

Entry = TypeVar("Entry")


def parse_new_records(request: Request, fields: RecordFields) -> list[GivenValues | RequestError]:
    """Return the values of each new record, or the error of a resource that is malformed."""
    chosen: set[str] = set()

    def parse(data: Any) -> GivenValues:
        values = parse_new(parse_resource({"data": data}, fields.type), fields)
        if values.identifier is None or values.identifier not in chosen:
            chosen.update([values.identifier] if values.identifier else [])
            return values
        return GivenValues(values, values.problems)  # an earlier entry has its identifier

    return _parse_entries(request, parse)


def parse_bulk_changes(
    request: Request, fields: RecordFields
) -> list[tuple[str, GivenValues] | RequestError]:
    """Return the id and the changed values of each record, or the error of its resource."""

    def parse(data: Any) -> tuple[str, GivenValues]:
        document = parse_resource({"data": data}, fields.type, needs_attributes=False)
        return _identifier(document), parse_changes(document, fields)

    return _parse_entries(request, parse)


def parse_identifiers(request: Request, resource_type: str) -> list[str]:
    """Return the ids of the resources, each once; raise all errors together."""

    def parse(data: Any) -> str:
        return _identifier(parse_resource({"data": data}, resource_type, needs_attributes=False))

    identifiers: list[str] = []
    errors: list[RequestError] = []
    for number, entry in enumerate(_parse_entries(request, parse)):
        if isinstance(entry, RequestError):
            errors.append(entry.at_entry(number))
        else:
            identifiers.append(entry)
    if errors:
        raise combine_errors(errors)
    return list(dict.fromkeys(identifiers))


def bulk_response(
    resources: Sequence[Mapping[str, Any]], included: Sequence[Mapping[str, Any]] | None
) -> Response:
    """Return the response with these resources: 200, even if they were created.

    object-store-api 1.31 responds with 200, too.
    """
    document: dict[str, Any] = {"data": list(resources)}
    if included is not None:
        document["included"] = list(included)
    document["meta"] = {"moduleVersion": __version__}
    response = Response.of_json(document)
    require_fitting(payload_bytes(str(response.body)), pointer="/data")
    return response


def records_response(request: Request, fields: RecordFields, records: Sequence[object]) -> Response:
    """Return the response with these records."""
    return bulk_response([present_record(fields, one, request.base_url) for one in records], None)


def check_response_size(
    request: Request, fields: RecordFields
) -> Callable[[Sequence[object]], None]:
    """Return a function that raises `TooLargeError` if the response with records is too large."""

    def check(records: Sequence[object]) -> None:
        presented = (present_record(fields, one, request.base_url) for one in records)
        sizes = (payload_bytes(encode(one)) + 1 for one in presented)
        require_fitting(sum(sizes), pointer="/data")

    return check


def _parse_entries(request: Request, parse: Callable[[Any], Entry]) -> list[Entry | RequestError]:
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
            f"The request has {len(entries)} entries; at most {MAX_ENTRIES} are allowed.",
            pointer="/data",
        )
    parsed: list[Entry | RequestError] = []
    for data in entries:
        try:
            parsed.append(parse(data))
        except RequestError as error:
            parsed.append(error)
    return parsed


def _identifier(document: ResourceDocument) -> str:
    if not is_identifier(document.identifier):
        raise MalformedRequestError(
            "malformed_identifier",
            f"{str(document.identifier)[:80]!r} is not a UUID.",
            pointer="/data/id",
        )
    return str(document.identifier).lower()
