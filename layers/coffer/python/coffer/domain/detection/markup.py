"""Which dialect an XML document is written in, by its document element."""

from __future__ import annotations

from coffer.domain.detection.hierarchy import PLAIN_TEXT, XML
from coffer.domain.detection.tables.xml_roots import XML_ROOTS
from coffer.domain.detection.xml_reading import UnsafeXmlError, root_element

HTML = "text/html"


def refine(media_type: str, head: bytes) -> str:
    """A more special type than XML or HTML where the document element stands for one.

    XML with no document element within the head is not XML but text, as in Tika; HTML need not be
    well-formed. A document whose entities are not to be followed stays what it began as.
    """
    try:
        root = root_element(head)
    except UnsafeXmlError:
        return media_type
    if root is not None:
        return XML_ROOTS.get((root.namespace, root.name), media_type)
    return PLAIN_TEXT if media_type == XML else media_type
