"""Parse the fields of records in request documents, and present records as JSON:API resources.

The attribute tables (`coffer.domain.fields`) say which fields a record has. Use cases raise the
problems of values that cannot be parsed together with those that they find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

from coffer.domain.clock import from_text
from coffer.domain.errors import (
    ForbiddenError,
    MalformedRequestError,
    NotFoundError,
    Problem,
    RequestError,
)
from coffer.domain.fields import (
    ATTRIBUTES,
    RELATIONSHIPS,
    Field,
    FieldType,
    GivenValues,
    RecordFields,
    Relationship,
    has_markup,
)
from coffer.domain.identifiers import is_identifier
from coffer.domain.media_types import DcType
from coffer.domain.vocabulary.terms import Description
from coffer.http.documents import (
    ResourceDocument,
    pointer_to,
    read_changes,
    read_resource,
    relationship_links,
    resource,
    resource_response,
    resource_url,
)
from coffer.http.requests import Request
from coffer.http.responses import Response

# The schemes of java.net.URL, which the reference uses, that name a host. A page may link to these
# URLs, so a scheme that runs code, such as `javascript:`, must not be among them.
_URL_SCHEMES = frozenset({"http", "https", "ftp"})

Values = dict[str, Any]
"""Values by the attributes of the record."""
Parser = Callable[[Any], Any]


class VersionedRecord(Protocol):
    """A record whose version is its ETag."""

    @property
    def version(self) -> int:
        """Number of the version."""
        ...


class FieldValueError(ValueError):
    """A value is not of the type of its field. The message continues the name of the field."""


def parse_new_record(
    request: Request, fields: RecordFields, parsers: Mapping[str, Parser] | None = None
) -> GivenValues:
    """Return the values that the request body gives a new record."""
    given = parse_new(read_resource(request, fields.type), fields, parsers)
    return _with_query_problems(request, given)


def parse_record_changes(request: Request, fields: RecordFields, identifier: str) -> GivenValues:
    """Return the values that the request body changes in the record `identifier`."""
    given = parse_changes(read_changes(request, fields.type, identifier), fields)
    return _with_query_problems(request, given)


def _with_query_problems(request: Request, given: GivenValues) -> GivenValues:
    """Return the values with the problems of the request's query, which use cases raise."""
    problems = (*request.query_problems, *given.problems)
    return GivenValues(given, problems, given.identifier)


def parse_new(
    document: ResourceDocument,
    fields: RecordFields,
    parsers: Mapping[str, Parser] | None = None,
) -> GivenValues:
    """Return the values that a document gives a new record. Null is the same as no value.

    `parsers` are those of fields of the type OBJECT, by name.
    """
    return _parse(document, fields, parsers or {}, is_change=False)


def parse_changes(document: ResourceDocument, fields: RecordFields) -> GivenValues:
    """Return the values that a document changes; None clears a value."""
    return _parse(document, fields, {}, is_change=True)


def present_record(fields: RecordFields, record: object, base_url: str = "") -> dict[str, Any]:
    """Return the JSON:API resource of a record, with its relationships to other services.

    The links of relationships are relative without `base_url`.
    """
    identifier = getattr(record, fields.identifier)
    url = resource_url(base_url, fields.type, identifier)
    return resource(
        fields.type,
        identifier,
        fields.present(record),
        relationships={
            one.name: {"data": data, "links": relationship_links(url, one)}
            for one in fields.relationships
            if one.is_external and (data := linkage_of(one, record)) is not None
        },
    )


def find_relationship(request: Request, fields: RecordFields) -> Relationship:
    """Return the relationship that the path names; raise NotFoundError if there is none."""
    name = request.variables.get("relation", "")
    relationship = fields.relationship.get(name)
    if relationship is None:
        known = ", ".join(fields.relationship)
        raise NotFoundError(
            "relationship_not_found",
            f"{fields.type} has no relationship {name[:60]!r}; it has {known}.",
            parameter="relation",
        )
    return relationship


