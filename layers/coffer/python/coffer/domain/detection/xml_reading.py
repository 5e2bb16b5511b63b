"""Reading the first elements of XML that nobody vouches for.

expat parses; it is given a bounded piece, fetches nothing, and stops at the first entity
declaration that is more than a short literal, so nothing in a document can make it work or grow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyexpat import XMLParserType

# Drawing programs declare their namespaces as entities: a few dozen short literals.
_MAX_ENTITIES = 64
_MAX_ENTITY = 256
_PIECE_BYTES = 2048
_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_STARTS = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
# What documents call the encodings that expat knows -> what expat calls them.
_ENCODINGS_OF_EXPAT = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "us-ascii",
    "ascii": "us-ascii",
    "iso-8859-1": "iso-8859-1",
    "iso8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
}
# Other encodings that documents come in; by name, since some that Python knows (punycode) take
# quadratic time, and others are no encodings of text.
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
        if is_parameter or entities > _MAX_ENTITIES or not _is_short_literal(value):
            raise UnsafeXmlError(name)

    parser.StartElementHandler = on_start
    parser.EntityDeclHandler = on_entity
    try:
        _feed(parser, source)
    except (_EnoughError, ExpatError):
        return elements
    return elements


def root_element(text: bytes) -> Element | None:
    """The document element, if the text is XML as far as that. Raises UnsafeXmlError."""
    elements = first_elements(text, 1)
    return elements[0] if elements else None


def _is_short_literal(value: str | None) -> bool:
    return value is not None and len(value) <= _MAX_ENTITY and not {"&", "%"} & set(value)


def _feed(parser: XMLParserType, source: bytes) -> None:
    # In pieces, so that a root found early is not paid for with the whole head.
    for start in range(0, len(source), _PIECE_BYTES):
        parser.Parse(source[start : start + _PIECE_BYTES], False)


def _decodable(text: bytes) -> tuple[bytes, str]:
    """The text in an encoding that expat reads, and that encoding; nothing of a text in another.

    expat is always told, so that it never asks Python what some declared name might mean.
    """
    if text.startswith(_UTF_16_STARTS):
        return text, "utf-16"
    plain = text.removeprefix(_UTF_8_MARK)
    label = _declared_encoding(plain)
    if label in _ENCODINGS_OF_EXPAT:
        return plain, _ENCODINGS_OF_EXPAT[label]
    if label in _OTHER_ENCODINGS:
        return plain.decode(label, "replace").encode("utf-8", "replace"), "utf-8"
    return b"", "utf-8"


def _declared_encoding(text: bytes) -> str:
    """The name in the document's declaration, in lower case; "utf-8" where there is none."""
    if not text.startswith(b"<?xml"):
        return "utf-8"
    quoted = text[:128].partition(b"?>")[0].partition(b"encoding=")[2]
    quote = quoted[:1]
    label = quoted[1:].partition(quote)[0] if quote in (b'"', b"'") else b"utf-8"
    return label.decode("ascii", "replace").lower()
