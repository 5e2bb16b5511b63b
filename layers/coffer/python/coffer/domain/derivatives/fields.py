"""The attribute table of derivatives. Names and limits are those of object-store-api 1.31."""

from __future__ import annotations

from coffer.domain.derivatives.record import DerivativeType
from coffer.domain.fields import NO_MARKUP_PATTERN, Field, FieldType, RecordFields, Relationship
from coffer.domain.media_types import DcType

# fmt: off
DERIVATIVE_FIELDS = RecordFields(
    "derivative",
    (
        Field("bucket", "bucket", FieldType.BUCKET, writable=True, resettable=True,
              doc="Group that the derivative belongs to.",
              request_doc="Ignored when the record is created: it is the bucket of the file.",
              request_pattern=NO_MARKUP_PATTERN),
        Field("filename", "filename", FieldType.TEXT, writable=True, nullable=True, max_length=255,
              doc="Name of the file in downloads.",
              request_doc="Name of the file in downloads. Default: its original name."),
        Field("fileIdentifier", "file_identifier", FieldType.IDENTIFIER, writable=True,
              required=True, doc="Identifier by which the file can be downloaded.",
              request_doc="File: an upload of a derivative without a derivative record."),
        Field("fileExtension", "file_extension", FieldType.TEXT, examples=(".jpg",),
              doc="Extension of the file, with its dot."),
        Field("dcType", "dc_type", FieldType.CHOICE, writable=True, required=True, choices=DcType,
              doc="Kind of the file.",
              request_doc="Kind of the file. Only letters are compared, without case."),
        Field("dcFormat", "dc_format", FieldType.TEXT, writable=True, resettable=True,
              is_header=True, max_length=150, examples=("image/jpeg",),
              doc="Media type of the file.",
              request_doc="Media type of the file. Default: the media type of the upload."),
        Field("acHashFunction", "ac_hash_function", FieldType.TEXT, nullable=True,
              examples=("SHA-1",), doc="Function that computed acHashValue."),
        Field("acHashValue", "ac_hash_value", FieldType.TEXT, nullable=True,
              doc="Hash of the content, in hexadecimal."),
        Field("createdBy", "created_by", FieldType.TEXT, examples=("alice",),
              doc="Name of the user who created the record; 'System Generated' if Coffer did."),
        Field("createdOn", "created_on", FieldType.TIME, sortable=True,
              doc="Time when the record was created."),
        Field("derivativeType", "derivative_type", FieldType.CHOICE, writable=True, nullable=True,
              choices=DerivativeType, doc="Purpose of the file.",
              request_doc="Purpose of the file. A THUMBNAIL_IMAGE must be image/jpeg. It is served "
              "unchanged."),
        Field("publiclyReleasable", "publicly_releasable", FieldType.BOOLEAN, writable=True,
              doc="True if every signed-in user may read the record and its file.",
              request_doc="True if every signed-in user may read the record and its file. Default: "
              "false."),
        Field("sourceSet", "source_set", FieldType.TEXT, writable=True, nullable=True,
              max_length=50, doc="Name of the batch that the record came with."),
        Field("acTags", "ac_tags", FieldType.TEXTS, writable=True, omit_empty=True, max_items=100,
              max_length=250, doc="Keywords.", item_doc="One keyword."),
        # The reference does not limit the reason. Here a record must fit a DynamoDB item, 400 KB.
        Field("notPubliclyReleasableReason", "not_publicly_releasable_reason", FieldType.TEXT,
              writable=True, nullable=True, omit_empty=True, max_length=1000,
              doc="Reason why the record is not public."),
    ),
    relationships=(
        Relationship(name="acDerivedFrom", attribute="ac_derived_from", target="metadata",
                     required=True,
                     doc="Metadata of the source file. Shown with `include`.",
                     request_doc="Metadata of the source file: in the same bucket, and readable by "
                     "the caller. A generated thumbnail keeps its own."),
        Relationship(name="generatedFromDerivative", attribute="generated_from_derivative",
                     target="derivative",
                     doc="Derivative that the file was made from. Shown with `include`.",
                     request_doc="Derivative that the file was made from, if it was one. A "
                     "generated thumbnail keeps its own."),
    ),
    ignored=frozenset({"group"}),
)
# fmt: on
