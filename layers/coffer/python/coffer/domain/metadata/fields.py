"""The attribute table of metadata, with the names, limits and defaults of object-store-api 1.31."""

from __future__ import annotations

from coffer.domain.fields import Field, FieldType, RecordFields, Relationship
from coffer.domain.media_types import DcType
from coffer.domain.vocabulary.terms import MAX_TERM_LENGTH
from coffer.domain.vocabulary.usage import MAX_MANAGED_ATTRIBUTES

# fmt: off
METADATA_FIELDS = RecordFields(
    "metadata",
    (
        Field("createdBy", "created_by", FieldType.TEXT, examples=("alice",),
              doc="Name of the user who created the record."),
        Field("createdOn", "created_on", FieldType.TIME, sortable=True,
              doc="Time when the record was created."),
        Field("bucket", "bucket", FieldType.BUCKET, writable=True, required=True,
              doc="Group that the record belongs to."),
        Field("group", "bucket", FieldType.BUCKET,
              doc="The bucket under its older name."),
        Field("fileIdentifier", "file_identifier", FieldType.IDENTIFIER, writable=True,
              nullable=True, doc="File that is described; null for an external resource.",
              request_doc="File to describe: an upload in this bucket without a metadata record."),
        Field("resourceExternalURL", "resource_external_url", FieldType.URL, writable=True,
              nullable=True, max_length=255,
              doc="Address of the external resource; null for a stored file.",
              request_doc="Address of a resource to describe instead of a stored file."),
        Field("originalFilename", "original_filename", FieldType.TEXT, nullable=True,
              sortable=True, doc="Name of the file when it was uploaded."),
        Field("filename", "filename", FieldType.TEXT, writable=True, nullable=True, max_length=255,
              doc="Name of the file in downloads.",
              request_doc="Name of the file in downloads. Default: its original name."),
        Field("fileExtension", "file_extension", FieldType.TEXT, writable=True, nullable=True,
              max_length=10, examples=(".png",), doc="Extension of the file, with its dot.",
              request_doc="Extension of an external resource, with its dot. Ignored for a stored "
              "file, whose extension is known."),
        Field("dcFormat", "dc_format", FieldType.TEXT, writable=True, max_length=150,
              examples=("image/png",),
              doc="Media type of the file or resource.",
              request_doc="Media type of an external resource. Ignored for a stored file, whose "
              "media type is known."),
        Field("dcType", "dc_type", FieldType.CHOICE, writable=True, choices=DcType,
              doc="Kind of the file or resource.",
              request_doc="Kind of the file or resource. Default: the kind of its media type. Only "
              "letters are compared, without case."),
        Field("acDigitizationDate", "ac_digitization_date", FieldType.TIME, writable=True,
              nullable=True, doc="Time when the original was digitised.",
              request_doc="Time when the original was digitised, with its offset."),
        Field("xmpMetadataDate", "xmp_metadata_date", FieldType.TIME, sortable=True,
              doc="Time of the last change to the record."),
        Field("lastUpdatedOn", "xmp_metadata_date", FieldType.TIME,
              doc="The same as xmpMetadataDate, for dina-ui."),
        Field("resourceVersion", "version", FieldType.INTEGER, minimum=1,
              doc="Number of the record's version: 1 when it is created."),
        Field("xmpRightsWebStatement", "xmp_rights_web_statement", FieldType.TEXT, writable=True,
              nullable=True, max_length=250, doc="Address of the rights statement, usually a URL.",
              request_doc="Address of the rights statement. Default: the deployment's."),
        Field("dcRights", "dc_rights", FieldType.TEXT, writable=True, nullable=True,
              max_length=250, doc="Rights and their holders, as a sentence.",
              request_doc="Rights and their holders, as a sentence. Default: the deployment's."),
        Field("xmpRightsOwner", "xmp_rights_owner", FieldType.TEXT, writable=True,
              nullable=True, max_length=250, doc="Owner of the rights.",
              request_doc="Owner of the rights. Default: the deployment's."),
        Field("xmpRightsUsageTerms", "xmp_rights_usage_terms", FieldType.TEXT, writable=True,
              nullable=True, max_length=500, doc="Terms of use.",
              request_doc="Terms of use. Default: the deployment's."),
        Field("orientation", "orientation", FieldType.INTEGER, writable=True, nullable=True,
              minimum=1, maximum=8, doc="Orientation of the image, as EXIF numbers it."),
        Field("acHashFunction", "ac_hash_function", FieldType.TEXT, nullable=True,
              examples=("SHA-1",), doc="Function that computed acHashValue."),
        Field("acHashValue", "ac_hash_value", FieldType.TEXT, nullable=True,
              doc="Hash of the content, in hexadecimal."),
        Field("publiclyReleasable", "publicly_releasable", FieldType.BOOLEAN, writable=True,
              doc="True if every signed-in user may read the record and its file.",
              request_doc="True if every signed-in user may read the record and its file. Default: "
              "true for images, false for everything else."),
        Field("managedAttributes", "managed_attributes", FieldType.TEXT_MAP, writable=True,
              max_items=MAX_MANAGED_ATTRIBUTES, doc="Values of managed attributes, by their keys.",
              request_doc="Values of managed attributes, by their keys. Each value must be of the "
              "type of its attribute.", item_doc="Value of the attribute."),
        Field("sourceSet", "source_set", FieldType.TEXT, writable=True, nullable=True,
              max_length=50, doc="Name of the batch that the record came with."),
        Field("acCaption", "ac_caption", FieldType.TEXT, writable=True, nullable=True,
              omit_empty=True, max_length=250, doc="Sentence that says what the file shows."),
        Field("acTags", "ac_tags", FieldType.TEXTS, writable=True, omit_empty=True, max_items=100,
              max_length=250, doc="Keywords.", item_doc="One keyword."),
        # The reference does not limit the reason. Here a record must fit a DynamoDB item, 400 KB.
        Field("notPubliclyReleasableReason", "not_publicly_releasable_reason", FieldType.TEXT,
              writable=True, nullable=True, omit_empty=True, max_length=1000,
              doc="Reason why the record is not public."),
        Field("acSubtype", "ac_subtype", FieldType.TEXT, writable=True, nullable=True,
              omit_empty=True, max_length=MAX_TERM_LENGTH, doc="Subtype of the dcType.",
              request_doc="Subtype of the dcType: the acSubtype of an object-subtype."),
    ),
    relationships=(
        Relationship(name="derivatives", target="derivative", is_many=True, writable=False,
                     doc="Derivatives of the file. Shown with `include`."),
        Relationship(name="acMetadataCreator", attribute="ac_metadata_creator", target="person",
                     is_external=True, doc="Person who described the file or resource."),
        Relationship(name="dcCreator", attribute="dc_creator", target="person", is_external=True,
                     doc="Person who created what is described."),
    ),
)
# fmt: on
