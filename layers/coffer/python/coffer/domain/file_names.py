"""Standardise and validate file names, and name downloads.

Rules of the reference (object-store-api 1.31, ObjectFilenameUtils): names keep letters, digits,
`_ - [ ] ( ) . +` and spaces; every other character becomes `_`.
"""

from __future__ import annotations

from coffer.domain.errors import InvalidError

MAX_NAME_LENGTH = 250
MAX_EXTENSION_LENGTH = 10
_ALLOWED = frozenset("_-[]().+ ")


def standardise(name: str) -> str:
    """Return `name` with `_` in place of each character that the reference does not allow."""
    return "".join(char if char.isalnum() or char in _ALLOWED else "_" for char in name.strip())


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

    If `name` has no base, the file's identifier is used.
    """
    return f"{base_name(name) or file_identifier}{extension}"
