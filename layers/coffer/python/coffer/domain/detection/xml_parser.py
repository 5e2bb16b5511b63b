"""Parse the first elements of untrusted XML.

expat parses a bounded piece, loads nothing, and stops at the first entity declaration that is more
than a short literal, so a document cannot make it expand entities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from coffer.domain.detection.registry import PLAIN_TEXT, XML
from coffer.domain.detection.tables.registry import XML_ROOTS

if TYPE_CHECKING:
    from pyexpat import XMLParserType

# Drawing programs declare their namespaces as a few dozen short entities.
_MAX_ENTITIES = 64
_MAX_ENTITY = 256
_CHUNK_BYTES = 2048
_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_STARTS = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
# Names of encodings in documents -> expat's names of those that it knows.
_EXPAT_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "us-ascii",
    "ascii": "us-ascii",
    "iso-8859-1": "iso-8859-1",
    "iso8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
}
# Other encodings of documents. The list is closed, because some of Python's encodings (punycode)
# take quadratic time, and others do not encode text.
_OTHER_ENCODINGS = frozenset(
    {
        *(f"iso-8859-{part}" for part in range(2, 17) if part != 12),
        *(f"windows-125{page}" for page in range(9)),
        *(f"cp125{page}" for page in range(9)),
        *("koi8-r", "koi8-u", "macintosh"),
        *("gb2312", "gbk", "gb18030", "big5", "big5-hkscs"),
        *("shift_jis", "euc-jp", "iso-2022-jp", "euc-kr"),
    }
)


class Element(NamedTuple):
    """A start tag. Attributes with a namespace are named `namespace name`."""

    namespace: str
    name: str
    attributes: dict[str, str]


class UnsafeXmlError(Exception):
    """The document declares entities that are not expanded. The detector handles this error."""


class _EnoughElementsError(Exception):
    """Raised inside expat to stop when enough elements were found."""


def first_elements(text: bytes, max_elements: int) -> list[Element]:
    """Return the first start tags of `text`, up to `max_elements`, in document order.

    Stops at the first syntax error. Raises UnsafeXmlError for an entity declaration that could
    expand.
    """
    from pyexpat import ExpatError, ParserCreate  # few files are XML

    source, encoding = _decodable(text)
    parser = ParserCreate(encoding, " ")
    elements: list[Element] = []
    entities = 0

    def on_start(name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        elements.append(Element(namespace, local, attributes))
        if len(elements) == max_elements:
            raise _EnoughElementsError

    def on_entity(name: str, is_parameter: bool, value: str | None, *_where: str | None) -> None:
        nonlocal entities
        entities += 1
        if is_parameter or entities > _MAX_ENTITIES or not _is_short_literal(value):
            raise UnsafeXmlError(name)

    parser.StartElementHandler = on_start
    parser.EntityDeclHandler = on_entity
    try:
        _feed(parser, source)
    except (_EnoughElementsError, ExpatError):
        return elements
    return elements


def root_element(text: bytes) -> Element | None:
    """Return the document element, or None if the text is not XML; raise UnsafeXmlError."""
    elements = first_elements(text, 1)
    return elements[0] if elements else None


def refine_markup(media_type: str, head: bytes) -> str:
    """Return the type of the document element's dialect for XML or HTML, or `media_type`.

    As in Tika, XML without a document element in the head is text; HTML need not be well-formed. A
    document with unsafe entities keeps its type.
    """
    try:
        root = root_element(head)
    except UnsafeXmlError:
        return media_type
    if root is not None:
        return XML_ROOTS.get((root.namespace, root.name), media_type)
    return PLAIN_TEXT if media_type == XML else media_type


def _is_short_literal(value: str | None) -> bool:
    return value is not None and len(value) <= _MAX_ENTITY and not {"&", "%"} & set(value)


def _feed(parser: XMLParserType, source: bytes) -> None:
    # In chunks, so that parsing can stop early.
    for start in range(0, len(source), _CHUNK_BYTES):
        parser.Parse(source[start : start + _CHUNK_BYTES], False)


def _decodable(text: bytes) -> tuple[bytes, str]:
    """Return the text in an encoding that expat reads, and that encoding; b"" for other encodings.

    expat is always given the encoding, so that it does not look up the declared name in Python.
    """
    if text.startswith(_UTF_16_STARTS):
        return text, "utf-16"
    plain = text.removeprefix(_UTF_8_MARK)
    label = _declared_encoding(plain)
    if label in _EXPAT_ENCODINGS:
        return plain, _EXPAT_ENCODINGS[label]
    if label in _OTHER_ENCODINGS:
        return plain.decode(label, "replace").encode("utf-8", "replace"), "utf-8"
    return b"", "utf-8"


def _declared_encoding(text: bytes) -> str:
    """Return the encoding of the XML declaration in lower case; "utf-8" if it has none."""
    if not text.startswith(b"<?xml"):
        return "utf-8"
    quoted = text[:128].partition(b"?>")[0].partition(b"encoding=")[2]
    quote = quoted[:1]
    label = quoted[1:].partition(quote)[0] if quote in (b'"', b"'") else b"utf-8"
    return label.decode("ascii", "replace").lower()
