"""The words of JSON Schema that the tables of this package are written in.

Each makes one schema (JSON Schema 2020-12, the dialect of OpenAPI 3.1) out of what it means, its
`description`, and the rules it follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

Schema = dict[str, Any]
Members = Mapping[str, Schema]
"""The properties of an object, by name."""

UUID_PATTERN = "^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$"


def text(description: str, **rules: Any) -> Schema:
    """A string."""
    return {"type": "string", "description": description, **rules}


def whole_number(description: str, **rules: Any) -> Schema:
    """A number without a fraction."""
    return {"type": "integer", "description": description, **rules}


def flag(description: str, **rules: Any) -> Schema:
    """True or false."""
    return {"type": "boolean", "description": description, **rules}


def identifier(description: str, **rules: Any) -> Schema:
    """A UUID in its canonical form of 36 characters."""
    return text(description, format="uuid", pattern=UUID_PATTERN, **rules)


def moment(description: str, **rules: Any) -> Schema:
    """A date and time with its offset (RFC 3339)."""
    return text(description, format="date-time", **rules)


def url(description: str, **rules: Any) -> Schema:
    """An absolute URL."""
    return text(description, format="uri", **rules)


def one_of(values: type[StrEnum] | Iterable[str], description: str, **rules: Any) -> Schema:
    """One of these words."""
    return text(description, enum=[str(value) for value in values], **rules)


def many(item: Schema, description: str, **rules: Any) -> Schema:
    """A list of such items."""
    return {"type": "array", "items": item, "description": description, **rules}


def mapping(value: Schema, description: str, **rules: Any) -> Schema:
    """An object whose names are free, and whose values are all alike."""
    return {"type": "object", "additionalProperties": value, "description": description, **rules}


def thing(
    members: Members,
    description: str,
    *,
    required: Iterable[str] | None = None,
    closed: bool = False,
    **rules: Any,
) -> Schema:
    """An object with these members, all of them required unless `required` names fewer.

    `closed` says that any other member is refused. Answers are never closed: they may gain members
    without notice, and clients pass over what they do not know.
    """
    needed = list(members if required is None else required)
    return {
        "type": "object",
        "description": description,
        "properties": dict(members),
        **({"required": needed} if needed else {}),
        **({"additionalProperties": False} if closed else {}),
        **rules,
    }


def nullable(schema: Schema) -> Schema:
    """The schema that takes null, too."""
    wider = {**schema, "type": [schema["type"], "null"]}
    return wider | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


def reference(name: str, description: str = "") -> Schema:
    """The schema of that name among the document's components; with its own meaning, if given."""
    pointer = {"$ref": f"#/components/schemas/{name}"}
    return {**pointer, "description": description} if description else pointer
