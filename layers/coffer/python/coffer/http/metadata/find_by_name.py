"""Parse a query for metadata by name, and present the results."""

from __future__ import annotations

from collections.abc import Iterable

from coffer.domain.buckets import parse_bucket
from coffer.domain.errors import MalformedRequestError
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.metadata.find_by_name import NamedRecord, NameQuery
from coffer.http.documents import resource
from coffer.http.requests import Request, parse_whole_number
from coffer.http.responses import Response

MAX_NAMES = 100
MAX_LIMIT, DEFAULT_LIMIT = 1000, 20
_TYPE = METADATA_FIELDS.type
_FILTERS = ("type", "name", "group")


def parse_name_query(request: Request) -> NameQuery:
    """Return the query; raise `MalformedRequestError` with the parameter that is wrong."""
    filters = dict(_filters(request))
    if len(filters) < 2 or not filters.get("group"):
        raise MalformedRequestError(
            "malformed_parameter",
            "This needs filter[group][EQ], and filter[type][EQ] or filter[name][EQ] with it.",
            parameter="filter[group][EQ]",
        )
    type_ = filters.get("type", _TYPE)
    if type_ != _TYPE:
        raise MalformedRequestError(
            "malformed_parameter",
            f"Records of the type {type_[:60]!r} have no names; the type must be {_TYPE!r}.",
            parameter="filter[type][EQ]",
        )
    names = tuple(name for name in filters.get("name", "").split(",") if name)
    if len(names) > MAX_NAMES:
        raise MalformedRequestError(
            "malformed_parameter",
            f"The filter has {len(names)} names; at most {MAX_NAMES} are allowed.",
            parameter="filter[name][EQ]",
        )
    group = parse_bucket(filters["group"], parameter="filter[group][EQ]")
    text = request.parameter("page[limit]")
    limit = text if text is not None else str(DEFAULT_LIMIT)
    return NameQuery(
        group=group, names=names, limit=parse_whole_number("page[limit]", limit, 1, MAX_LIMIT)
    )


def names_response(records: Iterable[NamedRecord]) -> Response:
    """Return the response with the id and the name of each record."""
    data = [resource(_TYPE, record.identifier, {"name": record.name}) for record in records]
    return Response.of_json({"data": data})


def _filters(request: Request) -> Iterable[tuple[str, str]]:
    """Yield the name and value of each filter."""
    for parameter, value in request.query:
        if not parameter.startswith("filter"):
            continue
        name = parameter.removeprefix("filter[").removesuffix("[EQ]").removesuffix("]")
        if name not in _FILTERS or parameter not in (f"filter[{name}]", f"filter[{name}][EQ]"):
            raise MalformedRequestError(
                "unknown_attribute",
                f"The filters are {', '.join(f'filter[{one}][EQ]' for one in _FILTERS)}.",
                parameter=parameter[:100],
            )
        yield name, value