def parse_relationship_change(request: Request, fields: RecordFields) -> GivenValues:
    """Return the change of the relationship that the path names to the `data` of the body."""
    relationship = find_relationship(request, fields)
    name = relationship.name
    if not relationship.writable:
        raise ForbiddenError(
            "relationship_is_read_only",
            f"{name} of {fields.type} cannot be changed: each {relationship.target} names the "
            f"{fields.type} that it belongs to.",
        )
    document = request.json()
    if not isinstance(document, dict) or "data" not in document:
        raise MalformedRequestError(
            "malformed_document",
            "A JSON:API document with the member 'data' is needed here.",
            pointer="/data",
        )
    try:
        identifier = parse_linkage(relationship, document["data"])
    except FieldValueError as error:
        raise MalformedRequestError(
            "malformed_relationship", str(error), pointer="/data"
        ) from error
    return _with_query_problems(request, GivenValues({relationship.attribute: identifier}))


def changed_relationship_response(record: VersionedRecord) -> Response:
    """Return the response to a change of a relationship: 204 (JSON:API 1.1, 9.4.1)."""
    return Response(status=HTTPStatus.NO_CONTENT, headers={"ETag": f'"{record.version}"'})


@contextmanager
def relationship_as_data() -> Iterator[None]:
    """Make the errors of a relationship point to `/data`, where its own document has it."""
    try:
        yield
    except RequestError as error:
        error.problems = tuple(
            replace(one, pointer="/data") if one.pointer else one for one in error.problems
        )
        raise


def linkage_of(relationship: Relationship, record: object) -> dict[str, str] | None:
    """Return type and id of the resource at the other end of a relationship to one, or None."""
    identifier = getattr(record, relationship.attribute)
    return None if identifier is None else {"type": relationship.target, "id": identifier}


def written_response(
    request: Request, fields: RecordFields, record: VersionedRecord, *, created: bool = False
) -> Response:
    """Return the response with a record that was created or changed."""
    data = present_record(fields, record, request.base_url)
    return resource_response(request, data, version=record.version, created=created)


def _parse(
    document: ResourceDocument,
    fields: RecordFields,
    parsers: Mapping[str, Parser],
    *,
    is_change: bool,
) -> GivenValues:
    problems: list[Problem] = []
    values: Values = {}
    for name, given in document.attributes.items():
        field = fields.by_name.get(name)
        if name in fields.set_by_server or (field and field.create_only and is_change):
            continue
        pointer = pointer_to(ATTRIBUTES, name)
        if field is None:
            detail = f"{fields.type} has no attribute {name[:60]!r}."
            problems.append(Problem("unknown_attribute", detail, pointer=pointer))
        elif given is not None:
            try:
                parse = parsers.get(name)
                values[field.attribute] = parse(given) if parse else parse_value(field, given)
            except FieldValueError as error:
                detail = f"{name}: {error}."
                problems.append(Problem("malformed_attribute", detail, pointer=pointer))
        elif is_change:
            values[field.attribute] = None
    if not fields.ignores_relationships:
        values |= _parse_relationships(document, fields, problems, is_change=is_change)
    chosen = document.identifier
    return GivenValues(values, problems, chosen.lower() if is_identifier(chosen) else None)


def _parse_relationships(
    document: ResourceDocument, fields: RecordFields, problems: list[Problem], *, is_change: bool
) -> Values:
    """Return the ids that the relationships of a document name; add to `problems`."""
    values: Values = {}
    for name, given in document.relationships.items():
        relationship = fields.relationship.get(name)
        pointer = pointer_to(RELATIONSHIPS, name)
        if relationship is None:
            detail = f"Unknown relationship [{name[:60]}]"
            problems.append(Problem("unknown_relationship", detail, pointer=pointer))
            continue
        if not relationship.writable:
            continue
        data = given.get("data") if isinstance(given, dict) else {}
        if data is None and not (is_change and "data" in given):
            continue
        try:
            values[relationship.attribute] = parse_linkage(relationship, data)
        except FieldValueError as error:
            problems.append(Problem("malformed_relationship", str(error), pointer=pointer))
    return values


