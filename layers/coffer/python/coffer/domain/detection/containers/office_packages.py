"""Office Open XML and its relatives: zip packages that list the types of their parts.

Sources: ECMA-376 part 2 (Open Packaging Conventions); the content types of main parts are those
Microsoft registers; the rule from main part to document is Apache Tika 3.2.3's.
"""

from __future__ import annotations

from coffer.domain.detection.containers.zip_members import Members
from coffer.domain.detection.xml_reading import UnsafeXmlError, read_elements

_CONTENT_TYPES = b"[Content_Types].xml"
_OFFICE = "application/vnd.openxmlformats-officedocument."

# Part types that decide by themselves, in this order; the rest goes by rule.
_DECIDING = {
    # A theme has a presentation in it.
    f"{_OFFICE}thememanager+xml": "application/vnd.openxmlformats-officedocument",
    "application/vnd.adsk-package.dwfx-fixeddocumentsequence+xml": "model/vnd.dwfx+xps",
    "application/vnd.ms-package.xps-fixeddocumentsequence+xml": "application/vnd.ms-xpsdocument",
}
_MAIN_ENDINGS = (".main+xml", ".main")

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
    """The type of an Office package by its list of parts; None of other archives."""
    if _CONTENT_TYPES not in members:
        return None
    content = members.content(_CONTENT_TYPES)
    media_type = _by_parts(_part_types(content)) if content else None
    if media_type:
        return media_type
    return next((kind for name, kind in _BY_MAIN_PART.items() if name in members), None)


def _part_types(content: bytes) -> list[str]:
    """Content types of a package's parts, lower case, in the order of the list."""
    kinds: list[str] = []

    def look(namespace: str, local: str, attributes: dict[str, str]) -> bool:
        if local in ("Override", "Default"):
            kinds.append(attributes.get("ContentType", "").strip().lower())
        return False

    try:
        read_elements(content, look)
    except UnsafeXmlError:
        return []
    return kinds


def _by_parts(kinds: list[str]) -> str | None:
    for kind, media_type in _DECIDING.items():
        if kind in kinds:
            return media_type
    return next((_document_of(kind) for kind in kinds if kind.endswith(_MAIN_ENDINGS)), None)


def _document_of(main_part: str) -> str:
    """The document's type: the main part's up to its last dot, macros marked as registered."""
    document = main_part.rpartition(".")[0]
    if document.endswith(".macroenabled"):
        return f"{document}.12"
    if document.endswith(".macroenabledtemplate"):
        return f"{document.removesuffix('template')}.12"
    return document
