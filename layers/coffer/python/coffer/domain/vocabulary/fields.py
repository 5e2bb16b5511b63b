"""The attribute tables of managed attributes and object subtypes."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.domain.fields import NO_MARKUP_PATTERN, Field, FieldType, RecordFields
from coffer.domain.media_types import DcType
from coffer.domain.vocabulary.terms import (
    MANAGED_ATTRIBUTE,
    MAX_TERM_LENGTH,
    OBJECT_SUBTYPE,
    ElementType,
    ManagedAttribute,
    ObjectSubtype,
    Term,
)

# fmt: off
_CREATED = (
    Field("createdBy", "created_by", FieldType.TEXT, examples=("alice",),
          doc="Name of the user who created the record."),
    Field("createdOn", "created_on", FieldType.TIME, sortable=True,
          doc="Time when the record was created."),
)

MANAGED_ATTRIBUTE_FIELDS = RecordFields(
    MANAGED_ATTRIBUTE,
    (
        Field("name", "name", FieldType.TEXT, writable=True, create_only=True, required=True,
              sortable=True, min_length=1, max_length=250, examples=("Object Store Attribute 1",),
              # A key is made of the letters and digits.
              request_pattern=f"^(?=[\\s\\S]*[A-Za-z0-9]){NO_MARKUP_PATTERN[1:]}",
              doc="Name. The key is made from it when the record is created, and never changes."),
        Field("key", "key", FieldType.TEXT, pattern="^[a-z0-9_]+$", max_length=MAX_TERM_LENGTH,
              examples=("object_store_attribute_1",),
              doc="Key by which metadata uses the attribute. It is made from the name."),
        Field("vocabularyElementType", "vocabulary_element_type", FieldType.CHOICE, writable=True,
              required=True, choices=ElementType, doc="Type of the values."),
        Field("acceptedValues", "accepted_values", FieldType.TEXTS, writable=True, nullable=True,
              max_items=500, max_length=100, item_doc="One value.",
              doc="Values that metadata may have, in any case. Null or empty: any value."),
        Field("multilingualDescription", "multilingual_description", FieldType.DESCRIPTIONS,
              writable=True, required=True, min_length=2, max_length=5000, max_items=20,
              request_pattern=f"^(?=\\S[\\s\\S]*\\S$){NO_MARKUP_PATTERN[1:]}",
              doc="Meaning of the attribute.",
              item_doc="Meaning of the attribute, in one language."),
        *_CREATED,
    ),
    ignores_relationships=True,
)

OBJECT_SUBTYPE_FIELDS = RecordFields(
    OBJECT_SUBTYPE,
    (
        Field("dcType", "dc_type", FieldType.CHOICE, writable=True, required=True, choices=DcType,
              doc="Kind of file that the subtype belongs to.",
              request_doc="Kind of file that the subtype belongs to. Only letters are compared, "
              "without case."),
        Field("acSubtype", "ac_subtype", FieldType.TEXT, writable=True, required=True,
              sortable=True, min_length=1, max_length=MAX_TERM_LENGTH,
              examples=("MUSICAL NOTATION",),
              request_pattern=f"^(?=[\\s\\S]*\\S){NO_MARKUP_PATTERN[1:]}",
              doc="Name of the subtype, in upper case.",
              request_doc="Name of the subtype. It is stored in upper case and is unique among all "
              "subtypes."),
        *_CREATED,
    ),
    ignores_relationships=True,
)
# fmt: on

TERM_FIELDS: Mapping[type[Term], RecordFields] = {
    ManagedAttribute: MANAGED_ATTRIBUTE_FIELDS,
    ObjectSubtype: OBJECT_SUBTYPE_FIELDS,
}
