"""The vocabulary's terms: what they are, and what callers send of them."""

from __future__ import annotations

from coffer.domain.media_types import DcType
from coffer.domain.text_safety import NO_MARKUP_PATTERN
from coffer.domain.vocabulary.rules import LANGUAGE
from coffer.domain.vocabulary.terms import (
    MANAGED_ATTRIBUTE,
    MAX_TERM_LENGTH,
    OBJECT_SUBTYPE,
    ElementType,
)
from coffer.http.openapi.records import document, resource
from coffer.http.openapi.schemas import (
    Members,
    Schema,
    many,
    moment,
    nullable,
    one_of,
    reference,
    text,
    thing,
    url,
    whole_number,
)

_DC_TYPES = tuple(dict.fromkeys(word for kind in DcType for word in (kind.value, kind.label)))

_NAME = text(
    "What it is called. Its key is made of this, and stays.",
    maxLength=250,
    examples=["Object Store Attribute 1"],
)
_ELEMENT_TYPE = one_of(ElementType, "What its values are.")
_ACCEPTED = nullable(
    many(
        text("One value.", maxLength=100),
        "The only values there may be, whatever their case; null or empty where any may.",
        maxItems=500,
    )
)


def _descriptions(**rules: object) -> Schema:
    description = thing(
        {
            "lang": text("The language (ISO 639).", pattern=f"^{LANGUAGE.pattern}$"),
            "desc": text(
                "What the attribute means.",
                minLength=2,
                maxLength=5000,
                **rules,
            ),
        },
        "What the attribute means, in one language.",
        closed=True,
    )
    return thing(
        {"descriptions": many(description, "One for each language.", minItems=1, maxItems=20)},
        "What the attribute means.",
    )


_CREATED: Members = {
    "createdBy": text("The name of the user who created the record.", examples=["alice"]),
    "createdOn": moment("When the record was created."),
}
MANAGED_ATTRIBUTE_MEMBERS: Members = {
    "name": _NAME,
    "key": text(
        "By which metadata uses it.",
        pattern="^[a-z0-9_]+$",
        maxLength=MAX_TERM_LENGTH,
        examples=["object_store_attribute_1"],
    ),
    "vocabularyElementType": _ELEMENT_TYPE,
    "acceptedValues": _ACCEPTED,
    "multilingualDescription": _descriptions(),
    **_CREATED,
}
OBJECT_SUBTYPE_MEMBERS: Members = {
    "dcType": one_of(DcType, "What kind of thing it is a finer kind of."),
    "acSubtype": text(
        "Its name, in upper case.", maxLength=MAX_TERM_LENGTH, examples=["MUSICAL NOTATION"]
    ),
    **_CREATED,
}

_IGNORED: Members = {
    name: {"description": "Set by the server: whatever is sent is passed over."}
    for name in ("createdBy", "createdOn")
}
NEW_MANAGED_ATTRIBUTE: Members = {
    "name": {**_NAME, "pattern": f"^(?=[\\s\\S]*[A-Za-z0-9]){NO_MARKUP_PATTERN[1:]}"},
    "vocabularyElementType": _ELEMENT_TYPE,
    "acceptedValues": {
        **_ACCEPTED,
        "items": text("One value.", maxLength=100, pattern=NO_MARKUP_PATTERN),
    },
    "multilingualDescription": _descriptions(
        pattern=f"^(?=\\S[\\s\\S]*\\S$){NO_MARKUP_PATTERN[1:]}"
    ),
}
NEW_OBJECT_SUBTYPE: Members = {
    "dcType": one_of(
        _DC_TYPES,
        "What kind of thing it is a finer kind of. Case and whatever is no letter do not count.",
    ),
    "acSubtype": text(
        "Its name, which is kept in upper case, and unique whatever the dcType.",
        maxLength=MAX_TERM_LENGTH,
        pattern=f"^(?=[\\s\\S]*\\S){NO_MARKUP_PATTERN[1:]}",
    ),
}


