"""From the bytes and the name of a file to its media type.

The composition follows Apache Tika 3.2.3, which object-store-api 1.31 asks: signatures by tier,
the text check for what bears none, the document element of XML, the name where it makes the type
more special, and what containers hold, which outweighs all of it. Beyond Tika goes one thing: a
program that is also something else is a program.
"""

from __future__ import annotations

from typing import NamedTuple

from coffer.domain.detection import markup
from coffer.domain.detection.containers.compressed import compressed_type
from coffer.domain.detection.containers.ogg import ogg_type
from coffer.domain.detection.containers.ole2 import ole2_type
from coffer.domain.detection.containers.property_list import property_list_type
from coffer.domain.detection.containers.tape import tape_type
from coffer.domain.detection.containers.zip_archive import zip_type
from coffer.domain.detection.fallback import guess
from coffer.domain.detection.families.executables import is_program, program
from coffer.domain.detection.hierarchy import OCTET_STREAM, PLAIN_TEXT, XML, is_a, specialises
from coffer.domain.detection.media_types import primary_extension_of
from coffer.domain.detection.names import type_by_name
from coffer.domain.detection.plain_text import looks_like_text
from coffer.domain.detection.readers import ByteReader
from coffer.domain.detection.signatures import types_by_signature
from coffer.domain.detection.windows import Window

_CONTAINERS = (
    ole2_type,
    zip_type,
    ogg_type,
    property_list_type,
    compressed_type,
    tape_type,
)


class Detection(NamedTuple):
    """What a file is: its media type, and that type's primary extension with the dot, or ""."""

    media_type: str
    extension: str


def detect(reader: ByteReader, name: str | None) -> Detection:
    """What the file behind `reader`, uploaded as `name`, is.

    The media type is in lower case, parameters after "; ". Reads at most four blocks and 256 KiB
    in all, the first one bytes 0 to 65,535. Errors of the reader pass through; the content and
    the name, whatever they are, never raise.
    """
    window = Window(reader)
    media_type = _media_type(window, name)
    if not is_program(media_type):
        media_type = program(window.head) or media_type
    return Detection(media_type, primary_extension_of(media_type))


def _media_type(window: Window, name: str | None) -> str:
    media_type = _choose(_candidates(window.head), type_by_name(name))
    for ask in _CONTAINERS:
        held = ask(window)
        if held is not None:
            return media_type if specialises(media_type, held) else held
    return media_type


def _candidates(head: bytes) -> list[str]:
    """Types the head may be, the likeliest first."""
    found = types_by_signature(head)
    if found:
        refinable = (XML, markup.HTML)
        return [markup.refine(kind, head) if kind in refinable else kind for kind in found]
    if looks_like_text(head):
        return [PLAIN_TEXT]
    return [(guess(head) if head else None) or OCTET_STREAM]


def _choose(candidates: list[str], named: str | None) -> str:
    """The name's type where it is one of the candidates or a special case of one."""
    if named is not None and any(is_a(named, candidate) for candidate in candidates):
        return named
    return candidates[0]
