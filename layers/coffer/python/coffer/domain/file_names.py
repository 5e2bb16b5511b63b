"""File names: what may be kept of the name a file came with, and what it is called when it goes.

Rules of the reference (object-store-api 1.31, ObjectFilenameUtils): names keep letters, digits,
`_ - [ ] ( ) . +` and the space; everything else becomes `_`.
"""

from __future__ import annotations

from coffer.domain.errors import InvalidError

MAX_NAME_LENGTH = 250
MAX_EXTENSION_LENGTH = 10
_KEPT = frozenset("_-[]().+ ")


def standardise(name: str) -> str:
    """`name` with every character that the reference does not keep replaced by `_`."""
    return "".join(char if char.isalnum() or char in _KEPT else "_" for char in name.strip())


def extension_of(name: str | None) -> str:
    """The extension with its dot, in lower case: `.gz` of `a.tar.GZ`; empty where there is none."""
    _, dot, extension = (name or "").strip().rpartition(".")
    return f".{extension.lower()}" if dot and extension else ""


def base_of(name: str) -> str:
    """What stands before the last dot; the whole name where there is no dot."""
    base, dot, _ = name.rpartition(".")
    return base if dot else name


def parse_file_name(name: str | None, *, pointer: str | None = None) -> str:
    """The name to record for a file that came as `name`; empty where it came without one.

    Raises InvalidError, before anything is stored, where the reference would fail only after it
    had stored the bytes: a name over 250 characters, an extension over 10 with its dot.
    """
    kept = standardise(name or "")
    if len(kept) > MAX_NAME_LENGTH:
        raise InvalidError(
            "file_name_too_long",
            f"The file name has {len(kept)} characters; at most {MAX_NAME_LENGTH} are kept.",
            pointer=pointer,
        )
    extension = extension_of(kept)
    if len(extension) > MAX_EXTENSION_LENGTH:
        raise InvalidError(
            "file_extension_too_long",
            f"The file extension {extension[:40]!r} has {len(extension)} characters with its dot; "
            f"at most {MAX_EXTENSION_LENGTH} are allowed.",
            pointer=pointer,
        )
    return kept


def name_for_download(name: str, extension: str, file_identifier: str) -> str:
    """What a main file is called when it is handed out.

    The base of `name` with the record's extension; the identifier where `name` has no base.
    """
    base = base_of(name)
    return f"{base or file_identifier}{extension}"
