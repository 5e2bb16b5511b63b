"""Reading the start of XML that nobody vouches for: its elements until one says stop.

expat parses; it is given a bounded piece, fetches nothing, and stops at the first entity
declaration that is more than a short literal, so nothing in a document can make it work or grow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyexpat import XMLParserType

# Drawing programs declare their namespaces as entities: a few dozen short literals.
_MOST_ENTITIES = 64
_LONGEST_ENTITY = 256
_PIECE_BYTES = 2048
_ENCODINGS_OF_EXPAT = ("utf-8", "utf8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "latin1")

# (namespace, local name, attributes by name) -> whether that was enough
ElementHandler = Callable[[str, str, dict[str, str]], bool]


class UnsafeXmlError(Exception):
    """The document declares entities that are not to be followed. Never leaves the detector."""


class _EnoughError(Exception):
    """Raised through expat to end a parse that has found what it was for."""


def read_elements(text: bytes, on_element: ElementHandler) -> None:
    """Hand the start tags of `text` to `on_element` until it is satisfied or the XML ends.

    Well-formedness errors end the reading in silence: what came before them was handed over.
    Raises UnsafeXmlError at an entity declaration that could expand.
    """
    from pyexpat import (
        ExpatError,
        ParserCreate,
    )  # a tenth of uploads are XML; the rest starts faster

    source, encoding = _decodable(text)
    parser = ParserCreate(encoding, " ")
    entities = 0

    def on_start(name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if on_element(namespace, local, attributes):
            raise _EnoughError

    def on_entity(
        name: str,
        is_parameter: bool,
        value: str | None,
        base: str | None,
        system_id: str | None,
        public_id: str | None,
        notation: str | None,
    ) -> None:
        nonlocal entities
        entities += 1
        literal = value is not None and len(value) <= _LONGEST_ENTITY and "&" not in value
        if is_parameter or not literal or "%" in (value or "") or entities > _MOST_ENTITIES:
            raise UnsafeXmlError(name)

    parser.StartElementHandler = on_start
    parser.EntityDeclHandler = on_entity
    try:
        _feed(parser, source)
    except (_EnoughError, ExpatError, ValueError, LookupError):
        return


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
