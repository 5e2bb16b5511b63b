"""What is looked up beside the records: names, licences, configurations, files in the store."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.domain.configuration.published import DEFAULT_VALUES, FILE_UPLOAD
from coffer.domain.vocabulary.licenses import LICENSES
from coffer.http.openapi.errors import (
    ALWAYS,
    BEARER,
    BUCKET,
    IN_GROUP,
    NEGOTIATED,
    RECORDS,
    STORE,
    together,
)
from coffer.http.openapi.operation import Access, Operation, Success, Tag
from coffer.http.openapi.schemas import (
    Members,
    Schema,
    identifier,
    many,
    mapping,
    nullable,
    one_of,
    reference,
    text,
    thing,
    url,
    whole_number,
)
from coffer.http.responses import JSON, JSON_API

_SELF = thing({"self": url("Where this can be read.")}, "Where it is.")


def _resource(kind: str, name: Schema, attributes: Schema, description: str) -> Schema:
    return thing(
        {"id": name, "type": text("What this is.", const=kind), "attributes": attributes},
        description,
    )


def _document(name: str, description: str) -> Schema:
    return thing({"data": reference(name, description), "links": _SELF}, description)


_SIZE = "^[0-9]+(MB|KB|B)$"
_UPLOAD = thing(
    {
        "max-file-size": text(
            "The largest file that a form to the API may bring.", pattern=_SIZE, examples=["4MB"]
        ),
        "max-request-size": text("The same, for the whole form.", pattern=_SIZE),
        "max-direct-upload-bytes": whole_number("The same, in bytes.", minimum=1),
        "max-upload-bytes": whole_number("The largest file straight to S3, in bytes.", minimum=1),
        "max-files-per-request": whole_number("How many files one request may offer.", minimum=1),
    },
    "How much is taken.",
)
_VALUES = thing(
    {
        "values": many(
            thing(
                {
                    "type": text("The type of the record.", const="metadata"),
                    "attribute": text("The attribute.", examples=["dcRights"]),
                    "value": text("What it is where a caller says nothing."),
                },
                "What one attribute is filled in with.",
            ),
            "One for each attribute that is filled in.",
        )
    },
    "What is filled in.",
)

SCHEMAS: Members = {
    "License": _resource(
        "license",
        one_of([one.identifier for one in LICENSES], "The licence."),
        thing(
            {
                "url": url("Where its text is."),
                "titles": mapping(text("The title."), "What it is called, by language."),
            },
            "What is known of it.",
        ),
        "A licence.",
    ),
    "LicensesDocument": thing(
        {"data": many(reference("License"), "The licences.")}, "A list of licences."
    ),
    "LicenseDocument": _document("License", "A licence."),
    "Config": _resource(
        "config",
        one_of((FILE_UPLOAD, DEFAULT_VALUES), "Which configuration."),
        {
            "description": "file-upload: how much is taken. default-values: what is filled in.",
            "anyOf": [_UPLOAD, _VALUES],
        },
        "A configuration.",
    ),
    "ConfigsDocument": thing(
        {"data": many(reference("Config"), "The configurations.")}, "All configurations."
    ),
    "ConfigDocument": _document("Config", "A configuration."),
    "FileInfo": thing(
        {
            "length": whole_number("How many bytes the store has.", minimum=1),
            "contentType": text("Their media type.", examples=["image/png"]),
        },
        "A file in the store.",
    ),
    "NamesDocument": thing(
        {
            "data": many(
                thing(
                    {
                        "id": identifier("The id of the record."),
                        "type": text("Its type.", const="metadata"),
                        "attributes": thing(
                            {"name": nullable(text("The name that its file came with."))},
                            "Its name.",
                        ),
                    },
                    "A record and its name.",
                ),
                "The records, the oldest first.",
            )
        },
        "Records by their names.",
    ),
}


def _list(identifier_: str, summary: str, description: str, schema: str, *by: str) -> Operation:
    return Operation(
        identifier=identifier_,
        tag=Tag.VOCABULARY,
        access=Access.BEARER,
        summary=summary,
        description=description,
        parameters=(*by, "offset", "limit"),
        successes={200: Success(description="All that match.", content={JSON_API: schema})},
        refusals=together(
            ALWAYS, BEARER, NEGOTIATED, {400: ("malformed_parameter", "unknown_attribute")}
        ),
    )


def _one(identifier_: str, summary: str, schema: str, parameter: str, missing: str) -> Operation:
    return Operation(
        identifier=identifier_,
        tag=Tag.VOCABULARY,
        access=Access.BEARER,
        summary=summary,
        description="For everybody who is signed in.",
        parameters=(parameter,),
        successes={200: Success(description="It is there.", content={JSON_API: schema})},
        refusals=together(ALWAYS, BEARER, NEGOTIATED, {404: (missing,)}),
    )


def _file_info(identifier_: str, what: str) -> Operation:
    return Operation(
        identifier=identifier_,
        tag=Tag.FILES,
        access=Access.BEARER,
        summary=f"See whether {what} is in the store",
        description=(
            "By the name that it is kept under: its identifier and its extension. Asks the store "
            "itself. Needs SUPER_USER in the group."
        ),
        parameters=("bucket", "filename"),
        successes={200: Success(description="It is there.", content={JSON: "FileInfo"})},
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, NEGOTIATED, BUCKET, RECORDS, STORE,
            {404: ("file_not_found",)},
        ),
    )  # fmt: skip


def _names(identifier_: str) -> Operation:
    return Operation(
        identifier=identifier_,
        tag=Tag.RECORDS,
        access=Access.BEARER,
        summary="Find the ids of records by their names",
        description=(
            "Names are those that files came with, compared exactly; several, with commas between "
            "them, are alternatives; without any, all records of the group are listed, the oldest "
            "first. Needs READ_ONLY in the group."
        ),
        parameters=("filterType", "filterName", "filterGroup", "namesLimit"),
        successes={200: Success(description="The records.", content={JSON_API: "NamesDocument"})},
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, NEGOTIATED, BUCKET, RECORDS,
            {400: ("malformed_parameter", "unknown_attribute")},
        ),
    )  # fmt: skip


LOOKUPS: Mapping[str, Operation] = {
    "GET /api/v1/file-info/{bucket}/{filename}": _file_info("describeStoredFile", "a file"),
    "GET /api/v1/file-info/{bucket}/derivative/{filename}": _file_info(
        "describeStoredDerivative", "a derivative or a generated thumbnail"
    ),
    "GET /api/v1/resource-name-identifier": _names("findIdentifiers"),
    "GET /resource-name-identifier": _names("findIdentifiersAtRoot"),
    "GET /api/v1/license": _list(
        "listLicenses",
        "List the licences that metadata usually names",
        "All of them, unless the query asks for less.",
        "LicensesDocument",
        "filterUrl",
    ),
    "GET /api/v1/license/{id}": _one(
        "getLicense", "Get a licence", "LicenseDocument", "licenseId", "license_not_found"
    ),
    "GET /api/v1/config": _list(
        "listConfigs",
        "See what this deployment takes, and what it fills in",
        "The limits of uploads, and the defaults of metadata.",
        "ConfigsDocument",
    ),
    "GET /api/v1/config/{id}": _one(
        "getConfig", "Get a configuration", "ConfigDocument", "configId", "config_not_found"
    ),
}
