"""Schemas of the fields in the attribute tables, in responses and in request bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from coffer.domain.buckets import BUCKET_PATTERN
from coffer.domain.derivatives.record import DerivativeType
from coffer.domain.export.record import ExportStatus
from coffer.domain.fields import HEADER_PATTERN, NO_MARKUP_PATTERN, Field, FieldType, RecordFields
from coffer.domain.media_types import DcType
from coffer.domain.permissions.rights import Permission
from coffer.domain.uploads.record import HashStatus, ThumbnailStatus
from coffer.domain.vocabulary.rules import LANGUAGE
from coffer.domain.vocabulary.terms import ElementType
from coffer.http.openapi import schemas as s

_ENUMERATIONS: Mapping[type[StrEnum], str] = {
    DcType: "Kind of a file or resource.",
    DerivativeType: "Purpose of a derivative.",
    ElementType: "Type of the values of a managed attribute.",
    ExportStatus: "State of an export.",
    Permission: "What a caller may do.",
    HashStatus: "State of the SHA-1 of a file.",
    ThumbnailStatus: "State of a thumbnail.",
}
ENUMERATIONS: s.Properties = {
    one.__name__: s.string(description, enum=[str(value) for value in one])
    for one, description in _ENUMERATIONS.items()
}
"""Schemas that `choice` refers to."""


def response_properties(fields: Iterable[Field], *, limits: bool = False) -> s.Properties:
    """Return the schemas of fields in responses; with `limits`, also how long texts can be."""
    return {field.name: _response_schema(field, limits=limits) for field in fields}


def request_properties(fields: Iterable[Field]) -> s.Properties:
    """Return the schemas of fields in request bodies."""
    return {field.name: _request_schema(field) for field in fields}


def request_attributes(
    fields: RecordFields, description: str, *, changes: bool, **rules: Any
) -> s.Schema:
    """Return the schema of the attributes in a request that creates or changes a record."""
    accepted = [one for one in fields.writable if not (changes and one.create_only)]
    fixed = {one.name for one in fields.writable if changes and one.create_only}
    ignored = {name: s.anything("Ignored.") for name in sorted(fields.set_by_server | fixed)}
    required = [] if changes else [one.name for one in accepted if one.required]
    properties = {**request_properties(accepted), **ignored}
    return s.structure(description, properties, required=required, closed=True, **rules)


def _response_schema(field: Field, *, limits: bool) -> s.Schema:
    pattern = BUCKET_PATTERN if field.type is FieldType.BUCKET else field.pattern
    choices = field.shown_choices or field.words
    schema = _schema(field, field.doc, pattern, tuple(map(str, choices)), limits=limits)
    return s.nullable(schema) if field.nullable and not field.omit_empty else schema


def _request_schema(field: Field) -> s.Schema:
    default = HEADER_PATTERN if field.is_header else NO_MARKUP_PATTERN
    if field.type is FieldType.BUCKET:
        default = BUCKET_PATTERN
    description, pattern = field.request_doc or field.doc, field.request_pattern or default
    schema = _schema(field, description, pattern, field.words, limits=True)
    return schema if field.required else s.nullable(schema)


def _schema(
    field: Field, description: str, pattern: str, choices: tuple[str, ...], *, limits: bool
) -> s.Schema:
    """Return the schema of a field's type. `pattern` is of the text, or of each text in a list."""
    text = _present(pattern=pattern, examples=list(field.examples))
    count = {}
    if limits:
        text |= _present(minLength=field.min_length or None, maxLength=field.max_length)
        name = "maxProperties" if field.type is FieldType.TEXT_MAP else "maxItems"
        count = _present(**{name: field.max_items})
    # fmt: off
    match field.type:
        case FieldType.TEXT | FieldType.BUCKET:
            return s.string(description, **text)
        case FieldType.URL:
            return s.uri(description, **text)
        case FieldType.IDENTIFIER:
            return s.uuid(description)
        case FieldType.TIME:
            return s.timestamp(description)
        case FieldType.BOOLEAN:
            return s.boolean(description)
        case FieldType.CHOICE:
            all_choices = None if field.shown_choices else field.choices
            return s.choice(description, all_choices or choices)
        case FieldType.INTEGER:
            return s.integer(description, **_present(minimum=field.minimum, maximum=field.maximum))
        case FieldType.TEXTS:
            return s.array(description, s.string(field.item_doc, **text), **count)
        case FieldType.IDENTIFIERS:
            return s.array(description, s.uuid(field.item_doc), minItems=1)
        case FieldType.TEXT_MAP:
            value = s.string(field.item_doc, **_present(examples=list(field.examples)))
            return s.mapping(description, value, **count)
        case FieldType.OBJECT:
            return s.structure(description, response_properties(field.members))
        case FieldType.OBJECTS:
            item = s.structure(field.item_doc, response_properties(field.members))
            return s.array(description, item)
        case FieldType.DESCRIPTIONS:
            return s.structure(description, {"descriptions": s.array(
                "One description for each language.",
                s.structure(field.item_doc, {
                    "lang": s.string("Language (ISO 639).", pattern=f"^{LANGUAGE.pattern}$"),
                    "desc": s.string("Meaning of the attribute.", **text),
                }, closed=True),
                minItems=1, **count)})
    # fmt: on


def _present(**rules: Any) -> dict[str, Any]:
    """Return the rules that have a value."""
    return {name: value for name, value in rules.items() if value not in (None, "", [])}
