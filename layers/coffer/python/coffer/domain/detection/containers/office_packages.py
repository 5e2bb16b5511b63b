"""Detect Office Open XML and similar zip packages by their list of content types.

Sources: ECMA-376 part 2 (Open Packaging Conventions); Microsoft's registered content types of main
parts; Apache Tika 3.2.3 for the rule from main part to document.
"""

from __future__ import annotations

from coffer.domain.detection.containers.zip_members import Members
from coffer.domain.detection.registry import specialises
from coffer.domain.detection.xml_parser import UnsafeXmlError, first_elements

_CONTENT_TYPES = b"[Content_Types].xml"
_OFFICE = "application/vnd.openxmlformats-officedocument."

# Part types that determine the document's type; for main parts there is a rule.
_BY_PART = {
    f"{_OFFICE}thememanager+xml": "application/vnd.openxmlformats-officedocument",
    "application/vnd.adsk-package.dwfx-fixeddocumentsequence+xml": "model/vnd.dwfx+xps",
    "application/vnd.ms-package.xps-fixeddocumentsequence+xml": "application/vnd.ms-xpsdocument",
}
_MAIN_ENDINGS = (".main+xml", ".main")
_MAX_PARTS = 4096
_SOME_PACKAGE = "application/x-tika-ooxml"

# The usual name of the main part, for packages whose list cannot be read.
_BY_MAIN_PART = {
    b"word/document.xml": f"{_OFFICE}wordprocessingml.document",
    b"xl/workbook.xml": f"{_OFFICE}spreadsheetml.sheet",
    b"xl/workbook.bin": "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    b"ppt/presentation.xml": f"{_OFFICE}presentationml.presentation",
    b"visio/document.xml": "application/vnd.ms-visio.drawing",
    b"FixedDocSeq.fdseq": "application/vnd.ms-xpsdocument",
    b"FixedDocumentSequence.fdseq": "application/vnd.ms-xpsdocument",
}


def office_type(members: Members) -> str | None:
    """Return the type of an Office package, or None for other archives.

    The first part in the list that determines a type decides. If none does, or the list cannot be
    read, the names of members decide. Other packages have the general package type.
    """
    if _CONTENT_TYPES not in members:
        return None
    content = members.content(_CONTENT_TYPES)
    if content is not None:
        documents = (_document_of(part) for part in _part_types(content))
        found = next(filter(None, documents), None)
        if found:
            return found
    named = (kind for name, kind in _BY_MAIN_PART.items() if name in members)
    return next(named, _SOME_PACKAGE)


def _part_types(content: bytes) -> list[str]:
    """Return the content types of a package's parts in lower case, in the order of the list."""
    try:
        elements = first_elements(content, _MAX_PARTS)
    except UnsafeXmlError:
        return []
    return [
        element.attributes.get("ContentType", "").strip().lower()
        for element in elements
        if element.name in ("Override", "Default")
    ]


def _document_of(part: str) -> str | None:
    """Return the type of a document with this part, or None for parts of any document.

    For a main part it is the text before the last dot, with the registered name for macros. Only
    known Office types are returned, so an archive cannot claim to be an image or a web page.
    """
    if part in _BY_PART:
        return _BY_PART[part]
    if not part.endswith(_MAIN_ENDINGS):
        return None
    document = part.rpartition(".")[0]
    if document.endswith(".macroenabled"):
        document = f"{document}.12"
    elif document.endswith(".macroenabledtemplate"):
        document = f"{document.removesuffix('template')}.12"
    return document if specialises(document, _SOME_PACKAGE) else None
