"""Refuse files whose media type may not be uploaded: programs and archives (zip, tar, 7z, rar, …).

The list is the reference's (object-store-api 1.31, ObjectUploadService). `rules.inspect` calls
`refuse_forbidden_type` with the detected type, so neither a declared type nor a file name matters.
"""

from __future__ import annotations

from coffer.domain.media_types import base_type
from coffer.domain.uploads.record import RejectedError

FORBIDDEN_TYPES = frozenset(
    {
        # Executables: Apache Tika's ExecutableParser.
        "application/x-msdownload",
        "application/x-dosexec",
        "application/x-elf",
        "application/x-object",
        "application/x-executable",
        "application/x-sharedlib",
        "application/x-coredump",
        # Packages: Apache Tika's PackageParser and RarParser. Specialisations (docx, epub, …) and
        # single compressed files (gzip: FASTQ archives) are allowed.
        "application/zip",
        "application/java-archive",
        "application/x-archive",
        "application/x-arj",
        "application/x-cpio",
        "application/x-tika-unix-dump",
        "application/x-tar",
        "application/x-7z-compressed",
        "application/x-rar-compressed",
    }
)

FORBIDDEN_PREFIX = "application/x-mach-o"
"""Mach-O has a type for each kind of file (executable, dylib, bundle, …); all are forbidden."""


def is_forbidden(detected: str) -> bool:
    """True if files detected as this type are refused, whatever type was declared."""
    plain = base_type(detected)
    return plain in FORBIDDEN_TYPES or plain.startswith(FORBIDDEN_PREFIX)


def refuse_forbidden_type(detected: str) -> None:
    """Raise RejectedError if a file was detected as a forbidden type."""
    if is_forbidden(detected):
        raise RejectedError("media_type_forbidden", f"Media type {detected} is invalid.")
