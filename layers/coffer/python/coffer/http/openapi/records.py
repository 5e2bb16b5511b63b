"""What is known of a file, attribute by attribute: the schemas of records and of what they hold.

The attributes are those that `listing.attributes` emits; a test holds the two together. All
of them are always there, null where there is nothing to say, unless a table says otherwise.
"""

from __future__ import annotations

from coffer.domain.buckets import BUCKET_PATTERN
from coffer.domain.derivatives.record import DerivativeType
from coffer.domain.media_types import DcType
from coffer.domain.uploads.record import HashStatus, ThumbnailStatus, UploadStatus
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

_READER_STATES = (UploadStatus.AVAILABLE, UploadStatus.REJECTED)
_TYPE_EXAMPLES = ["image/jpeg"]

WARNINGS = thing(
    {
        "duplicate_found": text(
            "There is a file with the same content already, which the caller may see.",
            examples=["A file with the same content already exists"],
        )
    },
    "Things that are not wrong, but worth knowing, by code.",
    required=(),
)

OBJECT_UPLOAD: Members = {
    "dcType": nullable(one_of(DcType, "What kind of thing the file is, by its content.")),
    "createdBy": text("The name of the user who uploaded the file.", examples=["alice"]),
    "createdOn": moment("When the file was uploaded, or, sent straight to S3, when it arrived."),
    "originalFilename": text(
        "The name that the file came with; what names may not hold was replaced by an underscore.",
        examples=["my-image.png"],
    ),
    "sha1Hex": nullable(text("SHA-1 of the content, in hexadecimal.", pattern="^[0-9a-f]{40}$")),
    "crc32": nullable(
        text(
            "CRC-32 of the content, in hexadecimal; null where the store told only SHA-1.",
            pattern="^[0-9a-f]{8}$",
        )
    ),
    "hashStatus": nullable(
        one_of(
            HashStatus,
            "UNAVAILABLE: SHA-1 is not known, and will not be. Null where the file was refused.",
        )
    ),
    "receivedMediaType": nullable(text("The media type that was declared.", examples=["text/csv"])),
    "detectedMediaType": nullable(
        text("The media type that the content itself shows.", examples=_TYPE_EXAMPLES)
    ),
    "detectedFileExtension": nullable(
        text("The usual extension of the detected type, with its dot.", examples=[".jpg"])
    ),
    "evaluatedMediaType": nullable(
        text(
            "The media type that counts: the declared one, unless that said nothing useful.",
            examples=_TYPE_EXAMPLES,
        )
    ),
    "evaluatedFileExtension": nullable(
        text(
            "The extension that counts: the name's own, else the detected type's.",
            examples=[".jpeg"],
        )
    ),
    "sizeInBytes": nullable(whole_number("The size of the content, in bytes.", minimum=1)),
    "bucket": text(
        "The group that the file belongs to, as the uploader spelled it.", pattern=BUCKET_PATTERN
    ),
    "isDerivative": flag("Whether the file was made from another one."),
    "uploadStatus": one_of(
        _READER_STATES, "AVAILABLE: the file can be had. REJECTED: it was refused and removed."
    ),
    "rejectionReason": nullable(
        thing(
            {
                "code": text("A stable word for the reason.", examples=["media_type_forbidden"]),
                "detail": text("The reason as a sentence."),
            },
            "Why the file was refused; null where it was not.",
        )
    ),
    "thumbnailIdentifier": nullable(
        identifier("Under which the thumbnail can be had; null where none is made.")
    ),
    "thumbnailStatus": nullable(
        one_of(
            ThumbnailStatus,
            "Where the thumbnail stands. UNSUPPORTED: none is made of this type. Null for "
            "derivatives and refused files.",
        )
    ),
    "thumbnailFailure": nullable(
        text("A stable word for why there is no thumbnail.", examples=["image_damaged"])
    ),
    "dateTimeDigitized": nullable(
        text(
            "When the picture was taken, by the camera's clock: without a zone. Like all that the "
            "image says about itself it is known once thumbnailStatus is no longer PENDING.",
            pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$",
            examples=["2020-11-13T10:03:17"],
        )
    ),
    "exif": mapping(
        text("What it says, for people.", examples=["1/125 sec"]),
        "How the picture was taken, by the names of the tags; empty where nothing is said. "
        "The position is never among them.",
    ),
    "width": nullable(whole_number("Pixels across, as the image is shown upright.", minimum=1)),
    "height": nullable(whole_number("Pixels down, as the image is shown upright.", minimum=1)),
    "orientation": nullable(
        whole_number(
            "How the file's image must be turned to stand upright, as EXIF numbers it.",
            minimum=1,
            maximum=8,
        )
    ),
}

