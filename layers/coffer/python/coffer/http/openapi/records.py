"""Schemas, list parameters and operations of metadata, derivatives and object uploads.

Attributes, filters and orders come from the attribute tables of the domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
from coffer.domain.fields import FieldType, RecordFields, Relationship
from coffer.domain.listing.filters import OPERATORS
from coffer.domain.listing.query_plan import MAX_BUCKETS
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.transactions.bulk import MAX_ENTRIES
from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS
from coffer.http.openapi import schemas as s
from coffer.http.openapi.field_schemas import ENUMERATIONS, request_attributes, response_properties
from coffer.http.openapi.operation import (
    NO_CONTENT,
    NOT_MODIFIED,
    VALIDATORS,
    Body,
    Operation,
    Success,
    Tag,
    json_api,
)


@dataclass(frozen=True)
class RecordKind:
    """A kind of record: its table, its names in identifiers and texts, and errors of look-ups."""

    fields: RecordFields
    name: str
    plural: str
    noun: str
    nouns: str
    id_parameter: str
    not_found: str
    included: tuple[str, ...] = ()
    """Schemas of the records that `include` can add."""

    @property
    def view_parameters(self) -> str:
        """The parameters that choose what a response shows of a record."""
        kinds = [one for one in KINDS if one is self or f"Shown{one.name}" in self.included]
        include = [f"include{self.name}"] if self.included else []
        return " ".join([*include, *(f"fields{one.name}" for one in kinds)])

    @property
    def list_parameters(self) -> str:
        """The parameters of the kind's list."""
        filters = " ".join(_filter_parameters(self))
        return f"{filters} fiql sort{self.name} limit cursor offset {self.view_parameters}"


# fmt: off
METADATA = RecordKind(
    METADATA_FIELDS, "Metadata", "Metadata", "a metadata record", "metadata records", "metadataId",
    "404 metadata_not_found 410 metadata_deleted", ("ShownDerivative",))
DERIVATIVE = RecordKind(
    DERIVATIVE_FIELDS, "Derivative", "Derivatives", "a derivative", "derivatives", "derivativeId",
    "404 derivative_not_found 410 derivative_deleted", ("ShownMetadata", "ShownDerivative"))
OBJECT_UPLOAD = RecordKind(
    OBJECT_UPLOAD_FIELDS, "ObjectUpload", "ObjectUploads", "an object upload", "object uploads",
    "uploadId", "404 upload_not_found 410 upload_deleted")
KINDS = (METADATA, DERIVATIVE, OBJECT_UPLOAD)

_WARNINGS: s.Properties = {"warnings": s.reference("Warnings", "Warnings by code.")}
_WARNINGS_META = s.structure("Metadata of the record.", _WARNINGS)
_PROGRESS: s.Properties = {
    "uploadedParts": s.integer("Number of parts that were uploaded, before AVAILABLE.", minimum=0),
    "uploadedBytes": s.integer("Bytes of these parts.", minimum=0),
}
_PERMISSIONS: s.Properties = {
    "permissionsProvider": s.string(
        "Source of `permissions`. With include-dina-permission.", const="coffer"),
    "permissions": s.array(
        "What the caller may do with the record. With include-dina-permission.",
        s.choice("Operation.", ("create", "update", "delete"))),
}


def _linkage(description: str, *types: str) -> s.Schema:
    """Return the schema of a related resource's type and id."""
    type_ = {"const": types[0]} if len(types) == 1 else {"enum": list(types)}
    return s.structure(description, {
        "type": s.string("Type of the other resource.", **type_),
        "id": s.uuid("Id of the other resource."),
    })


_LINKS = s.structure("Links of the relationship.", {
    "self": s.uri("Address of the types and ids at its other end."),
    "related": s.uri("Address of the related records. Not for persons."),
}, required=("self",))
_STORED_OR_EXTERNAL: dict[str, Any] = {
    "if": {
        "properties": {"fileIdentifier": {"type": "string", "description": "A stored file."}},
        "required": ["fileIdentifier"],
    },
    "then": {
        "properties": {
            "resourceExternalURL": {"type": "null", "description": "Not with fileIdentifier."},
        },
    },
    "else": {
        "properties": {
            "resourceExternalURL": s.string("Address of the resource.", pattern="[^\\s]"),
            "dcFormat": s.string("Media type, which only the caller knows.", pattern="[^\\s]"),
        },
        "required": ["resourceExternalURL", "dcFormat"],
    },
}
"""Generators of clients ignore these rules. With `oneOf` they would ignore the properties."""


