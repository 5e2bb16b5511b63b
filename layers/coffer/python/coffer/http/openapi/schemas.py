"""Builders of JSON Schema, as OpenAPI 3.1 uses it (dialect 2020-12).

The first argument of each builder is the description. `rules` are further keywords of JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Schema = dict[str, Any]
Properties = Mapping[str, Schema]
"""Schemas of the members of an object, by name."""

MEDIA_TYPE_PATTERN = "^[a-z0-9.-]+/[a-z0-9.+_-]+$"
UUID_PATTERN = "^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$"


def _builder(type_: str, **always: str) -> Callable[..., Schema]:
    def build(description: str, **rules: Any) -> Schema:
        return {"type": type_, "description": description, **always, **rules}

    return build


string = _builder("string")
integer = _builder("integer")
boolean = _builder("boolean")
uuid = _builder("string", format="uuid", pattern=UUID_PATTERN)
timestamp = _builder("string", format="date-time")
uri = _builder("string", format="uri")


def choice(description: str, values: Iterable[str], **rules: Any) -> Schema:
    """Return the schema of a string that is one of `values`.

    An enumeration is a schema of its own, which all members of this type share.
    """
    if isinstance(values, type):
        return reference(values.__name__, description)
    return string(description, enum=[str(value) for value in values], **rules)


def array(description: str, item: Schema, **rules: Any) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": item, "description": description, **rules}


def mapping(description: str, value: Schema, **rules: Any) -> Schema:
    """Return the schema of an object with arbitrary names."""
    return {"type": "object", "additionalProperties": value, "description": description, **rules}


def structure(
    description: str,
    properties: Properties,
    *,
    required: Iterable[str] | None = None,
    closed: bool = False,
    **rules: Any,
) -> Schema:
    """Return the schema of an object with these members. Without `required`, all are required.

    A closed object has no other members. Only request bodies are closed: responses may get further
    members in later versions.
    """
    names = list(properties if required is None else required)
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        **({"required": names} if names else {}),
        **({"additionalProperties": False} if closed else {}),
        **rules,
    }


def nullable(schema: Schema) -> Schema:
    """Return the schema of the same values and null."""
    if "$ref" in schema or "enum" in schema:
        return {"anyOf": [schema, {"type": "null"}], "description": schema["description"]}
    return {**schema, "type": [schema["type"], "null"]}


def anything(description: str) -> Schema:
    """Return the schema of any value."""
    return {"description": description}


def reference(name: str, description: str = "") -> Schema:
    """Return a reference to a schema of the document, with its own description if one is given."""
    own = {"description": description} if description else {}
    return {"$ref": f"#/components/schemas/{name}", **own}


def resource(
    description: str, type_: str, attributes: Schema, *, id_: Schema | None = None, **more: Schema
) -> Schema:
    """Return the schema of a JSON:API resource; `more` are members that it can be without."""
    always = {
        "id": id_ or uuid("Id of the record."),
        "type": string("Type of the resource.", const=type_),
        "attributes": attributes,
    }
    return structure(description, {**always, **more}, required=always)


# fmt: off
IGNORED_MEMBERS = {
    name: anything("Ignored.") for name in ("id", "lid", "links", "meta", "relationships")
}
SELF_LINK = structure("Links.", {"self": uri("Address of this document.")})
PAGE_LINKS = structure("Links.", {
    "self": uri("Address of this page."), "next": uri("Address of the next page, if any."),
}, required=("self",))
PAGE_MEMBERS = {
    "links": reference("PageLinks", "Links to pages."),
    "meta": reference("PageMeta", "Metadata of the list."),
}
VERSION = structure("Metadata.", {
    "moduleVersion": string("Version of Coffer.", examples=["0.1.0"]),
})
TOTAL = structure("Metadata.", {
    "totalResourceCount": integer("Number of resources on all pages.", minimum=0),
})
# fmt: on


def document(
    description: str, data: Schema, *, meta: Schema | None = None, **more: Schema
) -> Schema:
    """Return the schema of a JSON:API document with one resource; `more` need not be there."""
    always = {"data": data, "links": SELF_LINK, **({"meta": meta} if meta else {})}
    return structure(description, {**always, **more}, required=always)


def record_schemas(
    name: str, type_: str, noun: str, attributes: Schema, **more: Schema
) -> dict[str, Schema]:
    """Return the schemas of a record: its attributes, the resource, and a document with it."""
    title = f"{noun.capitalize()}."
    return {
        f"{name}Attributes": attributes,
        name: resource(title, type_, reference(f"{name}Attributes", "Attributes."), **more),
        f"{name}Document": document(title, reference(name, title), meta=VERSION),
    }


def page(description: str, item: Schema) -> Schema:
    """Return the schema of a JSON:API document with one page of a list."""
    data = array("Resources of the page.", item)
    return structure(description, {"data": data, "links": PAGE_LINKS, "meta": TOTAL})


def list_document(description: str, item: Schema, **rules: Any) -> Schema:
    """Return the schema of a JSON:API document with many resources and nothing else."""
    return structure(description, {"data": array(description, item, **rules)})


def request_resource(type_: str, attributes: Schema, *required: str, **members: Schema) -> Schema:
    """Return the schema of the resource in a request that creates or changes a record.

    A request that changes a record requires its `id`. By default, `attributes` are required. The
    members `id` and `relationships` are ignored if neither `required` nor `members` has them.
    """
    id_ = {"id": uuid("Id of the record, as in the path.")} if "id" in required else {}
    properties = {
        "type": string("Type of the resource.", const=type_),
        "attributes": attributes,
        **IGNORED_MEMBERS,
        **id_,
        **members,
    }
    needed = ("type", *(required or ("attributes",)))
    return structure("Resource.", properties, required=needed, closed=True)


def sort_parameter(*attributes: str) -> dict[str, Any]:
    """Return the parameter `sort`; generated clients have constants such as `NAME_DESCENDING`."""
    words = [re.sub("(?=[A-Z])", "_", attribute).upper() for attribute in attributes]
    return parameter(
        "sort",
        choice(
            "Attribute to sort by; `-` for descending order.",
            [f"{sign}{attribute}" for attribute in attributes for sign in ("", "-")],
            **{
                "x-enum-varnames": [f"{word}{end}" for word in words for end in ("", "_DESCENDING")]
            },
        ),
    )


def parameter(name: str, schema: Schema, *, place: str = "query", **style: Any) -> dict[str, Any]:
    """Return a parameter. Only the parameters of the path are required."""
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": schema["description"],
        "schema": schema,
        **style,
    }
