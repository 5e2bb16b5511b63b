"""The attribute table of object uploads. Administrators may correct the writable attributes."""

from __future__ import annotations

from coffer.domain.fields import Field, FieldType, RecordFields
from coffer.domain.file_names import MAX_EXTENSION_LENGTH, MAX_NAME_LENGTH
from coffer.domain.media_types import MAX_MEDIA_TYPE_LENGTH, DcType
from coffer.domain.uploads.record import HashStatus, ThumbnailStatus, UploadStatus

_EXTENSION_PATTERN = "^(\\.[^<]*)?$"

# fmt: off
OBJECT_UPLOAD_FIELDS = RecordFields(
    "object-upload",
    (
        Field("dcType", "inspected_content.dc_type", FieldType.CHOICE, writable=True, nullable=True,
              required=True, choices=DcType, doc="Kind of the file, by its content."),
        Field("createdBy", "created_by", FieldType.TEXT, examples=("alice",),
              doc="Name of the user who uploaded the file."),
        Field("createdOn", "created_on", FieldType.TIME, sortable=True,
              doc="Time of the upload; of a file sent straight to S3, the time when it arrived."),
        Field("originalFilename", "original_filename", FieldType.TEXT, writable=True,
              resettable=True, sortable=True, max_length=MAX_NAME_LENGTH,
              examples=("my-image.png",),
              doc="Name of the uploaded file. Characters that are not allowed are replaced by an "
              "underscore.", request_doc="Name of the uploaded file."),
        Field("relativePath", "relative_path", FieldType.TEXT, nullable=True,
              examples=("folder/sub/my-image.png",),
              doc="Path of the file in the folder that was uploaded, with originalFilename at its "
              "end; null if the file was sent without a folder. Names of folders are made safe as "
              "names of files are."),
        Field("sha1Hex", "inspected_content.sha1_hex", FieldType.TEXT, nullable=True,
              pattern="^[0-9a-f]{40}$", doc="SHA-1 of the content, in hexadecimal."),
        Field("crc32", "inspected_content.crc32", FieldType.TEXT, nullable=True,
              pattern="^[0-9a-f]{8}$",
              doc="CRC-32 of the content, in hexadecimal; null if the store reported only SHA-1."),
        Field("hashStatus", "hash_status", FieldType.CHOICE, nullable=True, choices=HashStatus,
              doc="UNAVAILABLE if SHA-1 is not known and will not be computed; null if the file "
              "was refused."),
        Field("receivedMediaType", "received_media_type", FieldType.TEXT, writable=True,
              nullable=True, is_header=True, max_length=MAX_MEDIA_TYPE_LENGTH,
              examples=("text/csv",),
              doc="Media type that the uploader declared."),
        Field("detectedMediaType", "inspected_content.detected_media_type", FieldType.TEXT,
              writable=True, nullable=True, required=True, is_header=True, min_length=1,
              max_length=MAX_MEDIA_TYPE_LENGTH, examples=("image/jpeg",),
              doc="Media type that was detected in the content."),
        Field("detectedFileExtension", "inspected_content.detected_file_extension", FieldType.TEXT,
              writable=True, nullable=True, max_length=MAX_EXTENSION_LENGTH,
              request_pattern=_EXTENSION_PATTERN, examples=(".jpg",),
              doc="Usual extension of the detected media type, with its dot."),
        Field("evaluatedMediaType", "inspected_content.evaluated_media_type", FieldType.TEXT,
              writable=True, nullable=True, required=True, is_header=True, min_length=1,
              max_length=MAX_MEDIA_TYPE_LENGTH, examples=("image/jpeg",),
              doc="Media type that Coffer uses: the declared one if it is specific, otherwise the "
              "detected one."),
        Field("evaluatedFileExtension", "inspected_content.evaluated_file_extension",
              FieldType.TEXT, writable=True, nullable=True, max_length=MAX_EXTENSION_LENGTH,
              request_pattern=_EXTENSION_PATTERN, examples=(".jpeg",),
              doc="Extension that Coffer uses: that of the name, otherwise that of the detected "
              "media type."),
        Field("sizeInBytes", "inspected_content.size_in_bytes", FieldType.INTEGER, nullable=True,
              minimum=1, doc="Size of the content in bytes."),
        Field("bucket", "bucket", FieldType.BUCKET,
              doc="Group that the file belongs to, as the uploader spelled it."),
        Field("isDerivative", "is_derivative", FieldType.BOOLEAN,
              doc="True if the file was made from another file."),
        Field("uploadStatus", "status", FieldType.CHOICE, choices=UploadStatus,
              shown_choices=(UploadStatus.AVAILABLE, UploadStatus.REJECTED,
                             UploadStatus.UPLOADING, UploadStatus.PROCESSING),
              doc="AVAILABLE: the file can be downloaded. REJECTED: it was refused and removed. "
              "Only the uploader sees the other two, of an upload in parts. UPLOADING: parts are "
              "missing. PROCESSING: it is complete and will be inspected."),
        Field("rejectionReason", "rejection", FieldType.OBJECT, nullable=True,
              doc="Reason why the file was refused; null if it was accepted.",
              members=(
                  Field("code", "code", FieldType.TEXT, examples=("media_type_forbidden",),
                        doc="Stable code of the reason."),
                  Field("detail", "detail", FieldType.TEXT, doc="Reason as a sentence."),
              )),
        Field("thumbnailIdentifier", "readable_thumbnail_identifier", FieldType.IDENTIFIER,
              nullable=True, doc="Identifier of the thumbnail; null if the file gets none."),
        Field("thumbnailStatus", "thumbnail_status", FieldType.CHOICE, nullable=True,
              choices=ThumbnailStatus,
              doc="State of the thumbnail. UNSUPPORTED: no thumbnail is made of this media type. "
              "Null for derivatives and refused files."),
        Field("thumbnailFailure", "thumbnail_failure", FieldType.TEXT, nullable=True,
              examples=("image_damaged",),
              doc="Stable code of the reason why it has no thumbnail."),
        Field("thumbnailWarning", "thumbnail_warning", FieldType.TEXT, nullable=True,
              examples=("image_truncated",),
              doc="Stable code of the reason why the thumbnail shows a part of the image only; "
              "null if it shows all of it."),
        # A camera's clock has no time zone, so the value is text.
        Field("dateTimeDigitized", "image_properties.date_time_digitized", FieldType.TEXT,
              nullable=True, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$",
              examples=("2020-11-13T10:03:17",),
              doc="Time when the picture was taken, by the clock of the camera, without a time "
              "zone. It is known once thumbnailStatus is no longer PENDING, as are all properties "
              "of the image."),
        Field("exif", "image_properties.exif", FieldType.TEXT_MAP,
              item_doc="Value of the tag, as text.", examples=("1/125 sec",),
              doc="EXIF tags that say how the picture was taken, by name; empty if there are none. "
              "The position is never included."),
        Field("width", "image_properties.width", FieldType.INTEGER, nullable=True, minimum=1,
              doc="Width in pixels of the upright image."),
        Field("height", "image_properties.height", FieldType.INTEGER, nullable=True, minimum=1,
              doc="Height in pixels of the upright image."),
        Field("orientation", "image_properties.orientation", FieldType.INTEGER, nullable=True,
              minimum=1, maximum=8,
              doc="Rotation that puts the stored image upright, as EXIF numbers it."),
    ),
    identifier="file_identifier",
    ignored=frozenset({"fileIdentifier"}),
)
# fmt: on


def upload_warnings(*, duplicate_found: bool) -> dict[str, str]:
    """Return the warnings of an upload, by code."""
    if not duplicate_found:
        return {}
    return {"duplicate_found": "A file with the same content already exists"}