def _any_document(description: str, *names: str) -> s.Schema:
    return {"description": description, "anyOf": [s.reference(name) for name in names]}


def _relationship(one: Relationship) -> s.Schema:
    """Return the schema of a relationship in responses."""
    name = "Person" if one.is_external else "ToMany" if one.is_many else "ToOne"
    return s.reference(name, one.doc)


def _request_relationship(one: Relationship) -> s.Schema:
    if not one.writable:
        return s.anything("Ignored.")
    return s.reference(f"Given{one.target.title()}", one.request_doc or one.doc)


def _given(target: str) -> dict[str, s.Schema]:
    """Return the schemas of a relationship to one resource of this type in requests."""
    linkage = f"{target.title()}Linkage"
    other = s.nullable(s.reference(linkage, "Other resource; null for none."))
    return {
        linkage: _linkage(f"One {target}, by type and id.", target),
        f"Given{target.title()}": s.structure(
            f"Relationship to one {target}.", {"data": other}, required=()),
    }


def _optional(name: str, description: str, properties: s.Properties) -> dict[str, s.Schema]:
    """Return the member `name` of a resource if it can have properties."""
    return {name: s.structure(description, properties, required=())} if properties else {}


def _stored_record(kind: RecordKind) -> dict[str, s.Schema]:
    """Return the schemas of a record as create and update operations return it."""
    fields = kind.fields
    persons = {one.name: _relationship(one) for one in fields.relationships if one.is_external}
    warnings = {"meta": _WARNINGS_META} if kind is OBJECT_UPLOAD else {}
    always = [one.name for one in fields.attributes if not one.omit_empty]
    attributes = s.structure(
        f"Attributes of {kind.noun}.", response_properties(fields.attributes), required=always)
    return s.record_schemas(
        kind.name, fields.type, kind.noun, attributes,
        **_optional("relationships", "Related persons.", persons), **warnings)


def _read_record(kind: RecordKind) -> dict[str, s.Schema]:
    """Return the schemas of a record as read operations return it, with `fields` and `include`."""
    name, title, fields = kind.name, f"{kind.noun.capitalize()}.", kind.fields
    of_uploads = {**_WARNINGS, **_PROGRESS} if kind is OBJECT_UPLOAD else {}
    meta = {**_PERMISSIONS, **of_uploads}
    related = {one.name: _relationship(one) for one in fields.relationships}
    others = {"description": "Record.", "anyOf": [s.reference(one) for one in kind.included]}
    included = {"included": s.array(
        "Records that `include` names and that the caller may read, each once.", others)}
    more = included if kind.included else {}
    shown = s.reference(f"Shown{name}", title)
    data = s.array("Records.", shown)
    return {
        f"{name}Shown": s.structure(
            f"Attributes of {kind.noun}: all, or those that `fields` names.",
            response_properties(fields.attributes), required=()),
        f"Shown{name}": s.resource(
            title, fields.type, s.reference(f"{name}Shown", "Attributes."),
            **_optional("meta", "Metadata of the record.", meta),
            **_optional("relationships", "Related resources.", related)),
        f"{name}View": s.document(title, shown, meta=s.VERSION, **more),
        f"{name}Page": s.structure(f"A page of {kind.nouns}.", {
            "data": data, **s.PAGE_MEMBERS, **more}, required=("data", *s.PAGE_MEMBERS)),
        f"{name}Loaded": s.structure(
            f"{kind.nouns.capitalize()} by their ids.", {"data": data, "meta": s.VERSION, **more},
            required=("data", "meta")),
    }


