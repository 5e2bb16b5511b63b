"""What routes answer with that is no record: offers, links, health, and this description itself."""

from __future__ import annotations

from coffer.http.openapi.schemas import (
    Members,
    identifier,
    many,
    mapping,
    moment,
    reference,
    text,
    thing,
    url,
)

OFFER = thing(
    {
        "fileIdentifier": identifier("Under which the file and its record will be had."),
        "upload": thing(
            {
                "method": text("How the form is sent.", const="POST"),
                "url": url("Where the form is posted to."),
                "fields": mapping(
                    text("The field's value."),
                    "The form's fields, by name, in their order; the file follows as the last.",
                ),
                "expires": moment("Until when the form is taken."),
            },
            "The form that uploads the file.",
        ),
        "links": thing(
            {"objectUpload": url("Where the record will be, once the content is looked into.")},
            "Where to look afterwards.",
        ),
    },
    "The form for one file.",
)

LINK = thing(
    {
        "url": url("A link that gives the file to whoever has it."),
        "expires": moment("Until when the link holds."),
    },
    "A link to a file.",
)

MEDIA_TYPE = "^[a-z0-9.-]+/[a-z0-9.+_-]+$"
"""A media type of the list: in lower case, without parameters."""

_MEDIA_TYPE_RESOURCE = thing(
    {
        "id": text("The media type.", pattern=MEDIA_TYPE, examples=["image/jpeg"]),
        "type": text("What this is.", const="media-type"),
        "attributes": thing(
            {"mediaType": text("The media type.", pattern=MEDIA_TYPE)}, "What is known of it."
        ),
    },
    "A media type that files may have.",
)

SCHEMAS: Members = {
    "MediaType": _MEDIA_TYPE_RESOURCE,
    "MediaTypesDocument": thing(
        {"data": many(reference("MediaType"), "The media types.")}, "A list of media types."
    ),
    "MediaTypeDocument": thing(
        {
            "data": reference("MediaType", "The media type."),
            "links": thing({"self": url("Where it is.")}, "Where to look."),
        },
        "One media type.",
    ),
    "UploadOffers": thing(
        {"files": many(reference("UploadOffer"), "The forms, in the order of the request.")},
        "Forms that upload files.",
    ),
    "UploadOffer": OFFER,
    "DownloadLink": LINK,
    "DownloadLinkOrFile": {
        "description": "With `redirect=false` a link; else the file, if it is JSON itself.",
        "anyOf": [reference("DownloadLink"), {"description": "Whatever the file holds."}],
    },
    "Sentence": text("A sentence that says what to do."),
    "Page": text("A page of HTML."),
    "Health": thing(
        {
            "status": text("That it lives.", const="ok"),
            "version": text("Coffer's version.", examples=["0.1.0"]),
            "service": text("What lives.", const="coffer"),
        },
        "A sign of life.",
    ),
    "OpenApi": {
        "type": "object",
        "description": "An OpenAPI document.",
        "externalDocs": {"url": "https://spec.openapis.org/oas/v3.1.0"},
    },
}
