"""Lists and what of records is shown: the parameters that ask for it, the documents that have it.

What can be filtered, sorted, included and left out comes from the domain's tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffer.domain.fields import FieldType
from coffer.domain.listing.fields import FIELDS
from coffer.domain.listing.filters import OPERATORS
from coffer.domain.listing.index_keys import SORT_ORDERS, Kind
from coffer.http.openapi.records import (
    DERIVATIVE,
    METADATA,
    OBJECT_UPLOAD,
    PERSONS,
    VERSION,
    resource,
)
from coffer.http.openapi.schemas import (
    Members,
    Schema,
    flag,
    identifier,
    many,
    one_of,
    reference,
    text,
    thing,
    url,
    whole_number,
)

NAMES: Mapping[Kind, str] = {
    Kind.METADATA: "Metadata",
    Kind.DERIVATIVE: "Derivative",
    Kind.OBJECT_UPLOAD: "ObjectUpload",
}
"""How the components about each kind of record begin."""
_ATTRIBUTES: Mapping[Kind, Members] = {
    Kind.METADATA: METADATA,
    Kind.DERIVATIVE: DERIVATIVE,
    Kind.OBJECT_UPLOAD: OBJECT_UPLOAD,
}
_WHAT = {
    Kind.METADATA: "The description of a file, or of a resource outside",
    Kind.DERIVATIVE: "The record of a file that was made from another",
    Kind.OBJECT_UPLOAD: "The record of an uploaded file",
}
_FILTER = (
    "Only records whose attributes are like this: `filter[attribute]=value`, or with an operator "
    f"`filter[attribute][operator]=value`; operators are {', '.join(OPERATORS)}. Commas separate "
    "alternatives (in double quotes they do not), several filters all hold. For LIKE and ILIKE, % "
    "is anything and _ any character. A dot leads into an attribute (`managedAttributes.key`) or "
    "to the id of a related record (`acDerivedFrom.id`). What has no value fulfils no comparison."
)
_FIQL = (
    "The same as one expression, instead of filters: `;` is and, `,` is or, with ==, !=, =lt=, "
    "=le=, =gt=, =ge= and parentheses; * stands for any text."
)


def _parameter(name: str, schema: Schema, **style: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": schema["description"],
        "schema": schema,
        **style,
    }


def _deep(name: str, schema: Schema) -> dict[str, Any]:
    return _parameter(name, schema, style="deepObject", explode=True)


def _listed(name: str, words: list[str], description: str) -> dict[str, Any]:
    schema = many(one_of(words, "One of them."), description)
    return _parameter(name, schema, style="form", explode=False)


def _filterable(kind: Kind) -> Members:
    return {
        name: text("A value, or several with commas between them.")
        for name, attribute in FIELDS[kind].by_name.items()
        if attribute.type not in (FieldType.OBJECT, FieldType.TEXT_MAP)
    }


def _shown_kinds(kind: Kind) -> list[Kind]:
    """The kinds of records that the answers about one kind can hold."""
    targets = {one.target for one in FIELDS[kind].relationships if not one.is_external}
    return [one for one in Kind if one is kind or one in targets]


def _parameters(kind: Kind) -> dict[str, dict[str, Any]]:
    orders = [f"{sign}{order}" for order in SORT_ORDERS[kind] for sign in ("", "-")]
    fields = {
        str(one): text(f"Attributes and relationships of {one}, with commas between them.")
        for one in _shown_kinds(kind)
    }
    name = NAMES[kind]
    found = {
        f"filter{name}": _deep("filter", thing(_filterable(kind), _FILTER, required=())),
        f"sort{name}": _parameter("sort", one_of(orders, "In which order; - turns it.")),
        f"fields{name}": _deep(
            "fields", thing(fields, "By type, what is shown of a record; else all.", required=())
        ),
    }
    relationships = list(FIELDS[kind].relationship)
    if relationships:
        what = "Relationships to show, and the records that they lead to."
        found[f"include{name}"] = _listed("include", relationships, what)
    return found


PARAMETERS: Mapping[str, dict[str, Any]] = {
    "fiql": _parameter("fiql", text(_FIQL, examples=["bucket==aafc;dcType==IMAGE"])),
    "cursor": _parameter(
        "page[cursor]", text("Where to go on, from links.next of the page before.")
    ),
    "permissions": {
        "name": "include-dina-permission",
        "in": "header",
        "required": False,
        "description": "With any value, the answer says what the caller may do to the record.",
        "schema": text("Anything."),
    },
    **{name: one for kind in Kind for name, one in _parameters(kind).items()},
}

_LINKAGE = thing(
    {
        "type": one_of([Kind.METADATA, Kind.DERIVATIVE], "The type of the other record."),
        "id": identifier("The id of the other record."),
    },
    "Another record, by type and id.",
)
_TO_ONE = thing({"data": reference("Linkage", "Which record.")}, "One other record.")
_TO_MANY = thing(
    {"data": many(reference("Linkage"), "Which records.")}, "Other records, the oldest first."
)
_RELATIONSHIPS: Mapping[Kind, Members] = {
    Kind.METADATA: {
        "derivatives": reference("ToMany", "What was made from the file. With include."),
        **PERSONS,
    },
    Kind.DERIVATIVE: {
        "acDerivedFrom": reference("ToOne", "The file it was made from. With include."),
        "generatedFromDerivative": reference(
            "ToOne", "The derivative it was made from. With include."
        ),
    },
    Kind.OBJECT_UPLOAD: {},
}
_META: Members = {
    "permissionsProvider": text("Who says so. With include-dina-permission.", const="coffer"),
    "permissions": many(
        one_of(("create", "update", "delete"), "One of them."),
        "What the caller may do to the record. With include-dina-permission.",
    ),
}


def _shown(kind: Kind) -> Schema:
    relationships = _RELATIONSHIPS[kind]
    warnings = {"warnings": reference("Warnings", "Warnings, by code.")}
    meta = {**_META, **(warnings if kind is Kind.OBJECT_UPLOAD else {})}
    more: Members = {"meta": thing(meta, "Beside the record itself.", required=())}
    if relationships:
        related = thing(relationships, "What it has to do with others.", required=())
        more = {**more, "relationships": related}
    return resource(kind, f"{NAMES[kind]}Shown", f"{_WHAT[kind]}.", more=more)


def _included(kind: Kind) -> Members:
    if not FIELDS[kind].relationships:
        return {}
    kinds = [one for one in _shown_kinds(kind) if one is not kind or kind is Kind.DERIVATIVE]
    resources = {"anyOf": [reference(f"Shown{NAMES[one]}") for one in kinds]}
    return {
        "included": many(
            {**resources, "description": "A record."},
            "The records that relationships of `include` lead to, as far as the caller may read "
            "them, each once.",
        )
    }


def _one(kind: Kind) -> Schema:
    return thing(
        {
            "data": reference(f"Shown{NAMES[kind]}", "The record."),
            **_included(kind),
            "links": thing({"self": url("Where this very record can be read.")}, "Where it is."),
            "meta": VERSION,
        },
        f"{_WHAT[kind]}, as far as it is wanted.",
        required=("data", "links", "meta"),
    )


def _page(kind: Kind) -> Schema:
    return thing(
        {
            "data": many(reference(f"Shown{NAMES[kind]}"), "The records of this page."),
            **_included(kind),
            "links": reference("PageLinks", "Where to go on."),
            "meta": reference("PageMeta", "About the list."),
        },
        f"A page of a list. {_WHAT[kind]} for each of its entries.",
        required=("data", "links", "meta"),
    )


def _loaded(kind: Kind) -> Schema:
    return thing(
        {
            "data": many(reference(f"Shown{NAMES[kind]}"), "The records that were named."),
            **_included(kind),
            "meta": VERSION,
        },
        f"{_WHAT[kind]} for each id.",
        required=("data", "meta"),
    )


SCHEMAS: Members = {
    "Linkage": _LINKAGE,
    "ToOne": _TO_ONE,
    "ToMany": _TO_MANY,
    "PageLinks": thing(
        {
            "self": url("This page."),
            "next": url(
                "The page behind it. While it is there, go on, even where a page is empty: one "
                "request only looks at so many records."
            ),
        },
        "Where pages are.",
        required=("self",),
    ),
    "PageMeta": thing(
        {
            "totalResourceCount": whole_number("How many records the list has.", minimum=0),
            "totalIsLowerBound": flag(
                "There, and true, where the list has at least so many records, and nobody has "
                "counted on."
            ),
            "moduleVersion": text("Coffer's version.", examples=["0.1.0"]),
        },
        "About a list.",
        required=("totalResourceCount", "moduleVersion"),
    ),
    **{
        f"{NAMES[kind]}Shown": thing(
            _ATTRIBUTES[kind], "What is known, as far as `fields` asks for it.", required=()
        )
        for kind in Kind
    },
    **{f"Shown{NAMES[kind]}": _shown(kind) for kind in Kind},
    **{f"{NAMES[kind]}View": _one(kind) for kind in Kind},
    **{f"{NAMES[kind]}Page": _page(kind) for kind in Kind},
    **{f"{NAMES[kind]}Loaded": _loaded(kind) for kind in Kind},
}