def _requests(kind: RecordKind) -> Iterator[tuple[str, s.Schema]]:
    """Yield the schemas of request bodies, and of responses to requests with many records."""
    name, fields, nouns = kind.name, kind.fields, kind.nouns
    yield f"Given{name}Relationships", s.structure(
        f"Relationships of {kind.noun}.",
        {one.name: _request_relationship(one) for one in fields.relationships},
        required=(), closed=True)
    relationships = s.reference(f"Given{name}Relationships", "Relationships.")
    change, new = s.reference(f"Changed{name}", "Record."), s.reference(f"New{name}", "Record.")
    yield f"Changed{name}", s.request_resource(
        fields.type, s.reference(f"{name}Changes", "Attributes."), "id",
        relationships=relationships)
    yield f"{name}Changes", request_attributes(
        fields, "Attributes to change. Null clears one. A record keeps its file and its bucket.",
        changes=True)
    yield f"{name}ChangesDocument", s.structure(f"Changes to {kind.noun}.", {"data": change})
    yield f"Named{kind.plural}", _many(f"Ids of {nouns}.", s.structure("Record, by its id.", {
        "type": s.string("Type of the resource.", const=fields.type),
        "id": s.uuid("Id of the record."),
        "attributes": {"type": "object", "description": "Ignored."},
        **{name: s.anything("Ignored.") for name in ("lid", "links", "meta")},
    }, required=("type", "id"), closed=True))
    if kind is OBJECT_UPLOAD:
        return
    rules = _STORED_OR_EXTERNAL if kind is METADATA else {}
    yield f"New{name}", s.request_resource(
        fields.type, s.reference(f"New{name}Attributes", "Attributes."),
        id=s.anything("Id of the new record, if it is a free UUID not of version 7. Else ignored."),
        relationships=relationships)
    yield f"New{name}Attributes", request_attributes(
        fields, f"Attributes of {kind.noun}. Null means no value.", changes=False, **rules)
    yield f"New{name}Document", s.structure(f"Request to create {kind.noun}.", {"data": new})
    yield f"New{kind.plural}InBulk", _many(f"{nouns.capitalize()} to create.", new)
    yield f"{name}ChangesInBulk", _many(f"Changes to {nouns}.", change)
    others = [one for one in fields.relationships if one.writable]
    yield f"{name}Relationship", s.structure(
        f"New other end of a relationship of {kind.noun}.", {
            "data": s.nullable(_linkage(
                "Other resource; null for none.", *sorted({one.target for one in others}))),
        })
    stored = s.array("Records, in the order of the request.", s.reference(name, "Record."))
    yield f"{kind.plural}InBulk", s.structure(
        f"{nouns.capitalize()}.", {"data": stored, "meta": s.VERSION})


def _schemas(kind: RecordKind) -> Iterator[tuple[str, s.Schema]]:
    yield from _stored_record(kind).items()
    yield from _read_record(kind).items()
    yield from _requests(kind)


def _many(description: str, item: s.Schema) -> s.Schema:
    return s.list_document(description, item, minItems=1, maxItems=MAX_ENTRIES)


SCHEMAS: s.Properties = {
    "Warnings": s.structure("Warnings by code.", {
        "duplicate_found": s.string(
            "A file with the same content exists, and the caller may read it.",
            examples=["A file with the same content already exists"]),
    }, required=()),
    "Person": s.structure("A person, whose data another service keeps.", {
        "data": s.reference("PersonLinkage", "Person."), "links": _LINKS}),
    **_given("person"), **_given("metadata"), **_given("derivative"),
    "Linkage": _linkage("Another record, by type and id.", "metadata", "derivative"),
    "ToOne": s.structure("A related record.", {
        "data": s.reference("Linkage", "Record."), "links": _LINKS}),
    "ToMany": s.structure("Related records.", {
        "data": s.array("Records, the oldest first.", s.reference("Linkage")), "links": _LINKS}),
    "NothingRelated": s.document(
        "No related record.", {"type": "null", "description": "None."}, meta=s.VERSION),
    "MetadataRelated": _any_document(
        "What a metadata record is related to.", "DerivativePage", "NothingRelated"),
    "DerivativeRelated": _any_document(
        "What a derivative is related to.", "MetadataView", "DerivativeView", "NothingRelated"),
    "RelationshipView": s.structure("A relationship.", {
        "data": {"description": "Types and ids at its other end.", "anyOf": [
            s.array("Page of records, the oldest first.", s.reference("Linkage")),
            _linkage("Record or person.", "metadata", "derivative", "person"),
            {"type": "null", "description": "None."},
        ]},
        "links": s.structure("Links.", {
            **_LINKS["properties"], "next": s.uri("Address of the next page, if any."),
        }, required=("self",)),
        "meta": s.structure("Metadata.", {
            "totalResourceCount": s.integer("Number of records on all pages.", minimum=0),
            **s.VERSION["properties"],
        }, required=("moduleVersion",)),
    }),
    "PageLinks": s.structure("Links to pages.", {
        "self": s.uri("Address of this page."),
        "next": s.uri("Address of the next page. Follow it while it is present, even if a page is "
                      "empty: one request reads a limited number of records."),
    }, required=("self",)),
    "PageMeta": s.structure("Metadata of a list.", {
        "totalResourceCount": s.integer("Number of records in the list.", minimum=0),
        "totalIsLowerBound": s.boolean(
            "True if the list may have more records than totalResourceCount."),
        "moduleVersion": s.string("Version of Coffer.", examples=["0.1.0"]),
    }, required=("totalResourceCount", "moduleVersion")),
    "FlatObjectUpload": s.structure("An object upload as one flat object, for older clients.", {
        "id": s.uuid("The fileIdentifier."),
        "fileIdentifier": s.uuid("Identifier of the file and its record."),
        **response_properties(OBJECT_UPLOAD_FIELDS.attributes),
        "data": s.reference("ObjectUpload", "The same as a resource."),
        "meta": _WARNINGS_META,
    }, required=("id", "fileIdentifier", "data", *OBJECT_UPLOAD_FIELDS.by_name)),
    **{name: schema for kind in KINDS for name, schema in _schemas(kind)},
    **ENUMERATIONS,
}

