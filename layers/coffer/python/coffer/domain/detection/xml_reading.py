"""Reading the first elements of XML that nobody vouches for.

expat parses; it is given a bounded piece, fetches nothing, and stops at the first entity
declaration that is more than a short literal, so nothing in a document can make it work or grow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyexpat import XMLParserType

# Drawing programs declare their namespaces as entities: a few dozen short literals.
_MOST_ENTITIES = 64
_LONGEST_ENTITY = 256
_PIECE_BYTES = 2048
_ENCODINGS_OF_EXPAT = ("utf-8", "utf8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "latin1")


class Element(NamedTuple):
    """A start tag; attributes of no namespace by their names, others as `namespace name`."""

    namespace: str
    name: str
    attributes: dict[str, str]


class UnsafeXmlError(Exception):
    """The document declares entities that are not to be followed. Never leaves the detector."""


class _EnoughError(Exception):
    """Raised through expat to end a parse that has found what it was for."""


def first_elements(text: bytes, most: int) -> list[Element]:
    """The first start tags of `text`, up to `most` of them, in document order.

    What comes after an error of form is left out, what comes before it is not. Raises
    UnsafeXmlError at an entity declaration that could expand.
    """
    from pyexpat import ExpatError, ParserCreate  # few uploads are XML; the others start faster

    source, encoding = _decodable(text)
    parser = ParserCreate(encoding, " ")
    elements: list[Element] = []
    entities = 0

    def on_start(name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        elements.append(Element(namespace, local, attributes))
        if len(elements) == most:
            raise _EnoughError

    def on_entity(name: str, is_parameter: bool, value: str | None, *_where: str | None) -> None:
        nonlocal entities
        entities += 1
        if is_parameter or entities > _MOST_ENTITIES or not _is_short_literal(value):
            raise UnsafeXmlError(name)

    parser.StartElementHandler = on_start
    parser.EntityDeclHandler = on_entity
    try:
        _feed(parser, source)
    except (_EnoughError, ExpatError, ValueError, LookupError):
        return elements
    return elements


def root_element(text: bytes) -> Element | None:
    """The document element, if the text is XML as far as that. Raises UnsafeXmlError."""
    elements = first_elements(text, 1)
    return elements[0] if elements else None


def _is_short_literal(value: str | None) -> bool:
    return value is not None and len(value) <= _LONGEST_ENTITY and not {"&", "%"} & set(value)


def _feed(parser: XMLParserType, source: bytes) -> None:
    # In pieces, so that a root found early is not paid for with the whole head.
    for start in range(0, len(source), _PIECE_BYTES):
        parser.Parse(source[start : start + _PIECE_BYTES], False)


def _decodable(text: bytes) -> tuple[bytes, str | None]:
    """The text in an encoding that expat reads, and that encoding if it must be told."""
    declaration = text[:128].partition(b"?>")[0]
    quoted = declaration.partition(b"encoding=")[2]
    quote = quoted[:1]
    label = quoted[1:].partition(quote)[0] if quote in (b'"', b"'") else b""
    name = label.decode("ascii", "replace").lower()
    if not declaration.startswith(b"<?xml") or not name or name in _ENCODINGS_OF_EXPAT:
        return text, None
    try:
        return text.decode(name, "replace").encode("utf-8", "replace"), "utf-8"
    except (LookupError, ValueError):
        return text, None
