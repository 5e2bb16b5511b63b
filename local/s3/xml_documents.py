"""Parse the XML documents that clients send, and write those of responses."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree  # entities are refused before anything is parsed

from local.s3.errors import S3Error, xml_text
from local.s3.messages import Response
from local.s3.object_headers import check_tags

MAX_TAG_DOCUMENT_BYTES = 16_384


def parse_document(text: bytes) -> ElementTree.Element:
    """Parse XML and remove its namespaces; raise MalformedXML.

    A document type declaration is refused, so that there are no entities.
    """
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
    """Return the tags of a form's field `tagging`, which is a Tagging document."""
    if len(text) > MAX_TAG_DOCUMENT_BYTES:
        raise S3Error("MalformedXML")
    root = parse_document(text.encode())
    if root.tag != "Tagging":
        raise S3Error("MalformedXML")
    pairs = [(tag.findtext("Key") or "", tag.findtext("Value") or "") for tag in root.iter("Tag")]
    check_tags(pairs)
    return dict(pairs)


def element(name: str, text: str) -> str:
    return f"<{name}>{xml_text(text)}</{name}>"


def xml_response(root: str, inside: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a 200 response with a document in S3's namespace; `inside` is XML already."""
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inside}</{root}>'
    )
    return Response(
        headers={"Content-Type": "application/xml", **(headers or {})}, body=document.encode()
    )
