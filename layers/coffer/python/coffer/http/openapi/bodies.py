"""What callers send below /api: forms, announcements of files, descriptions.

A test sends what these schemas allow and what they forbid, and holds them to what
`coffer.http.uploads.forms`, `upload_documents` and `metadata_documents` make of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from coffer.domain.buckets import BUCKET_PATTERN
from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
from coffer.domain.derivatives.record import DerivativeType
from coffer.domain.file_names import MAX_NAME_LENGTH
from coffer.domain.media_types import MAX_MEDIA_TYPE_LENGTH, DcType
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.text_safety import NO_MARKUP_PATTERN
from coffer.domain.transactions.bulk import MAX_ENTRIES
from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS
from coffer.domain.uploads.presigned_uploads import MAX_FILES
from coffer.domain.vocabulary.terms import MAX_TERM_LENGTH
from coffer.domain.vocabulary.usage import MAX_MANAGED_ATTRIBUTES
from coffer.http.openapi.schemas import (
    Members,
    Schema,
    flag,
    identifier,
    many,
    mapping,
    moment,
    nullable,
    one_of,
    reference,
    text,
    thing,
    url,
    whole_number,
)

_NOTHING = "^\\s*$"
_MEDIA_TYPE = f"{_NOTHING}|^[!-.0-~][ -.0-~]*/[ -~]*[!-~]$"
_SOMETHING = "[^\\s]"
_LONGEST = {one.name: one.max_length for one in METADATA_FIELDS.writable if one.max_length}


def _prose(name: str, description: str, **rules: object) -> Schema:
    limit = {"maxLength": _LONGEST[name]} if name in _LONGEST else {}
    return nullable(text(description, pattern=NO_MARKUP_PATTERN, **limit, **rules))


_DC_TYPES = tuple(dict.fromkeys(word for kind in DcType for word in (kind.value, kind.label)))

NEW_METADATA: Members = {
    "bucket": text("The group that the record belongs to.", pattern=BUCKET_PATTERN),
    "fileIdentifier": nullable(
        identifier("The file to describe: an upload of this bucket that nothing describes yet.")
    ),
    "resourceExternalURL": nullable(
        url(
            "Where the resource is that is described instead of a file.",
            pattern=NO_MARKUP_PATTERN,
            maxLength=_LONGEST["resourceExternalURL"],
        )
    ),
    "filename": _prose(
        "filename", "What the file is called when it is handed out; else its original name."
    ),
    "dcFormat": _prose(
        "dcFormat", "The media type of an external resource; a file's own is known already."
    ),
    "dcType": nullable(
        one_of(
            _DC_TYPES,
            "What kind of thing is described; else it follows from the media type. Case and "
            "whatever is no letter do not count.",
        )
    ),
    "acCaption": _prose("acCaption", "What is to be seen, in a sentence."),
    "acDigitizationDate": nullable(moment("When the original was digitised, with an offset.")),
    "xmpRightsWebStatement": _prose(
        "xmpRightsWebStatement", "Where the rights are stated; else the deployment's default."
    ),
    "dcRights": _prose(
        "dcRights", "Who holds which rights, as a sentence; else the deployment's default."
    ),
    "xmpRightsOwner": _prose(
        "xmpRightsOwner", "Who owns the rights; else the deployment's default."
    ),
    "xmpRightsUsageTerms": _prose(
        "xmpRightsUsageTerms", "On what terms it may be used; else the deployment's default."
    ),
    "orientation": nullable(
        whole_number("The image's orientation, as EXIF numbers it.", minimum=1, maximum=8)
    ),
    "acTags": nullable(
        many(
            text("One tag.", pattern=NO_MARKUP_PATTERN, maxLength=250),
            "Words to find it by.",
            maxItems=100,
        )
    ),
    "publiclyReleasable": nullable(
        flag("Whether everybody who is signed in may see it; else images are, the rest is not.")
    ),
    "notPubliclyReleasableReason": _prose(
        "notPubliclyReleasableReason", "Why it is not to be public."
    ),
    "acSubtype": nullable(
        text(
            "A finer kind of thing: the acSubtype of an object-subtype of the same dcType.",
            pattern=NO_MARKUP_PATTERN,
            maxLength=MAX_TERM_LENGTH,
        )
    ),
    "managedAttributes": nullable(
        mapping(
            text("The value."),
            "Values of managed attributes, by their keys; each of its attribute's type.",
            maxProperties=MAX_MANAGED_ATTRIBUTES,
        )
    ),
    "sourceSet": _prose("sourceSet", "A name for the batch that the record comes with."),
}

_SUBJECTS = [
    {
        "description": "A stored file.",
        "properties": {
            "fileIdentifier": {"type": "string", "description": "The file."},
            "resourceExternalURL": {"type": "null", "description": "Not both."},
        },
        "required": ["fileIdentifier"],
    },
    {
        "description": "A resource outside, whose media type only the caller knows.",
        "properties": {
            "resourceExternalURL": text("The resource.", pattern=_SOMETHING),
            "dcFormat": text("Its media type.", pattern=_SOMETHING),
            "fileIdentifier": {"type": "null", "description": "Not both."},
        },
        "required": ["resourceExternalURL", "dcFormat"],
    },
]

_GIVEN_PERSON = thing(
    {
        "data": nullable(
            thing(
                {
                    "type": text("The type of the other resource.", const="person"),
                    "id": identifier("Which person."),
                },
                "The person, by type and id; null for nobody.",
            )
        )
    },
    "A person, who is kept by another service.",
    required=(),
)


def _given(
    members: Members, passed_over: Collection[str], description: str, **rules: Any
) -> Schema:
    """Attributes that a caller may send; those that the server sets are passed over."""
    ignored = {
        name: {"description": "Set by the server: whatever is sent is passed over."}
        for name in sorted(passed_over)
    }
    return thing({**members, **ignored}, description, closed=True, **rules)


_IGNORED_MEMBERS: Mapping[str, str] = {
    "lid": "Not taken.",
    "links": "Passed over.",
    "meta": "Passed over.",
}


def _document(
    kind: str,
    attributes: Schema,
    relationships: Members,
    description: str,
    *,
    changes: bool = False,
) -> Schema:
    """A JSON:API document that creates a resource, or changes the one whose id it has."""
    is_given = identifier("Which record: the id of the path.")
    return thing(
        {
            "data": thing(
                {
                    "type": text("The type of the record.", const=kind),
                    "id": is_given if changes else {"description": "Not taken: it is given."},
                    "attributes": attributes,
                    "relationships": thing(
                        relationships, "Who or what belongs to it.", required=(), closed=True
                    ),
                    **{name: {"description": why} for name, why in _IGNORED_MEMBERS.items()},
                },
                "The record.",
                required=("type", "id") if changes else ("type", "attributes"),
                closed=True,
            )
        },
        description,
    )


def _to(kind: str, description: str) -> Schema:
    """A relationship as callers send it, to a resource of this API."""
    return thing(
        {
            "data": nullable(
                thing(
                    {
                        "type": text("The type of the other resource.", const=kind),
                        "id": identifier("Which one."),
                    },
                    "The other resource, by type and id; null for none.",
                )
            )
        },
        description,
        required=(),
    )


_PERSONS: Members = {
    "acMetadataCreator": reference("GivenPerson", "Who describes it."),
    "dcCreator": reference("GivenPerson", "Who made what is described."),
    "derivatives": {"description": "Follows from the derivatives: passed over."},
}
_SOURCES: Members = {
    "acDerivedFrom": _to(
        "metadata", "The description of what it was made from; of the same bucket, and readable."
    ),
    "generatedFromDerivative": _to(
        "derivative", "The derivative that it was made from, if it was one."
    ),
}

NEW_DERIVATIVE: Members = {
    "bucket": nullable(text("Passed over: it is the file's.", pattern=NO_MARKUP_PATTERN)),
    "fileIdentifier": nullable(
        identifier("The file: one that was uploaded as a derivative, and has no record yet.")
    ),
    "filename": _prose(
        "filename", "What the file is called when it is handed out; else its original name."
    ),
    "dcType": nullable(
        one_of(_DC_TYPES, "What kind of thing it is. Case and whatever is no letter do not count.")
    ),
    "dcFormat": _prose("dcFormat", "Its media type; else what is known of the file."),
    "derivativeType": nullable(
        one_of(
            DerivativeType,
            "What it is for. THUMBNAIL_IMAGE has to be image/jpeg; it is served as it is.",
        )
    ),
    "publiclyReleasable": nullable(
        flag("Whether everybody who is signed in may see it; else it is not.")
    ),
    "notPubliclyReleasableReason": _prose(
        "notPubliclyReleasableReason", "Why it is not to be public."
    ),
    "acTags": NEW_METADATA["acTags"],
    "sourceSet": _prose("sourceSet", "A name for the batch that the record comes with."),
}

_CORRECTED_TYPE = text("The media type.", pattern=NO_MARKUP_PATTERN, maxLength=150)
_CORRECTED_EXTENSION = text("The extension, with its dot.", pattern="^(\\.[^<]*)?$", maxLength=10)
CORRECTIONS: Members = {
    "originalFilename": nullable(
        text(
            "The name that the file came with.",
            pattern=NO_MARKUP_PATTERN,
            maxLength=MAX_NAME_LENGTH,
        )
    ),
    "receivedMediaType": nullable(_CORRECTED_TYPE),
    "detectedMediaType": _CORRECTED_TYPE,
    "detectedFileExtension": nullable(_CORRECTED_EXTENSION),
    "evaluatedMediaType": _CORRECTED_TYPE,
    "evaluatedFileExtension": nullable(_CORRECTED_EXTENSION),
    "dcType": one_of(_DC_TYPES, "What kind of thing it is."),
}

DOCUMENTS: Members = {
    "NewMetadataAttributes": _given(
        NEW_METADATA,
        METADATA_FIELDS.set_by_server,
        "What is said of a file, or of a resource outside. Null is the same as left out.",
        required=("bucket",),
        oneOf=_SUBJECTS,
    ),
    "NewMetadataDocument": _document(
        "metadata",
        reference("NewMetadataAttributes", "What is said."),
        _PERSONS,
        "A JSON:API document with the description to create.",
    ),
    "MetadataChanges": _given(
        NEW_METADATA,
        METADATA_FIELDS.set_by_server,
        "What is to be changed: nothing else is. Null clears. A file stays, and its bucket.",
        required=(),
    ),
    "MetadataChangesDocument": _document(
        "metadata",
        reference("MetadataChanges", "What is changed."),
        _PERSONS,
        "A JSON:API document with what changes of a description.",
        changes=True,
    ),
    "NewDerivativeAttributes": _given(
        NEW_DERIVATIVE,
        DERIVATIVE_FIELDS.set_by_server,
        "What is said of a file that was made from another. Null is the same as left out.",
        required=("fileIdentifier", "dcType"),
    ),
    "NewDerivativeDocument": _document(
        "derivative",
        reference("NewDerivativeAttributes", "What is said."),
        _SOURCES,
        "A JSON:API document with the derivative to record.",
    ),
    "DerivativeChanges": _given(
        NEW_DERIVATIVE,
        DERIVATIVE_FIELDS.set_by_server,
        "What is to be changed: nothing else is. Null clears. A file stays, and its bucket.",
        required=(),
    ),
    "DerivativeChangesDocument": _document(
        "derivative",
        reference("DerivativeChanges", "What is changed."),
        _SOURCES,
        "A JSON:API document with what changes of a derivative.",
        changes=True,
    ),
    "ObjectUploadChanges": _given(
        CORRECTIONS,
        OBJECT_UPLOAD_FIELDS.set_by_server,
        "What is set right: nothing else is.",
        required=(),
    ),
    "ObjectUploadChangesDocument": _document(
        "object-upload",
        reference("ObjectUploadChanges", "What is set right."),
        {},
        "A JSON:API document with what was wrong about a file.",
        changes=True,
    ),
    "GivenPerson": _GIVEN_PERSON,
}


def _in_bulk(name: str, description: str) -> Schema:
    """A document with many of the resources that another document has one of."""
    one = DOCUMENTS[name]["properties"]["data"]
    return thing({"data": many(one, "The records.", minItems=1, maxItems=MAX_ENTRIES)}, description)


def _naming(kind: str) -> Schema:
    one = thing(
        {
            "type": text("The type of the record.", const=kind),
            "id": identifier("Which record."),
            "attributes": {"type": "object", "description": "Passed over."},
            **{name: {"description": why} for name, why in _IGNORED_MEMBERS.items()},
        },
        "A record, by its id.",
        required=("type", "id"),
        closed=True,
    )
    return thing(
        {"data": many(one, "The records.", minItems=1, maxItems=MAX_ENTRIES)},
        "A JSON:API document that names records.",
    )


BULK: Members = {
    "NewMetadataInBulk": _in_bulk("NewMetadataDocument", "Descriptions to create."),
    "MetadataChangesInBulk": _in_bulk("MetadataChangesDocument", "Changes of descriptions."),
    "NewDerivativesInBulk": _in_bulk("NewDerivativeDocument", "Derivatives to record."),
    "DerivativeChangesInBulk": _in_bulk("DerivativeChangesDocument", "Changes of derivatives."),
    "NamedMetadata": _naming("metadata"),
    "NamedDerivatives": _naming("derivative"),
    "NamedObjectUploads": _naming("object-upload"),
}

_HASHES = {"sha1Hex": ("SHA-1", 40), "sha256Hex": ("SHA-256", 64), "crc32": ("CRC-32", 8)}

CHECKSUMS = nullable(
    thing(
        {
            name: text(f"{algorithm}, in hexadecimal.", pattern=f"^[0-9A-Fa-f]{{{digits}}}$")
            for name, (algorithm, digits) in _HASHES.items()
        },
        "What the content adds up to: one of these. S3 then takes no other content.",
        required=(),
        closed=True,
        maxProperties=1,
    )
)


def announced_file(max_post_bytes: int) -> Schema:
    """One file that is going to be uploaded."""
    return thing(
        {
            "originalFilename": text(
                "The name that the file has. Its extension may have 9 characters.",
                maxLength=MAX_NAME_LENGTH,
                pattern=_SOMETHING,
                examples=["field-recording.wav"],
            ),
            "receivedMediaType": nullable(
                text(
                    "The media type to declare. The upload then has to be of exactly this type.",
                    maxLength=MAX_MEDIA_TYPE_LENGTH,
                    pattern=_MEDIA_TYPE,
                    examples=["audio/wav"],
                )
            ),
            "sizeInBytes": nullable(
                whole_number(
                    "The size of the content in bytes. The upload then has to be exactly as large.",
                    minimum=1,
                    maximum=max_post_bytes,
                )
            ),
            "isDerivative": flag("Whether the file was made from another one.", default=False),
            "checksums": reference("Checksums", "What the content adds up to."),
            "md5": nullable(
                text("MD5 of the content, in base64.", pattern="^[A-Za-z0-9+/]{22}==$")
            ),
        },
        "One file that is going to be uploaded.",
        required=("originalFilename",),
        closed=True,
    )


UPLOAD_REQUEST = thing(
    {
        "files": many(
            reference("AnnouncedFile"), "The files, in any order.", minItems=1, maxItems=MAX_FILES
        )
    },
    "The files that are going to be uploaded: all of them are signed for, or none.",
)


def file_form(max_direct_upload_bytes: int) -> Schema:
    """The form that brings a small file."""
    return thing(
        {
            "file": {
                "type": "string",
                "format": "binary",
                "contentMediaType": "application/octet-stream",
                "description": "The file: its bytes, its name, and in the part's own Content-Type "
                f"its media type. At most {max_direct_upload_bytes} bytes.",
            }
        },
        "A form with one file. Other parts are passed over; there may be 16 in all.",
    )


def schemas(*, max_direct_upload_bytes: int, max_post_bytes: int) -> Members:
    """The schemas of requests, with the limits of this deployment."""
    return {
        "FileForm": file_form(max_direct_upload_bytes),
        "UploadRequest": UPLOAD_REQUEST,
        "AnnouncedFile": announced_file(max_post_bytes),
        "Checksums": CHECKSUMS,
        **DOCUMENTS,
        **BULK,
    }
