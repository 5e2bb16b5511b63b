"""Small XML documents that clients send."""

from __future__ import annotations

from xml.etree import ElementTree  # entities are refused before anything is parsed

from local.s3.errors import S3Error
from local.s3.object_headers import check_tags

MAX_TAG_DOCUMENT_BYTES = 16_384


def parse_document(text: bytes) -> ElementTree.Element:
    """XML without its namespaces. A document type (the way to hostile entities) is refused."""
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise S3Error("MalformedXML")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  # no entities: see above
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise S3Error("MalformedXML") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def parse_tag_document(text: str) -> dict[str, str]:
    """The `tagging` field of a form: a Tagging document."""
    if len(text) > MAX_TAG_DOCUMENT_BYTES:
        raise S3Error("MalformedXML")
    root = parse_document(text.encode())
    if root.tag != "Tagging":
        raise S3Error("MalformedXML")
    pairs = [(tag.findtext("Key") or "", tag.findtext("Value") or "") for tag in root.iter("Tag")]
    check_tags(pairs)
    return dict(pairs)