def parse_linkage(relationship: Relationship, data: Any) -> str | None:
    """Return the id that the `data` of a relationship to one resource names; None for none."""
    if data is None:
        return None
    target = relationship.target
    if isinstance(data, dict) and data.get("type") == target and is_identifier(data.get("id")):
        return str(data["id"]).lower()
    shown = f'{{"data": {{"type": "{target}", "id": <uuid>}}}}'
    raise FieldValueError(f"{relationship.name} takes {shown}.")


def parse_value(field: Field, value: Any) -> Any:
    """Return the value that a field has in its record; raise `FieldValueError` for other types."""
    if field.type is FieldType.CHOICE:
        return _parse_choice(field, value)
    return _PARSERS[field.type](value)


def parse_text(value: Any) -> str | None:
    """Return the text without surrounding space; None if it is blank."""
    if not isinstance(value, str):
        raise FieldValueError("must be text")
    if has_markup(value):
        raise FieldValueError("holds markup: Unaccepted value detected in attributes")
    return value.strip() or None


def parse_uuid(value: Any) -> str:
    """Return the UUID in lower case."""
    if not is_identifier(value):
        raise FieldValueError("must be a UUID")
    return str(value).lower()


def parse_uuids(value: Any) -> tuple[str, ...]:
    """Return the UUIDs of a list in lower case."""
    if not isinstance(value, list):
        raise FieldValueError("must be a list of UUIDs")
    for number, item in enumerate(value):
        if not is_identifier(item):
            raise FieldValueError(f"must be a list of UUIDs, but item {number} is not a UUID")
    return tuple(item.lower() for item in value)


def _parse_url(value: Any) -> str | None:
    text = parse_text(value)
    if text is None:
        return None
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise FieldValueError("must be an absolute URL") from error
    if parts.scheme not in _URL_SCHEMES or not parts.netloc:
        raise FieldValueError("must be an absolute URL")
    return text


def _parse_time(value: Any) -> datetime:
    try:
        return from_text(str(value))
    except (ValueError, OverflowError) as error:
        raise FieldValueError("must be an ISO 8601 date and time with its offset") from error


def _parse_integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise FieldValueError("must be a whole number")
    return value


def _parse_boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise FieldValueError("must be true or false")
    return value


def _parse_choice(field: Field, value: Any) -> Any:
    choices = field.choices
    if choices is DcType:
        kind = DcType.parse(value) if isinstance(value, str) else None
        if kind is None:
            raise FieldValueError(f"{str(value)[:60]!r} is not a valid dc type")
        return kind
    if not isinstance(value, str) or value not in field.words:
        raise FieldValueError(f"must be one of {', '.join(field.words)}")
    return value if choices is None or isinstance(choices, tuple) else choices(value)


def _parse_texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise FieldValueError("must be a list of texts")
    return tuple(text for text in map(parse_text, value) if text)


def _parse_text_map(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise FieldValueError("must be an object of texts")
    return {key.strip(): item.strip() for key, item in value.items()}


def _parse_descriptions(value: Any) -> tuple[Description, ...]:
    given = value.get("descriptions") if isinstance(value, dict) else None
    if not isinstance(given, list) or not all(map(_is_description, given)):
        raise FieldValueError('must be {"descriptions": [{"lang": …, "desc": …}]}')
    return tuple(
        Description(parse_text(one["lang"]) or "", parse_text(one["desc"]) or "") for one in given
    )


def _is_description(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"lang", "desc"}


_PARSERS: Mapping[FieldType, Parser] = {
    FieldType.TEXT: parse_text,
    FieldType.BUCKET: parse_text,
    FieldType.URL: _parse_url,
    FieldType.IDENTIFIER: parse_uuid,
    FieldType.TIME: _parse_time,
    FieldType.INTEGER: _parse_integer,
    FieldType.BOOLEAN: _parse_boolean,
    FieldType.TEXTS: _parse_texts,
    FieldType.IDENTIFIERS: parse_uuids,
    FieldType.TEXT_MAP: _parse_text_map,
    FieldType.DESCRIPTIONS: _parse_descriptions,
}