def _sent(kind: str, attributes: Schema, description: str, *, changes: bool) -> Schema:
    """A document with a term to create, or with what is to be changed of one."""
    members: Members = {
        "type": text("The type of the record.", const=kind),
        "attributes": attributes,
        "id": {"description": "The id of the record." if changes else "Given by the server."},
        "lid": {"description": "Passed over."},
        "links": {"description": "Passed over."},
        "meta": {"description": "Passed over."},
    }
    needed = ("type", "id", "attributes") if changes else ("type", "attributes")
    data = thing(members, description, required=needed, closed=True)
    return thing({"data": data}, f"A JSON:API document: {description[0].lower()}{description[1:]}")


def _listed(name: str, what: str) -> Schema:
    return thing(
        {
            "data": many(reference(name), what),
            "links": thing(
                {"self": url("This page."), "next": url("The next page, if there is one.")},
                "Pages.",
                required=("self",),
            ),
            "meta": thing(
                {"totalResourceCount": whole_number("How many match, on all pages.", minimum=0)},
                "About the list.",
            ),
        },
        what,
    )


def _changed(members: Members) -> Members:
    """The same attributes, of which null clears those that may be without a value."""
    return {**members, **_IGNORED}


_KEY: Members = {"key": {"description": "Made of the name: whatever is sent is passed over."}}
_FIXED_NAME: Members = {"name": {"description": "It stays: whatever is sent is passed over."}}

SCHEMAS: Members = {
    "ManagedAttributeAttributes": thing(
        MANAGED_ATTRIBUTE_MEMBERS, "An attribute that metadata may have besides its own."
    ),
    "ManagedAttribute": resource(
        MANAGED_ATTRIBUTE, "ManagedAttributeAttributes", "A managed attribute."
    ),
    "ManagedAttributeDocument": document("ManagedAttribute", "One managed attribute."),
    "ManagedAttributesDocument": _listed("ManagedAttribute", "Managed attributes."),
    "NewManagedAttributeDocument": _sent(
        MANAGED_ATTRIBUTE,
        thing(
            {**NEW_MANAGED_ATTRIBUTE, **_KEY, **_IGNORED},
            "What is said of it.",
            required=("name", "vocabularyElementType", "multilingualDescription"),
            closed=True,
        ),
        "The managed attribute to create.",
        changes=False,
    ),
    "ChangedManagedAttributeDocument": _sent(
        MANAGED_ATTRIBUTE,
        thing(
            _changed({**NEW_MANAGED_ATTRIBUTE, **_KEY, **_FIXED_NAME}),
            "What is to be changed; null clears acceptedValues.",
            required=(),
            closed=True,
        ),
        "What is to be changed of a managed attribute.",
        changes=True,
    ),
    "ObjectSubtypeAttributes": thing(OBJECT_SUBTYPE_MEMBERS, "A finer kind of thing."),
    "ObjectSubtype": resource(OBJECT_SUBTYPE, "ObjectSubtypeAttributes", "A subtype."),
    "ObjectSubtypeDocument": document("ObjectSubtype", "One subtype."),
    "ObjectSubtypesDocument": _listed("ObjectSubtype", "Subtypes."),
    "NewObjectSubtypeDocument": _sent(
        OBJECT_SUBTYPE,
        thing(
            {**NEW_OBJECT_SUBTYPE, **_IGNORED},
            "What is said of it.",
            required=("dcType", "acSubtype"),
            closed=True,
        ),
        "The subtype to create.",
        changes=False,
    ),
    "ChangedObjectSubtypeDocument": _sent(
        OBJECT_SUBTYPE,
        thing(_changed(NEW_OBJECT_SUBTYPE), "What is to be changed.", required=(), closed=True),
        "What is to be changed of a subtype.",
        changes=True,
    ),
}
