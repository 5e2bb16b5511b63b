"""Office Open XML and its relatives: zip packages that list the types of their parts.

Sources: ECMA-376 part 2 (Open Packaging Conventions); the content types of main parts are those
Microsoft registers; the rule from main part to document is Apache Tika 3.2.3's.
"""

from __future__ import annotations

from coffer.domain.detection.containers.zip_members import Members
from coffer.domain.detection.hierarchy import specialises
from coffer.domain.detection.xml_reading import UnsafeXmlError, first_elements

_CONTENT_TYPES = b"[Content_Types].xml"
_OFFICE = "application/vnd.openxmlformats-officedocument."

# Part types that say the document's type by themselves; those of main parts say it by rule.
_BY_PART = {
    f"{_OFFICE}thememanager+xml": "application/vnd.openxmlformats-officedocument",
    "application/vnd.adsk-package.dwfx-fixeddocumentsequence+xml": "model/vnd.dwfx+xps",
    "application/vnd.ms-package.xps-fixeddocumentsequence+xml": "application/vnd.ms-xpsdocument",
}
_MAIN_ENDINGS = (".main+xml", ".main")
_MAX_PARTS = 4096
_SOME_PACKAGE = "application/x-tika-ooxml"

# Where the list itself can't be read: the usual name of the main part.
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
    """The type of an Office package by its list of parts; None of other archives.

    The first part in the list that says a type decides. Where none does, or the list can't be read,
    the names of members do; a package of some other program is just a package.
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
    """Content types of a package's parts, lower case, in the order of the list."""
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
    """The type of the document that has such a part; None for parts of any document.

    Of a main part's type it is what comes before the last dot; macros are marked as registered.
    It has to be a known type of Office document: whatever else a package says of itself, it is
    not let past as a picture or a page by claiming to be one, nor written into a header.
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
