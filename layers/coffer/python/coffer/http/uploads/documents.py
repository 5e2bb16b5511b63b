"""Records of uploads at the edge: shown, and set right."""

from __future__ import annotations

from typing import Any

from coffer.domain.errors import MalformedRequestError, Problem
from coffer.domain.listing.attributes import upload_attributes, upload_warnings
from coffer.domain.uploads.record import ObjectUpload
from coffer.http import field_types as shape
from coffer.http.documents import ResourceDocument, resource
from coffer.http.field_types import Attributes, read_attributes
from coffer.http.relationships import read_relationships

TYPE = "object-upload"
CORRECTED: Attributes = (
    ("originalFilename", "original_filename", shape.plain_text),
    ("receivedMediaType", "received_media_type", shape.plain_text),
    ("detectedMediaType", "detected_media_type", shape.plain_text),
    ("detectedFileExtension", "detected_file_extension", shape.plain_text),
    ("evaluatedMediaType", "evaluated_media_type", shape.plain_text),
    ("evaluatedFileExtension", "evaluated_file_extension", shape.plain_text),
    ("dcType", "dc_type", shape.dc_type),
)
"""What an administrator may set right."""
SET_BY_THE_SERVER = frozenset(
    {
        "fileIdentifier",
        "createdBy",
        "createdOn",
        "sha1Hex",
        "crc32",
        "hashStatus",
        "sizeInBytes",
        "bucket",
        "isDerivative",
        "uploadStatus",
        "rejectionReason",
        "thumbnailIdentifier",
        "thumbnailStatus",
        "thumbnailFailure",
        "dateTimeDigitized",
        "exif",
        "width",
        "height",
        "orientation",
    }
)


def present_upload(upload: ObjectUpload, *, duplicate_found: bool) -> dict[str, Any]:
    """The object-upload resource."""
    return resource(
        TYPE,
        upload.file_identifier,
        upload_attributes(upload),
        warnings=upload_warnings(duplicate_found=duplicate_found),
    )


def upload_changes(document: ResourceDocument) -> dict[str, Any]:
    """What a document corrects of an upload, by the names of the domain; None clears."""
    problems: list[Problem] = []
    values = read_attributes(
        TYPE,
        document.attributes,
        CORRECTED,
        problems,
        passed_over=SET_BY_THE_SERVER,
        clears=True,
    )
    read_relationships(document.relationships, {}, problems)
    if problems:
        raise MalformedRequestError.of(problems)
    return values
