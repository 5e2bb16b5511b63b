"""Detect the media type of a file from its bytes and its name.

The order of the steps is that of Apache Tika 3.2.3, which object-store-api 1.31 uses: signatures by
tier; a text check for files without signature; the document element of XML; the name, if it makes
the type more specific; and the content of containers, which outweighs all of these. One step is
added to Tika's: a file that is a program and also something else is a program.
"""

from __future__ import annotations

from typing import NamedTuple

from coffer.domain.detection.containers.compressed import compressed_type
from coffer.domain.detection.containers.ogg import ogg_type
from coffer.domain.detection.containers.ole2 import ole2_type
from coffer.domain.detection.containers.property_list import property_list_type
from coffer.domain.detection.containers.tar import tar_type
from coffer.domain.detection.containers.zip_archive import zip_type
from coffer.domain.detection.families.executables import is_program, program
from coffer.domain.detection.plain_text import looks_like_text
from coffer.domain.detection.registry import (
    HTML,
    OCTET_STREAM,
    PLAIN_TEXT,
    XML,
    is_a,
    primary_extension_of,
    specialises,
    type_by_name,
)
from coffer.domain.detection.signatures import types_by_signature
from coffer.domain.detection.window import ByteReader, Window
from coffer.domain.detection.xml_parser import refine_markup

_CONTAINERS = (
    ole2_type,
    zip_type,
    ogg_type,
    property_list_type,
    compressed_type,
    tar_type,
)
# Extension of the `filetype` package -> registered name (RFC 8081). Only types with a signature of
# four bytes or more are trusted: its shorter ones also match text and noise.
_FILETYPE_TYPES = {"woff": "font/woff", "woff2": "font/woff2"}


class Detection(NamedTuple):
    """The media type of a file, and that type's primary extension with the dot, or ""."""

    media_type: str
    extension: str


def detect(reader: ByteReader, name: str | None) -> Detection:
    """Return the media type of the file behind `reader`, which was uploaded as `name`.

    The type is in lower case, with parameters after "; ". At most four blocks and 256 KiB are read;
    the first block is bytes 0 to 65,535. Errors of the reader are passed on; the content and the
    name never cause an error.
    """
    window = Window(reader)
    media_type = _media_type(window, name)
    if not is_program(media_type):
        media_type = program(window.head) or media_type
    return Detection(media_type, primary_extension_of(media_type))


def _media_type(window: Window, name: str | None) -> str:
    media_type = _choose(_candidates(window.head), type_by_name(name))
    for container_type in _CONTAINERS:
        held = container_type(window)
        if held is not None:
            return media_type if specialises(media_type, held) else held
    return media_type


def _candidates(head: bytes) -> list[str]:
    """Return the types that the head may have, the likeliest first."""
    found = types_by_signature(head)
    if found:
        return [refine_markup(kind, head) if kind in (XML, HTML) else kind for kind in found]
    if looks_like_text(head):
        return [PLAIN_TEXT]
    return [(_by_filetype(head) if head else None) or OCTET_STREAM]


def _by_filetype(head: bytes) -> str | None:
    import filetype  # takes 16 ms, and few files get here

    kind = filetype.guess(head)
    return _FILETYPE_TYPES.get(kind.extension) if kind else None


def _choose(candidates: list[str], named: str | None) -> str:
    """Return the name's type if it is a candidate or a special case of one, else the first."""
    if named is not None and any(is_a(named, candidate) for candidate in candidates):
        return named
    return candidates[0]