_FILTERS = (
    "Filters are `filter[attribute]=value`, or with an operator "
    f"`filter[attribute][operator]=value`. Operators: {', '.join(OPERATORS)}. Commas separate "
    "alternatives, unless they are in double quotes. All filters must match. In LIKE and ILIKE, % "
    "matches any text and _ any character. A dot leads to a member of an attribute "
    "(`managedAttributes.key`). An attribute without a value matches no comparison. A query has at "
    "most 200 comparisons, 20 of them with patterns. The usual filters are parameters; `fiql` can "
    "express the others."
)
_COMPARED: Mapping[FieldType, tuple[s.Schema, str]] = {
    FieldType.TIME: (s.timestamp("Time with its offset."), "GE GT LE LT"),
    FieldType.INTEGER: (s.integer("Number."), "GE GT LE LT"),
    FieldType.BOOLEAN: (s.boolean("True or false."), ""),
    FieldType.TEXT: (s.string("Text, or several separated by commas."), "ILIKE"),
}
_OTHER_VALUES = (s.string("Value, or several separated by commas."), "")


def _filter_parameters(kind: RecordKind) -> dict[str, dict[str, Any]]:
    """Return a filter parameter for each attribute of a kind, and for its usual operators.

    Generators of clients support one parameter for each filter, but no object of filters.
    """
    parameters = {}
    related = [f"{one.name}.id" for one in kind.fields.relationships if not one.is_many]
    for path in ("id", *kind.fields.by_name, *related):
        field = kind.fields.find(path)
        if field is not None:
            schema, operators = _COMPARED.get(field.type, _OTHER_VALUES)
            for operator in ("", *operators.split()):
                name = f"filter[{path}][{operator}]" if operator else f"filter[{path}]"
                parameters[f"{kind.name}.{path}.{operator or 'EQ'}"] = s.parameter(name, schema)
    return parameters


def _include(what: str, names: Iterable[str]) -> dict[str, Any]:
    either = "|".join(names)
    return s.parameter("include", s.string(
        f"{what} to show with their records, separated by commas.",
        pattern=f"^({either})(,({either}))*$", examples=[either.replace("|", ",")]))


def _list_parameters(kind: RecordKind) -> dict[str, dict[str, Any]]:
    """Return the parameters of a kind that depend on its attribute table."""
    orders = [one.name for one in kind.fields.attributes if one.sortable]
    parameters = _filter_parameters(kind) | {
        f"sort{kind.name}": s.sort_parameter(*orders),
        f"fields{kind.name}": s.parameter(f"fields[{kind.fields.type}]", s.string(
            f"Attributes and relationships of {kind.nouns} to show, separated by commas. "
            "Default: all.", examples=[",".join(orders)])),
    }
    if kind.included:
        names = list(kind.fields.relationship)
        parameters[f"relation{kind.name}"] = s.parameter(
            "relation", s.choice("Name of the relationship.", names), place="path")
        parameters[f"include{kind.name}"] = _include("Relationships", names)
    return parameters


