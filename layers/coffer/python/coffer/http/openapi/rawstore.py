"""What the rawstore API takes and gives; the form is BitStore's."""

from __future__ import annotations

from coffer.domain.rawstore.datasets import DEFAULT_TYPE, MAX_FILE_BYTES, MAX_FILES, PRIVATE
from coffer.domain.rawstore.keys import MAX_KEY_BYTES
from coffer.domain.rawstore.validation import MAX_LENGTH
from coffer.http.openapi.schemas import (
    Members,
    Schema,
    flag,
    many,
    mapping,
    nullable,
    reference,
    text,
    thing,
    url,
    whole_number,
)

_HEADER_VALUE = "^([!-~]([ -~]*[!-~])?)?$"
_NO_CONTROLS = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
_MD5 = "^([A-Za-z0-9+/]{22}==|[0-9A-Fa-f]{32})$"


def _name(description: str) -> Schema:
    return nullable(text(description, maxLength=MAX_LENGTH, pattern=_NO_CONTROLS))


PACKAGE = thing(
    {
        "owner": text(
            "Whose dataset it is: the userid of the token.",
            minLength=1,
            maxLength=MAX_LENGTH,
            pattern=_HEADER_VALUE,
        ),
        "dataset": _name("The name of the dataset, which becomes part of the keys."),
        "name": _name(
            "The same from the oldest clients, which then get the answer under fileData, too."
        ),
        "findability": nullable(
            text(
                f"'{PRIVATE}' keeps the files private; anything else is the uploader's own word.",
                maxLength=MAX_LENGTH,
                pattern=_HEADER_VALUE,
                examples=["published"],
            )
        ),
    },
    "The dataset.",
    required=("owner",),
)

PACKAGE_FILE = thing(
    {
        "length": whole_number("The size in bytes.", minimum=0, maximum=MAX_FILE_BYTES),
        "md5": text("MD5 of the content, in base64 (or in hexadecimal).", pattern=_MD5),
        "type": nullable(
            text(
                f"The media type; {DEFAULT_TYPE} where there is none.",
                maxLength=MAX_LENGTH,
                pattern=_HEADER_VALUE,
                examples=["text/csv"],
            )
        ),
        "name": _name("What the file is called; else the last segment of its path."),
    },
    "One file.",
    required=("length", "md5"),
)

SIGNED_FILE = thing(
    {
        "upload_url": url("Where the form is posted to."),
        "upload_query": mapping(
            text("The field's value."), "The form's fields, by name; the file follows as the last."
        ),
        "exists": flag("Whether the store has this very file for its owner: it can be left out."),
        "md5": text("MD5 of the content, in base64."),
        "md5-hash": text("The same under its older name."),
        "name": text("What the file is called."),
        "type": text("The media type."),
        "length": whole_number("The size in bytes.", minimum=0),
    },
    "One signed upload.",
)

_SIGNED = mapping(reference("SignedFile"), "The signed uploads, by the paths of the request.")

SCHEMAS: Members = {
    "PackageRequest": thing(
        {
            "metadata": reference("Package", "The dataset."),
            "filedata": mapping(
                reference("PackageFile"),
                "The files by their paths in the dataset.",
                maxProperties=MAX_FILES,
                propertyNames={
                    "description": "Segments between slashes: none is empty, '.' or '..'.",
                    "minLength": 1,
                    "maxLength": MAX_KEY_BYTES,
                },
            ),
        },
        "A dataset whose files are going to be uploaded.",
    ),
    "Package": PACKAGE,
    "PackageFile": PACKAGE_FILE,
    "SignedPackage": thing(
        {
            "filedata": _SIGNED,
            "fileData": {
                **_SIGNED,
                "description": "The same once more, when the request named its dataset as name.",
            },
        },
        "The signed uploads.",
        required=("filedata",),
    ),
    "SignedFile": SIGNED_FILE,
    "PresignedFile": thing(
        {"url": url("Where the file can be downloaded.")}, "The link to a file."
    ),
    "Prefixes": thing(
        {"prefixes": many(url("One beginning."), "The one in use first.", minItems=1)},
        "The beginnings that the address of a file of this user can have.",
    ),
}
