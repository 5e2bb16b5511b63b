"""Refuse files whose media type may not be uploaded: by default programs and archives.

A deployment chooses the types. `rules.inspect` compares them with the detected type, so neither a
declared type nor a file name matters.
"""

from __future__ import annotations

from dataclasses import dataclass

from coffer.domain.detection.registry import canonical, type_by_name
from coffer.domain.media_types import base_type
from coffer.domain.uploads.record import RejectedError

NOTHING = "none"
DEFAULT_LIST = (
    # The reference's list (object-store-api 1.31, ObjectUploadService). First the executables of
    # Apache Tika's ExecutableParser. Mach-O has a type for each kind of file.
    "application/x-msdownload,application/x-dosexec,application/x-elf,application/x-object,"
    "application/x-executable,application/x-sharedlib,application/x-coredump,"
    "application/x-mach-o*,"
    # The packages of Tika's PackageParser and RarParser. Specialisations (docx, epub, …) and single
    # compressed files (gzip: FASTQ archives) are allowed.
    "application/zip,application/java-archive,application/x-archive,application/x-arj,"
    "application/x-cpio,application/x-tika-unix-dump,application/x-tar,"
    "application/x-7z-compressed,application/x-rar-compressed"
)


@dataclass(frozen=True, kw_only=True)
class ForbiddenTypes:
    """The media types of files that are refused: whole names, and beginnings of names."""

    names: frozenset[str]
    beginnings: tuple[str, ...] = ()

    def __contains__(self, media_type: str) -> bool:
        """True if files detected as this type are refused, whatever type was declared."""
        plain = base_type(media_type)
        return plain in self.names or plain.startswith(self.beginnings)

    def find_announced(self, name: str, declared: str | None) -> str | None:
        """Return the forbidden type that a file's name or declared type stands for, or None."""
        types = (canonical(declared) if declared else None, type_by_name(name))
        return next((one for one in types if one is not None and one in self), None)

    def refuse(self, detected: str) -> None:
        """Raise RejectedError if a file was detected as a forbidden type."""
        if detected in self:
            raise RejectedError("media_type_forbidden", f"Media type {detected} is invalid.")


def parse_forbidden_types(text: str) -> ForbiddenTypes:
    """Return the types of a list such as `application/zip, application/x-mach-o*`.

    `none` stands for no type. Raises ValueError for other text that is not such a list.
    """
    if text.strip().lower() == NOTHING:
        return ForbiddenTypes(names=frozenset())
    names, beginnings = set(), []
    for entry in (piece.strip().lower() for piece in text.split(",")):
        family, slash, subtype = entry.removesuffix("*").partition("/")
        is_written = entry.isascii() and entry.isprintable() and " " not in entry
        if not (is_written and family and slash and subtype) or "*" in family + subtype:
            raise ValueError(
                f"must be media types separated by commas, or {NOTHING}, not {entry!r}"
            )
        if entry.endswith("*"):
            beginnings.append(entry.removesuffix("*"))
        else:
            names.add(canonical(entry))
    return ForbiddenTypes(names=frozenset(names), beginnings=tuple(beginnings))


DEFAULT_FORBIDDEN_TYPES = parse_forbidden_types(DEFAULT_LIST)