PARAMETERS: Mapping[str, dict[str, Any]] = {
    **{name: parameter for kind in KINDS for name, parameter in _list_parameters(kind).items()},
    "includeRelated": _include("Relationships of the related record", (
        *METADATA_FIELDS.relationship, *DERIVATIVE_FIELDS.relationship)),
}

_VIEW_ERRORS = "QUERY 400 unknown_relationship too_many_included more_problems"
_WRITE_ERRORS = "GROUP_ROLE RECORDS RECORDS_BUSY DOCUMENT RELATIONSHIPS"
_BULK_ERRORS = "IDENTIFIER 400 more_problems 413 too_many_entries answer_too_large"
_SOURCE = ("422 source_required source_not_found source_of_another_bucket thumbnail_without_format "
           "thumbnail_is_no_jpeg constraint_violation more_problems")
_FIXED = "422 bucket_is_fixed file_is_fixed constraint_violation more_problems"
_CREATE_ERRORS = {
    METADATA.name: "BUCKET 400 unknown_subtype 409 file_already_described "
    "422 file_and_bucket_required file_and_external_resource upload_not_found "
    "bucket_is_not_the_files unknown_managed_attribute invalid_managed_attribute "
    "subtype_of_another_type constraint_violation record_too_large more_problems",
    DERIVATIVE.name: "409 file_already_described 422 file_required upload_not_found "
    f"upload_is_no_derivative {_SOURCE}",
}
_UPDATE_ERRORS = {
    METADATA.name: "BUCKET 400 unknown_subtype 409 record_has_derivatives "
    f"{_FIXED} file_and_external_resource "
    "file_or_external_resource_required unknown_managed_attribute",
    DERIVATIVE.name: f"{_FIXED} {_SOURCE}",
    OBJECT_UPLOAD.name: "422 constraint_violation more_problems",
}
_IF_MATCH = "With `If-Match`, only if the record has that version."


def _list(kind: RecordKind, description: str) -> Operation:
    name = kind.name
    return Operation(
        f"list{kind.plural}", Tag.RECORDS, f"List {kind.nouns}",
        f"{description} A caller in more than {MAX_BUCKETS} groups must filter by bucket. "
        f"Administrators of the realm see all records. {_FILTERS} A page ends after 5,000 records "
        "or 5 seconds of reading; links.next continues without a gap. The total follows the change "
        "stream with a short delay.",
        parameters=kind.list_parameters,
        successes=json_api(200, "A page of the list.", f"{name}Page"),
        errors=f"RECORDS {_VIEW_ERRORS} malformed_cursor too_many_buckets "
        f"too_many_comparisons{' 413 answer_too_large' if kind is METADATA else ''}")


def _get(kind: RecordKind, description: str) -> Operation:
    return Operation(
        f"get{kind.name}", Tag.RECORDS, f"Get {kind.noun}",
        f"{description} With `include`, If-None-Match is ignored: the ETag does not cover the "
        "included records.",
        parameters=f"{kind.id_parameter} {kind.view_parameters} ifNoneMatch permissions",
        successes=json_api(200, "The record.", f"{kind.name}View", *VALIDATORS) | NOT_MODIFIED,
        errors=f"GROUP_ROLE RECORDS {_VIEW_ERRORS} {kind.not_found} record_deleted"
        f"{' 413 answer_too_large' if kind is METADATA else ''}")


def _load(kind: RecordKind) -> Operation:
    return Operation(
        f"load{kind.plural}", Tag.RECORDS, f"Get many {kind.nouns} by their ids",
        "Returns all records in the order of their ids, or an error if one cannot be read.",
        parameters=kind.view_parameters, body=Body(f"Named{kind.plural}"),
        successes=json_api(200, "The records.", f"{kind.name}Loaded"),
        errors=f"GROUP_ROLE RECORDS {_VIEW_ERRORS} {_BULK_ERRORS} 400 unknown_member "
        f"409 type_conflict {kind.not_found}")


def _create(kind: RecordKind, description: str) -> Operation:
    return Operation(
        f"create{kind.name}", Tag.RECORDS, f"Create {kind.noun}", description,
        parameters="idempotencyKey", body=Body(f"New{kind.name}Document"),
        successes=json_api(201, "The record as it was stored.", f"{kind.name}Document", "Location",
                           "ETag"),
        errors=f"{_WRITE_ERRORS} {_CREATE_ERRORS[kind.name]}")


