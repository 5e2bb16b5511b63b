"""Attributes: how a record looks from outside, in the API, in the audit and on the bus.

The names are the reference's. Values are ready for JSON; times are ISO 8601 in UTC. Attributes
that the reference leaves out when they are empty are left out here too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from coffer.domain.clock import to_text
from coffer.domain.derivatives.record import Derivative
from coffer.domain.export.record import Export
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import ObjectUpload
from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype

DUPLICATE_WARNING = {"duplicate_found": "A file with the same content already exists"}


def upload_attributes(upload: ObjectUpload) -> dict[str, Any]:
    """What is public of an upload; the facts about its content are null where it was refused."""
    content = upload.inspected_content
    return {
        "dcType": content.dc_type.value if content else None,
        "createdBy": upload.created_by,
        "createdOn": to_text(upload.created_on),
        "originalFilename": upload.original_filename,
        "sha1Hex": content.sha1_hex if content else None,
        "crc32": content.crc32 if content else None,
        "hashStatus": content.hash_status.value if content and not upload.rejection else None,
        "receivedMediaType": upload.received_media_type,
        "detectedMediaType": content.detected_media_type if content else None,
        "detectedFileExtension": content.detected_file_extension if content else None,
        "evaluatedMediaType": content.evaluated_media_type if content else None,
        "evaluatedFileExtension": content.evaluated_file_extension if content else None,
        "sizeInBytes": content.size_in_bytes if content else None,
        "bucket": upload.bucket,
        "isDerivative": upload.is_derivative,
        "uploadStatus": upload.status.value,
        "rejectionReason": (
            {"code": upload.rejection.code, "detail": upload.rejection.detail}
            if upload.rejection
            else None
        ),
        "thumbnailIdentifier": upload.thumbnail_identifier if upload.is_readable else None,
        "thumbnailStatus": upload.thumbnail_status.value if upload.thumbnail_status else None,
        "thumbnailFailure": upload.thumbnail_failure,
        "dateTimeDigitized": upload.image_properties.date_time_digitized,
        "exif": dict(upload.image_properties.exif),
        "width": upload.image_properties.width,
        "height": upload.image_properties.height,
        "orientation": upload.image_properties.orientation,
    }


def upload_warnings(*, duplicate_found: bool) -> dict[str, str]:
    """The warnings of an upload, by code; empty where there are none."""
    return DUPLICATE_WARNING if duplicate_found else {}


def metadata_attributes(metadata: Metadata) -> dict[str, Any]:
    """What is public of a metadata record."""
    always: dict[str, Any] = {
        "createdBy": metadata.created_by,
        "createdOn": to_text(metadata.created_on),
        "bucket": metadata.bucket,
        "group": metadata.bucket,
        "fileIdentifier": metadata.file_identifier,
        "resourceExternalURL": metadata.resource_external_url,
        "originalFilename": metadata.original_filename,
        "filename": metadata.filename,
        "fileExtension": metadata.file_extension,
        "dcFormat": metadata.dc_format,
        "dcType": metadata.dc_type.value,
        "acDigitizationDate": _text(metadata.ac_digitization_date),
        "xmpMetadataDate": to_text(metadata.xmp_metadata_date),
        "xmpRightsWebStatement": metadata.xmp_rights_web_statement,
        "dcRights": metadata.dc_rights,
        "xmpRightsOwner": metadata.xmp_rights_owner,
        "xmpRightsUsageTerms": metadata.xmp_rights_usage_terms,
        "orientation": metadata.orientation,
        "acHashFunction": metadata.ac_hash_function,
        "acHashValue": metadata.ac_hash_value,
        "publiclyReleasable": metadata.publicly_releasable,
        "managedAttributes": dict(metadata.managed_attributes),
        "sourceSet": metadata.source_set,
    }
    when_given = {
        "acCaption": metadata.ac_caption,
        "acTags": list(metadata.ac_tags),
        "notPubliclyReleasableReason": metadata.not_publicly_releasable_reason,
        "acSubtype": metadata.ac_subtype,
    }
    return always | {name: value for name, value in when_given.items() if value}


def derivative_attributes(derivative: Derivative) -> dict[str, Any]:
    """What is public of a derivative record."""
    kind = derivative.derivative_type
    always: dict[str, Any] = {
        "bucket": derivative.bucket,
        "filename": derivative.filename,
        "fileIdentifier": derivative.file_identifier,
        "fileExtension": derivative.file_extension,
        "dcType": derivative.dc_type.value,
        "dcFormat": derivative.dc_format,
        "acHashFunction": derivative.ac_hash_function,
        "acHashValue": derivative.ac_hash_value,
        "createdBy": derivative.created_by,
        "createdOn": to_text(derivative.created_on),
        "derivativeType": kind.value if kind else None,
        "publiclyReleasable": derivative.publicly_releasable,
        "sourceSet": derivative.source_set,
    }
    when_given = {
        "acTags": list(derivative.ac_tags),
        "notPubliclyReleasableReason": derivative.not_publicly_releasable_reason,
    }
    return always | {name: value for name, value in when_given.items() if value}


def managed_attribute_attributes(attribute: ManagedAttribute) -> dict[str, Any]:
    """What is public of a managed attribute."""
    accepted = attribute.accepted_values
    return {
        "name": attribute.name,
        "key": attribute.key,
        "vocabularyElementType": attribute.vocabulary_element_type.value,
        "acceptedValues": None if accepted is None else list(accepted),
        "multilingualDescription": {
            "descriptions": [
                {"lang": one.lang, "desc": one.desc} for one in attribute.multilingual_description
            ]
        },
        "createdBy": attribute.created_by,
        "createdOn": to_text(attribute.created_on),
    }


def object_subtype_attributes(subtype: ObjectSubtype) -> dict[str, Any]:
    """What is public of a subtype."""
    return {
        "dcType": subtype.dc_type.value,
        "acSubtype": subtype.ac_subtype,
        "createdBy": subtype.created_by,
        "createdOn": to_text(subtype.created_on),
    }


def _text(moment: datetime | None) -> str | None:
    return to_text(moment) if moment else None


def export_attributes(export: Export) -> dict[str, Any]:
    """What the audit keeps of an export: of its problems how many there were, and no key."""
    return {
        "createdBy": export.created_by,
        "createdOn": to_text(export.created_on),
        "name": export.name,
        "status": export.status.value,
        "files": export.entries,
        "sizeInBytes": export.bytes_total,
        "problems": {code: len(files) for code, files in export.problems.items()},
        "failure": export.failure,
        "archiveSizeInBytes": export.archive_bytes,
        "finishedOn": _text(export.finished_on),
    }
