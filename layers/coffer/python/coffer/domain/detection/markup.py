"""Which dialect an XML document is written in, by its document element."""

from __future__ import annotations

from coffer.domain.detection.hierarchy import PLAIN_TEXT, XML
from coffer.domain.detection.tables.xml_roots import XML_ROOTS
from coffer.domain.detection.xml_reading import UnsafeXmlError, read_elements

HTML = "text/html"


def refine(media_type: str, head: bytes) -> str:
    """A more special type than XML or HTML where the document element stands for one.

    XML with no document element within the head is not XML but text, as in Tika; HTML need not be
    well-formed. A document whose entities are not to be followed stays what it began as.
    """
    roots: list[tuple[str, str]] = []

    def take_first(namespace: str, local: str, attributes: dict[str, str]) -> bool:
        roots.append((namespace, local))
        return True

    try:
        read_elements(head, take_first)
    except UnsafeXmlError:
        return media_type
    if roots:
        return XML_ROOTS.get(roots[0], media_type)
    return PLAIN_TEXT if media_type == XML else media_type