METADATA: Members = {
    "createdBy": text("The name of the user who created the record.", examples=["alice"]),
    "createdOn": moment("When the record was created."),
    "bucket": text("The group that the record belongs to.", pattern=BUCKET_PATTERN),
    "group": text("The bucket, under its older name.", pattern=BUCKET_PATTERN),
    "fileIdentifier": nullable(
        identifier("The file that is described; null for an external resource.")
    ),
    "resourceExternalURL": nullable(url("Where the external resource is; null for a stored file.")),
    "originalFilename": nullable(text("The name that the file came with.")),
    "filename": nullable(text("What the file is called when it is handed out.")),
    "fileExtension": nullable(text("The file's extension, with its dot.", examples=[".png"])),
    "dcFormat": text("The media type of the file or resource.", examples=["image/png"]),
    "dcType": one_of(DcType, "What kind of thing is described."),
    "acDigitizationDate": nullable(moment("When the original was digitised.")),
    "xmpMetadataDate": moment("When the description was last changed."),
    "xmpRightsWebStatement": text("Where the rights are stated, usually a URL."),
    "dcRights": text("Who holds which rights, as a sentence."),
    "xmpRightsOwner": text("Who owns the rights."),
    "xmpRightsUsageTerms": text("On what terms it may be used."),
    "orientation": nullable(
        whole_number("The image's orientation, as EXIF numbers it.", minimum=1, maximum=8)
    ),
    "acHashFunction": nullable(text("The function behind acHashValue.", examples=["SHA-1"])),
    "acHashValue": nullable(text("The hash of the file's content, in hexadecimal.")),
    "publiclyReleasable": flag("Whether everybody who is signed in may see record and file."),
    "managedAttributes": mapping(
        text("The value."), "Values of managed attributes, by their keys."
    ),
    "sourceSet": nullable(text("A name for the batch that the record came with.")),
    "acCaption": text("What is to be seen, in a sentence. Left out where there is none."),
    "acTags": many(text("One tag."), "Words to find it by. Left out where there are none."),
    "notPubliclyReleasableReason": text("Why it is not public. Left out where none was given."),
    "acSubtype": text("A finer kind, of the vocabulary. Left out where there is none."),
}
METADATA_WHEN_GIVEN = ("acCaption", "acTags", "notPubliclyReleasableReason", "acSubtype")

DERIVATIVE: Members = {
    "bucket": text("The group that the derivative belongs to.", pattern=BUCKET_PATTERN),
    "filename": nullable(text("What the file is called when it is handed out.")),
    "fileIdentifier": identifier("Under which the file can be had."),
    "fileExtension": text("The file's extension, with its dot.", examples=[".jpg"]),
    "dcType": one_of(DcType, "What kind of thing the file is."),
    "dcFormat": text("The media type of the file.", examples=["image/jpeg"]),
    "acHashFunction": nullable(text("The function behind acHashValue.", examples=["SHA-1"])),
    "acHashValue": nullable(text("The hash of the file's content, in hexadecimal.")),
    "createdBy": text(
        "The name of the user who created the record; 'System Generated' where Coffer did.",
        examples=["alice"],
    ),
    "createdOn": moment("When the record was created."),
    "derivativeType": nullable(one_of(DerivativeType, "What the file is for.")),
    "publiclyReleasable": flag("Whether everybody who is signed in may see record and file."),
    "sourceSet": nullable(text("A name for the batch that the record came with.")),
    "acTags": many(text("One tag."), "Words to find it by. Left out where there are none."),
    "notPubliclyReleasableReason": text("Why it is not public. Left out where none was given."),
}
DERIVATIVE_WHEN_GIVEN = ("acTags", "notPubliclyReleasableReason")