def _update(kind: RecordKind, description: str) -> Operation:
    return Operation(
        f"update{kind.name}", Tag.RECORDS, f"Change {kind.noun}",
        "Changes only what the document has. Null clears a value, and a relationship is replaced. "
        f"{_IF_MATCH} {description}",
        parameters=f"{kind.id_parameter} ifMatch", body=Body(f"{kind.name}ChangesDocument"),
        successes=json_api(200, "The record after the change.", f"{kind.name}Document", "ETag"),
        errors=f"{_WRITE_ERRORS} 400 wrong_identifier {_UPDATE_ERRORS[kind.name]} "
        f"{kind.not_found}")


def _delete(kind: RecordKind, description: str, errors: str = "") -> Operation:
    return Operation(
        f"delete{kind.name}", Tag.RECORDS, f"Delete {kind.noun}", f"{description} {_IF_MATCH}",
        parameters=f"{kind.id_parameter} ifMatch", successes=NO_CONTENT,
        errors=f"GROUP_ROLE RECORDS {errors} {kind.not_found}")


def _related(kind: RecordKind, description: str, parameters: str, more_errors: str) -> Operation:
    return Operation(
        f"get{kind.name}Related", Tag.RECORDS, f"Get what {kind.noun} is related to",
        f"{description} Records that the caller may not read are left out. Persons are resources "
        "of another service: 404, unless there is none.",
        parameters=f"{kind.id_parameter} relation{kind.name} {parameters}",
        successes=json_api(200, "The related records, or null.", f"{kind.name}Related"),
        errors=f"GROUP_ROLE RECORDS {_VIEW_ERRORS} {kind.not_found} record_deleted "
        f"404 relationship_not_found resource_of_another_service {more_errors}")


def _relationship_of(kind: RecordKind, parameters: str, more_errors: str) -> Operation:
    return Operation(
        f"get{kind.name}Relationship", Tag.RECORDS, f"Get a relationship of {kind.noun}",
        "Returns the types and ids at its other end. Records that the caller may not read are left "
        "out.",
        parameters=f"{kind.id_parameter} relation{kind.name} {parameters}",
        successes=json_api(200, "The relationship.", "RelationshipView"),
        errors=f"GROUP_ROLE RECORDS {kind.not_found} record_deleted 404 relationship_not_found "
        f"{more_errors}")


def _update_relationship(kind: RecordKind, description: str, errors: str) -> Operation:
    return Operation(
        f"update{kind.name}Relationship", Tag.RECORDS, f"Change a relationship of {kind.noun}",
        f"{description} Adds a version to the record. {_IF_MATCH} Requires GUEST in the group.",
        parameters=f"{kind.id_parameter} relation{kind.name} ifMatch",
        body=Body(f"{kind.name}Relationship"),
        successes={204: Success("Changed.", headers=("ETag",))},
        errors=f"GROUP_ROLE RECORDS RECORDS_BUSY 400 malformed_relationship "
        f"404 relationship_not_found {kind.not_found} {errors}")


def _bulk(kind: RecordKind, verb: str, body: str, errors: str, parameters: str = "") -> Operation:
    return Operation(
        f"{verb}{kind.plural}InBulk", Tag.RECORDS, f"{verb.capitalize()} many {kind.nouns}",
        "Checks everything before the first record is written. Up to 30 records are written in one "
        "transaction, more in transactions of 30. If a later transaction loses a race, the "
        "response is 409, and `meta` has the numbers of the entries that were written and that "
        "were not.",
        parameters=parameters, body=Body(body),
        successes=json_api(200, "The records, in their order.", f"{kind.plural}InBulk"),
        errors=f"{_WRITE_ERRORS} {_BULK_ERRORS} {errors}")


_OWN = "Lists records of the caller's groups. filter[publiclyReleasable]=true adds public records."
_READ_ONLY = "Requires READ_ONLY in the group, unless the record is publicly releasable."
_CREATE_DERIVATIVE = _create(
    DERIVATIVE,
    "A file can have one derivative record: the first request gets it. If the source has no "
    "thumbnail yet, one is made of this file. Requires GUEST in the group of the file.")

