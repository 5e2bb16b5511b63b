"""Standardise and validate file names, and name downloads.

Names keep the letters, marks, digits, signs and emoji of every script, in their composed form
(Unicode, NFC). The reference (object-store-api 1.31, ObjectFilenameUtils) keeps fewer signs and
splits letters from their marks.
"""

from __future__ import annotations

from unicodedata import category, normalize

from coffer.domain.errors import InvalidError

MAX_NAME_LENGTH = 250
MAX_EXTENSION_LENGTH = 10
# Separators of paths and names that Windows refuses; line and paragraph separators; characters
# that change the direction of the text around them (UAX #9, section 2); the byte order mark.
_REPLACED = frozenset('/\\:*?"<>|\u2028\u2029\u061c\u200e\u200f\ufeff')
_REPLACED |= frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_SPACES = " \u00a0\u3000"
_CONTROL_OR_SURROGATE = frozenset({"Cc", "Cs"})


def standardise(name: str) -> str:
    """Return `name` composed, with `_` for characters that a name may not have.

    Dots and spaces at both ends are dropped, but not the dot of a name that is an extension only,
    such as `.hidden`.
    """
    composed = "".join(map(_kept, normalize("NFC", name.strip()))).strip(_SPACES)
    kept = composed.strip(f".{_SPACES}")
    return composed if composed == f".{kept}" and kept and "." not in kept else kept


def _kept(char: str) -> str:
    is_noncharacter = ord(char) & 0xFFFE == 0xFFFE
    is_replaced = char in _REPLACED or category(char) in _CONTROL_OR_SURROGATE
    return "_" if is_replaced or is_noncharacter else char


def extension_of(name: str | None) -> str:
    """Return the extension in lower case with its dot (`.gz` of `a.tar.GZ`), or ""."""
    _, dot, extension = (name or "").strip().rpartition(".")
    return f".{extension.lower()}" if dot and extension else ""


def base_name(name: str) -> str:
    """Return the part before the last dot, or the whole name if it has no dot."""
    base, dot, _ = name.rpartition(".")
    return base if dot else name


def parse_file_name(name: str | None, *, pointer: str | None = None) -> str:
    """Return the standardised name of an uploaded file; "" if it has no name.

    Raises InvalidError for a name over 250 characters or an extension over 10 with its dot. The
    reference fails for these only after it has stored the bytes.
    """
    standardised = standardise(name or "")
    if len(standardised) > MAX_NAME_LENGTH:
        raise InvalidError(
            "file_name_too_long",
            f"The file name has {len(standardised)} characters; at most {MAX_NAME_LENGTH} are "
            "allowed.",
            pointer=pointer,
        )
    extension = extension_of(standardised)
    if len(extension) > MAX_EXTENSION_LENGTH:
        raise InvalidError(
            "file_extension_too_long",
            f"The file extension {extension[:40]!r} has {len(extension)} characters with its dot; "
            f"at most {MAX_EXTENSION_LENGTH} are allowed.",
            pointer=pointer,
        )
    return standardised


def download_name(name: str, extension: str, file_identifier: str) -> str:
    """Return the name of a downloaded main file: the base of `name` with `extension`.

    The name is unchanged if it has this extension, in any case: `plot.R` is a program in R. If
    `name` has no base, the file's identifier is used.
    """
    if base_name(name) and extension_of(name) == extension.lower():
        return name
    return f"{base_name(name) or file_identifier}{extension}"
