"""Schemas and operations of managed attributes, object subtypes, licences and configurations."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.domain.configuration.published import DEFAULT_VALUES, FILE_UPLOAD
from coffer.domain.fields import RecordFields
from coffer.domain.vocabulary.fields import MANAGED_ATTRIBUTE_FIELDS, OBJECT_SUBTYPE_FIELDS
from coffer.domain.vocabulary.licenses import LICENSES
from coffer.http.openapi import schemas as s
from coffer.http.openapi.field_schemas import request_attributes, response_properties
from coffer.http.openapi.operation import (
    NO_CONTENT,
    NOT_MODIFIED,
    VALIDATORS,
    Body,
    Operation,
    Tag,
    json_api,
)

_SIZE_PATTERN = "^[0-9]+(MB|KB|B)$"
_NOT_FOUND = "404 term_not_found 410 term_deleted"
_WRITE_ERRORS = "GROUP_ROLE RECORDS DOCUMENT 409 term_exists 422 constraint_violation"


# fmt: off
def _term_schemas(fields: RecordFields, name: str, noun: str) -> dict[str, s.Schema]:
    """Return the schemas of one kind of term; `noun` has its article."""
    attributes = response_properties(fields.attributes, limits=True)
    new = request_attributes(fields, "Attributes.", changes=False)
    changes = request_attributes(
        fields, "Attributes to change. Null clears an optional attribute.", changes=True)
    return {
        **s.record_schemas(
            name, fields.type, noun, s.structure(f"Attributes of {noun}.", attributes)),
        f"{name}sDocument": s.page("A page of the list.", s.reference(name)),
        f"New{name}Document": s.structure(
            f"Request to create {noun}.", {"data": s.request_resource(fields.type, new)}),
        f"Changed{name}Document": s.structure(
            f"Changes to {noun}.",
            {"data": s.request_resource(fields.type, changes, "id", "attributes")}),
    }


_LIMITS = s.structure("Limits of uploads.", {
    "max-file-size": s.string("Largest file in a form that is sent to the API.",
                              pattern=_SIZE_PATTERN, examples=["4MB"]),
    "max-request-size": s.string("Largest form that is sent to the API.", pattern=_SIZE_PATTERN),
    "max-direct-upload-bytes": s.integer("The same as max-file-size, in bytes.", minimum=1),
    "max-upload-bytes": s.integer("Largest file that is sent straight to S3, in bytes.", minimum=1),
    "max-files-per-request": s.integer("Most files in one request for presigned POSTs.", minimum=1),
})
_DEFAULTS = s.structure("Default values.", {
    "values": s.array("Default values of attributes.", s.structure("Default value.", {
        "type": s.string("Type of the record.", const="metadata"),
        "attribute": s.string("Attribute.", examples=["dcRights"]),
        "value": s.string("Value of the attribute if a request has none."),
    })),
})
SCHEMAS: s.Properties = {
    **_term_schemas(MANAGED_ATTRIBUTE_FIELDS, "ManagedAttribute", "a managed attribute"),
    **_term_schemas(OBJECT_SUBTYPE_FIELDS, "ObjectSubtype", "an object subtype"),
    "License": s.resource(
        "A licence.", "license",
        s.structure("Attributes.", {
            "url": s.uri("Address of the text of the licence."),
            "titles": s.mapping("Titles by language.", s.string("Title.")),
        }),
        id_=s.choice("Id of the licence.", (one.identifier for one in LICENSES))),
    "LicensesDocument": s.list_document("Licences.", s.reference("License")),
    "LicenseDocument": s.document("A licence.", s.reference("License", "A licence.")),
    "Config": s.resource(
        "A configuration.", "config",
        {"description": "file-upload: limits of uploads. default-values: default values.",
         "anyOf": [_LIMITS, _DEFAULTS]},
        id_=s.choice("Id of the configuration.", (FILE_UPLOAD, DEFAULT_VALUES))),
    "ConfigsDocument": s.list_document("All configurations.", s.reference("Config")),
    "ConfigDocument": s.document("A configuration.", s.reference("Config", "A configuration.")),
}


def _term_operations(
    type_: str, name: str, noun: str, *, requires: str, filters: str
) -> Mapping[str, Operation]:
    """Return the five operations on one kind of term."""
    shown, path = f"{name}Document", f"/api/v1/{type_}"
    return {
        f"GET {path}": Operation(
            f"list{name}s", Tag.VOCABULARY, f"List {noun}s",
            "Lists the oldest first, 20 on a page by default. Each attribute can be filtered with "
            "EQ, NEQ, IN, LIKE, ILIKE, GT, GE, LT and LE.",
            parameters=f"{filters} fiql offset limit",
            successes=json_api(200, "A page of the list.", f"{name}sDocument"),
            errors="RECORDS FILTERS"),
        f"GET {path}/{{id}}": Operation(
            f"get{name}", Tag.VOCABULARY, f"Get one {noun}", "Every signed-in user can read it.",
            parameters=f"{name[0].lower()}{name[1:]}Id ifNoneMatch",
            successes=json_api(200, "The term.", shown, *VALIDATORS) | NOT_MODIFIED,
            errors=f"RECORDS {_NOT_FOUND}"),
        f"POST {path}": Operation(
            f"create{name}", Tag.VOCABULARY, f"Create one {noun}",
            f"Names are unique: the first request gets a name. Requires {requires}.",
            parameters="idempotencyKey", body=Body(f"New{name}Document"),
            successes=json_api(201, "The term as it was stored.", shown, "Location", "ETag"),
            errors=f"{_WRITE_ERRORS} RECORDS_BUSY"),
        f"PATCH {path}/{{id}}": Operation(
            f"change{name}", Tag.VOCABULARY, f"Change one {noun}",
            "Changes only what the document has. The name and the type of a term that metadata "
            f"uses cannot change. Requires {requires}.",
            parameters=f"changed{name}Id ifMatch", body=Body(f"Changed{name}Document"),
            successes=json_api(200, "The term after the change.", shown, "ETag"),
            errors=f"{_WRITE_ERRORS} {_NOT_FOUND} 400 wrong_identifier 422 term_in_use"),
        f"DELETE {path}/{{id}}": Operation(
            f"delete{name}", Tag.VOCABULARY, f"Delete one {noun}",
            f"A term that metadata uses cannot be deleted. Requires {requires}.",
            parameters=f"changed{name}Id ifMatch", successes=NO_CONTENT,
            errors=f"GROUP_ROLE RECORDS {_NOT_FOUND} 422 term_in_use"),
    }


OPERATIONS: Mapping[str, Operation] = {
    **_term_operations("managed-attribute", "ManagedAttribute", "managed attribute",
                       requires="SUPER_USER in any group",
                       filters="filterKey likeName sortManagedAttributes"),
    **_term_operations("object-subtype", "ObjectSubtype", "object subtype",
                       requires="DINA_ADMIN in the realm",
                       filters="filterAcSubtype filterDcType sortObjectSubtypes"),
    "GET /api/v1/license": Operation(
        "listLicenses", Tag.VOCABULARY, "List the licences that metadata usually names",
        "Lists all licences by default.",
        parameters="filterUrl fiql sortLicenses offset limit",
        successes=json_api(200, "The licences.", "LicensesDocument"), errors="FILTERS"),
    "GET /api/v1/license/{id}": Operation(
        "getLicense", Tag.VOCABULARY, "Get a licence", "Every signed-in user can read it.",
        parameters="licenseId", successes=json_api(200, "The licence.", "LicenseDocument"),
        errors="404 license_not_found"),
    "GET /api/v1/config": Operation(
        "listConfigs", Tag.VOCABULARY, "List the configuration of this deployment",
        "Lists the limits of uploads and the default values of metadata.",
        parameters="filterId fiql sortConfigs offset limit",
        successes=json_api(200, "The configurations.", "ConfigsDocument"), errors="FILTERS"),
    "GET /api/v1/config/{id}": Operation(
        "getConfig", Tag.VOCABULARY, "Get a configuration", "Every signed-in user can read it.",
        parameters="configId", successes=json_api(200, "The configuration.", "ConfigDocument"),
        errors="404 config_not_found"),
}
# fmt: on
