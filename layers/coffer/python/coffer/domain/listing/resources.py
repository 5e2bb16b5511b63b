"""The attributes of each kind of record, by name, with their forms: one table.

Lists read from it what can be filtered, and how a filter's value is spelled; sparse fieldsets and
the API's description read from it what there is. Tests hold it to what `listing.attributes`
emits and to the schemas of the description. The names are the reference's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.listing.attributes import (
    derivative_attributes,
    metadata_attributes,
    upload_attributes,
)
from coffer.domain.listing.index_keys import Kind, Record
from coffer.domain.media_types import DcType
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import HashStatus, ObjectUpload, ThumbnailStatus, UploadStatus

PERSON = "person"
"""The type of external resources: another service keeps them, and we only know their ids."""


class Form(StrEnum):
    """What the values of an attribute are, as JSON has them."""

    TEXT = "text"
    WORD = "word"  # one of a few
    BUCKET = "bucket"  # text that compares without case
    IDENTIFIER = "identifier"
    MOMENT = "moment"
    NUMBER = "number"
    FLAG = "flag"
    TEXTS = "texts"  # a list; a comparison holds if it holds for one of them
    MEMBERS = "members"  # an object with fixed members
    MAP = "map"  # an object with free members, all of them texts


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """An attribute: its form, and the words or members that it can have."""

    form: Form
    words: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Relationship:
    """A relationship: the type of what is at its other end, and whether that is many."""

    target: str
    is_many: bool = False


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What there is to know of one kind of record."""

    attributes: Mapping[str, Attribute]
    relationships: Mapping[str, Relationship]

    def field(self, path: str) -> Attribute | None:
        """What a dotted path leads to: an attribute, a member of one, or the id at the other end
        of a relationship (`acDerivedFrom.id`); None where it leads nowhere."""
        name, _, member = path.partition(".")
        relationship = self.relationships.get(name)
        if relationship is not None:
            leads = member == "id" and not relationship.is_many
            return _IDENTIFIER if leads else None
        attribute = self.attributes.get(name)
        if attribute is None or not member:
            return None if attribute and attribute.form in (Form.MEMBERS, Form.MAP) else attribute
        if attribute.form is Form.MAP or member in attribute.members:
            return _TEXT
        return None


def _words(kind: type[StrEnum]) -> Attribute:
    return Attribute(form=Form.WORD, words=tuple(word.value for word in kind))


_TEXT = Attribute(form=Form.TEXT)
_TEXTS = Attribute(form=Form.TEXTS)
_BUCKET = Attribute(form=Form.BUCKET)
_IDENTIFIER = Attribute(form=Form.IDENTIFIER)
_MOMENT = Attribute(form=Form.MOMENT)
_NUMBER = Attribute(form=Form.NUMBER)
_FLAG = Attribute(form=Form.FLAG)
_MAP = Attribute(form=Form.MAP)
_DC_TYPE = _words(DcType)

RESOURCES: Mapping[Kind, Resource] = {
    Kind.METADATA: Resource(
        attributes={
            "createdBy": _TEXT,
            "createdOn": _MOMENT,
            "bucket": _BUCKET,
            "group": _BUCKET,
            "fileIdentifier": _IDENTIFIER,
            "resourceExternalURL": _TEXT,
            "originalFilename": _TEXT,
            "filename": _TEXT,
            "fileExtension": _TEXT,
            "dcFormat": _TEXT,
            "dcType": _DC_TYPE,
            "acDigitizationDate": _MOMENT,
            "xmpMetadataDate": _MOMENT,
            "xmpRightsWebStatement": _TEXT,
            "dcRights": _TEXT,
            "xmpRightsOwner": _TEXT,
            "xmpRightsUsageTerms": _TEXT,
            "orientation": _NUMBER,
            "acHashFunction": _TEXT,
            "acHashValue": _TEXT,
            "publiclyReleasable": _FLAG,
            "managedAttributes": _MAP,
            "sourceSet": _TEXT,
            "acCaption": _TEXT,
            "acTags": _TEXTS,
            "notPubliclyReleasableReason": _TEXT,
            "acSubtype": _TEXT,
        },
        relationships={
            "derivatives": Relationship(target=Kind.DERIVATIVE, is_many=True),
            "acMetadataCreator": Relationship(target=PERSON),
            "dcCreator": Relationship(target=PERSON),
        },
    ),
    Kind.DERIVATIVE: Resource(
        attributes={
            "bucket": _BUCKET,
            "filename": _TEXT,
            "fileIdentifier": _IDENTIFIER,
            "fileExtension": _TEXT,
            "dcType": _DC_TYPE,
            "dcFormat": _TEXT,
            "acHashFunction": _TEXT,
            "acHashValue": _TEXT,
            "createdBy": _TEXT,
            "createdOn": _MOMENT,
            "derivativeType": _words(DerivativeType),
            "publiclyReleasable": _FLAG,
            "sourceSet": _TEXT,
            "acTags": _TEXTS,
            "notPubliclyReleasableReason": _TEXT,
        },
        relationships={
            "acDerivedFrom": Relationship(target=Kind.METADATA),
            "generatedFromDerivative": Relationship(target=Kind.DERIVATIVE),
        },
    ),
    Kind.OBJECT_UPLOAD: Resource(
        attributes={
            "dcType": _DC_TYPE,
            "createdBy": _TEXT,
            "createdOn": _MOMENT,
            "originalFilename": _TEXT,
            "sha1Hex": _TEXT,
            "crc32": _TEXT,
            "hashStatus": _words(HashStatus),
            "receivedMediaType": _TEXT,
            "detectedMediaType": _TEXT,
            "detectedFileExtension": _TEXT,
            "evaluatedMediaType": _TEXT,
            "evaluatedFileExtension": _TEXT,
            "sizeInBytes": _NUMBER,
            "width": _NUMBER,
            "height": _NUMBER,
            "orientation": _NUMBER,
            "dateTimeDigitized": _TEXT,  # without a time zone, so it is no moment
            "exif": _MAP,
            "bucket": _BUCKET,
            "isDerivative": _FLAG,
            "uploadStatus": _words(UploadStatus),
            "rejectionReason": Attribute(form=Form.MEMBERS, members=("code", "detail")),
            "thumbnailIdentifier": _IDENTIFIER,
            "thumbnailStatus": _words(ThumbnailStatus),
            "thumbnailFailure": _TEXT,
        },
        relationships={},
    ),
}


def attributes_of(record: Record) -> dict[str, Any]:
    """The attributes of a record, as the API shows them."""
    match record:
        case ObjectUpload():
            return upload_attributes(record)
        case Metadata():
            return metadata_attributes(record)
        case Derivative():
            return derivative_attributes(record)


def related_ids(record: Record) -> dict[str, str]:
    """The ids at the other ends of the relationships to one resource that are set."""
    match record:
        case ObjectUpload():
            related: Mapping[str, str | None] = {}
        case Metadata():
            related = {
                "acMetadataCreator": record.ac_metadata_creator,
                "dcCreator": record.dc_creator,
            }
        case Derivative():
            related = {
                "acDerivedFrom": record.ac_derived_from,
                "generatedFromDerivative": record.generated_from_derivative,
            }
    return {name: identifier for name, identifier in related.items() if identifier}


def filter_values(record: Record) -> dict[str, Any]:
    """Everything that a filter can ask about, as nested mappings: attributes and related ids."""
    related = {name: {"id": identifier} for name, identifier in related_ids(record).items()}
    return attributes_of(record) | related


def identifier_of(record: Record) -> str:
    """The record's id."""
    return record.file_identifier if isinstance(record, ObjectUpload) else record.identifier