PERSON = thing(
    {
        "data": thing(
            {
                "type": text("The type of the other resource.", const="person"),
                "id": identifier("Which person; the agent service knows more."),
            },
            "The person, by type and id.",
        )
    },
    "A person, who is kept by another service.",
)
PERSONS: Members = {
    "acMetadataCreator": reference("Person", "Who described it."),
    "dcCreator": reference("Person", "Who made what is described."),
}


def resource(
    kind: str, attributes: str, description: str, *, more: Members | None = None
) -> Schema:
    """A JSON:API resource object, with `more` members that it may have."""
    always: Members = {
        "id": identifier("The id of the record."),
        "type": text("The type of the record.", const=kind),
        "attributes": reference(attributes, "What is known."),
    }
    return thing({**always, **(more or {})}, description, required=always)


VERSION = thing(
    {"moduleVersion": text("Coffer's version.", examples=["0.1.0"])}, "Beside the records."
)


def document(resource_name: str, description: str) -> Schema:
    """A JSON:API document with one resource."""
    return thing(
        {
            "data": reference(resource_name, "The record."),
            "links": thing({"self": url("Where this very record can be read.")}, "Where it is."),
            "meta": VERSION,
        },
        description,
    )


def in_bulk(resource_name: str, description: str) -> Schema:
    """A JSON:API document with many resources."""
    return thing(
        {"data": many(reference(resource_name, "A record."), "The records."), "meta": VERSION},
        description,
    )


META = thing({"warnings": reference("Warnings", "Warnings, by code.")}, "Beside the record itself.")
FLAT_UPLOAD = thing(
    {
        "id": identifier("The fileIdentifier once more."),
        "fileIdentifier": identifier("Under which the file and its record can be had."),
        **OBJECT_UPLOAD,
        "meta": META,
    },
    "The record of an upload as one flat object, as older clients expect it.",
    required=("id", "fileIdentifier", *OBJECT_UPLOAD),
)

SCHEMAS: Members = {
    "Warnings": WARNINGS,
    "ObjectUploadAttributes": thing(OBJECT_UPLOAD, "What is known of an uploaded file."),
    "ObjectUpload": resource(
        "object-upload",
        "ObjectUploadAttributes",
        "The record of an uploaded file.",
        more={"meta": META},
    ),
    "ObjectUploadDocument": document("ObjectUpload", "The record of an uploaded file."),
    "FlatObjectUpload": FLAT_UPLOAD,
    "Person": PERSON,
    "MetadataAttributes": thing(
        METADATA,
        "The description of a file, or of a resource outside.",
        required=[name for name in METADATA if name not in METADATA_WHEN_GIVEN],
    ),
    "Metadata": resource(
        "metadata",
        "MetadataAttributes",
        "The description of a file, or of a resource outside.",
        more={
            "relationships": thing(PERSONS, "Persons who had a part in it.", required=()),
        },
    ),
    "MetadataDocument": document("Metadata", "One description."),
    "DerivativeAttributes": thing(
        DERIVATIVE,
        "What is known of a file that was made from another.",
        required=[name for name in DERIVATIVE if name not in DERIVATIVE_WHEN_GIVEN],
    ),
    "Derivative": resource(
        "derivative", "DerivativeAttributes", "The record of a file that was made from another."
    ),
    "DerivativeDocument": document("Derivative", "One derivative."),
    "MetadataInBulk": in_bulk("Metadata", "Descriptions, in the order of the request."),
    "DerivativesInBulk": in_bulk("Derivative", "Derivatives, in the order of the request."),
}