OPERATIONS: Mapping[str, Operation] = {
    "GET /api/v1/metadata": _list(METADATA, _OWN),
    "POST /api/v1/metadata": _create(
        METADATA,
        "A file can have one metadata record: the first request gets it. If a thumbnail is made of "
        "the file, its derivative record is created, too. Requires GUEST in the group."),
    "GET /api/v1/metadata/{id}": _get(METADATA, _READ_ONLY),
    "PATCH /api/v1/metadata/{id}": _update(
        METADATA,
        "A record keeps its file. Requires GUEST in the group. The record of an external resource "
        "without derivatives can move to another bucket. This requires SUPER_USER in the old group "
        "and GUEST in the new one."),
    "GET /api/v1/metadata/{id}/{relation}": _related(
        METADATA, f"{_READ_ONLY} `derivatives` is a list.",
        DERIVATIVE.list_parameters, "400 malformed_cursor too_many_comparisons"),
    "GET /api/v1/metadata/{id}/relationships/{relation}": _relationship_of(
        METADATA, "limit cursor offset", "400 malformed_cursor too_many_included"),
    "PATCH /api/v1/metadata/{id}/relationships/{relation}": _update_relationship(
        METADATA, "`derivatives` cannot be changed: derivatives name their metadata.",
        "403 relationship_is_read_only"),
    "DELETE /api/v1/metadata/{id}": _delete(
        METADATA,
        "Deletes its derivatives, too. The files remain and can get new records. Requires "
        "SUPER_USER in the group."),
    "GET /api/v1/derivative": _list(DERIVATIVE, _OWN),
    "POST /api/v1/derivative": _CREATE_DERIVATIVE,
    "POST /api/v1/derivative/{proxy+}": replace(
        _CREATE_DERIVATIVE, identifier="createDerivativeAtSlash",
        description=f"{_CREATE_DERIVATIVE.description} The path ends in a slash, for old clients. "
        "A longer path has no route."),
    "GET /api/v1/derivative/{id}": _get(
        DERIVATIVE,
        f"{_READ_ONLY} The record of a generated thumbnail has the thumbnailIdentifier as its id."),
    "PATCH /api/v1/derivative/{id}": _update(DERIVATIVE, "Requires GUEST in the group."),
    "GET /api/v1/derivative/{id}/{relation}": _related(
        DERIVATIVE, _READ_ONLY, "includeRelated fieldsMetadata fieldsDerivative",
        "413 answer_too_large"),
    "GET /api/v1/derivative/{id}/relationships/{relation}": _relationship_of(DERIVATIVE, "", ""),
    "PATCH /api/v1/derivative/{id}/relationships/{relation}": _update_relationship(
        DERIVATIVE, "`acDerivedFrom` needs a metadata record of the same bucket.",
        "422 source_required source_not_found source_of_another_bucket constraint_violation"),
    "DELETE /api/v1/derivative/{id}": _delete(
        DERIVATIVE, "The file remains and can get a new record. Requires USER in the group."),
    "GET /api/v1/object-upload": _list(
        OBJECT_UPLOAD, "Lists uploads of the caller's groups whose content was inspected."),
    "GET /api/v1/object-upload/{id}": _get(
        OBJECT_UPLOAD,
        "The record exists once the content was inspected. Requires READ_ONLY in the group, or "
        "publicly releasable metadata of the file."),
    "PATCH /api/v1/object-upload/{id}": _update(OBJECT_UPLOAD, "Requires DINA_ADMIN in the realm."),
    "DELETE /api/v1/object-upload/{id}": _delete(
        OBJECT_UPLOAD,
        "Deletes the content and the thumbnail. Requires DINA_ADMIN in the realm.",
        "409 upload_in_use"),
    **{f"POST /api/v1/{kind.fields.type}/bulk-load": _load(kind) for kind in KINDS},
    **{
        f"POST /api/v1/{kind.fields.type}/bulk": _bulk(
            kind, "create", f"New{kind.plural}InBulk", _CREATE_ERRORS[kind.name], "idempotencyKey")
        for kind in (METADATA, DERIVATIVE)
    },
    **{
        f"PATCH /api/v1/{kind.fields.type}/bulk": _bulk(
            kind, "update", f"{kind.name}ChangesInBulk",
            f"400 repeated_entry {_UPDATE_ERRORS[kind.name]} {kind.not_found}")
        for kind in (METADATA, DERIVATIVE)
    },
}
# fmt: on
