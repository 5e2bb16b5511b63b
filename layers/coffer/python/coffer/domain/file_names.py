"""Standardise and validate file names and relative paths, and name downloads.

Names keep the letters, marks, digits, signs and emoji of every script, in their composed form
(Unicode, NFC). The reference (object-store-api 1.31, ObjectFilenameUtils) keeps fewer signs and
splits letters from their marks.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from unicodedata import category, normalize

from coffer.domain.errors import InvalidError

MAX_NAME_LENGTH = 250
MAX_PATH_LENGTH = 1024
"""Characters of a relative path with the name of the file."""
MAX_EXTENSION_LENGTH = 10
# Separators of paths and names that Windows refuses; line and paragraph separators; characters
# that change the direction of the text around them (UAX #9, section 2); the byte order mark.
_REPLACED = frozenset('/\\:*?"<>|\u2028\u2029\u061c\u200e\u200f\ufeff')
_REPLACED |= frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_SPACES = "".join(char for char in map(chr, range(0x3001)) if char.isspace())
_CONTROL_OR_SURROGATE = frozenset({"Cc", "Cs"})
_SEPARATORS = re.compile(r"[/\\]")
_IS_ABSOLUTE = re.compile(r"[/\\]|[/\\]?[A-Za-z]:")  # also below a drive of Windows
_IS_DRIVE_OR_SERVER = re.compile(r"[/\\]?[A-Za-z]:|[/\\]{2}")


class SentName(NamedTuple):
    """The name of an uploaded file, and the folder that it had at the client, if that is known.

    The folder is a relative path without a slash at its ends.
    """

    folder: str | None
    name: str


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


def parse_sent_name(
    name: str | None,
    relative_path: str | None = None,
    *,
    pointer: str | None = None,
    path_pointer: str | None = None,
) -> SentName:
    """Return the standardised name and folder of an uploaded file.

    A `name` that is a relative path has both; of a `name` that is another path, only the last
    segment is used. `relative_path` is a path that the client declares. Its folder has precedence,
    and its last segment is used if nothing is left of `name`. A single slash at its beginning is
    dropped: the `fullPath` of a browser has one (W3C, File and Directory Entries API). Raises
    InvalidError for names and paths that are too long, and for a declared path that could lead
    elsewhere.
    """
    *folders, last = _SEPARATORS.split(name or "")
    if relative_path and relative_path.strip():
        *folders, own_name = _SEPARATORS.split(relative_path)
        is_elsewhere = _IS_DRIVE_OR_SERVER.match(relative_path) is not None
        if is_elsewhere or not (standardise(own_name) and _are_safe(folders)):
            raise InvalidError(
                "unsafe_relative_path",
                f"The relative path {relative_path[:80]!r} is not allowed. It names the file and "
                "the folders above it, such as 'folder/sub/name.txt', without '..', without a "
                "drive or a server, and every name has a letter, a digit or a sign.",
                pointer=path_pointer,
            )
        last = last if standardise(last) else own_name
    elif _IS_ABSOLUTE.match(name or "") or not _are_safe(folders):
        folders = []
    parsed = parse_file_name(last, pointer=pointer)
    folder = _joined(folders)
    if not _is_short(folder, parsed):
        raise InvalidError(
            "relative_path_too_long",
            f"A relative path has at most {MAX_PATH_LENGTH} characters, and each folder in it at "
            f"most {MAX_NAME_LENGTH}.",
            pointer=path_pointer if relative_path else pointer,
        )
    return SentName(folder or None if parsed else None, parsed)


def is_folder(folder: str, name: str) -> bool:
    """True if `parse_sent_name` can return this folder for a file with this name."""
    segments = folder.split("/")
    return bool(folder and name) and _joined(segments) == folder and _is_short(folder, name)


def _are_safe(segments: list[str]) -> bool:
    """True if something is left of each segment, except of those that mean the same folder."""
    return all(standardise(one) for one in segments if one not in ("", "."))


def _joined(segments: list[str]) -> str:
    return "/".join(standardise(one) for one in segments if one not in ("", "."))


def _is_short(folder: str, name: str) -> bool:
    is_short = len(folder) + 1 + len(name) <= MAX_PATH_LENGTH
    return is_short and all(len(one) <= MAX_NAME_LENGTH for one in folder.split("/"))


def download_name(name: str, extension: str, file_identifier: str) -> str:
    """Return the name of a downloaded main file: the base of `name` with `extension`.

    The name is unchanged if it has this extension, in any case: `plot.R` is a program in R. If
    `name` has no base, the file's identifier is used.
    """
    if base_name(name) and extension_of(name) == extension.lower():
        return name
    return f"{base_name(name) or file_identifier}{extension}"
