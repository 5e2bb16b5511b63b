"""Names in an archive: what a file is called there, and in which folder (reference, 4.7 and 4.10).

Every path is safe to unpack, whatever a caller sent: relative, without `.` and `..`, without a
drive, a backslash or a control character, no name longer than file systems take, and no two alike
where upper and lower case are one, or composed and decomposed letters are.
"""

from __future__ import annotations

from unicodedata import normalize

from coffer.domain.derivatives.record import Derivative
from coffer.domain.export.transform_member import ExportFunction
from coffer.domain.file_names import base_name, standardise
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import ObjectUpload

MAX_NAME_LENGTH = 250
"""Of an alias, and of a folder."""
MAX_NAME_BYTES = 255
"""Of a file's name, and of a folder's: what Linux takes (NAME_MAX), and Windows and macOS, too."""

_KEPT_IN_FOLDERS = frozenset("_-[]()/")
_SUFFIXES = {
    "THUMBNAIL_IMAGE": "thumbnail",
    "LARGE_IMAGE": "large",
    "CROPPED_IMAGE": "cropped",
    None: "derivative",
}
# Windows takes these for devices, whatever extension follows.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³")}
)


class ArchivePaths:
    """Paths that are taken already; gives each file one that is not."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def place(self, folder: str, base: str, extension: str) -> str:
        """The path of a file: numbered before its extension where there is one like it."""
        path = f"{folder}{_joined(base, extension)}"
        alike = _alike(path)
        while _alike(path) in self._taken:
            # From where the last one like it was numbered: thousands may be called the same.
            number = self._numbers[alike] = self._numbers.get(alike, 0) + 1
            path = f"{folder}{_joined(base, f'({number}){extension}')}"
        self._taken.add(_alike(path))
        return path

    def open_folder(self, folder: str) -> None:
        """Keep files from being called what a folder is called: nobody could unpack both."""
        parts = _alike(folder).split("/")[:-1]
        self._taken |= {"/".join(parts[: depth + 1]) for depth in range(len(parts))}


def folder_path(folder: str) -> str:
    """What a folder of the request is called in the archive: empty, or with a slash at its end.

    Leading characters that are neither letters nor digits go, others that are not kept become
    `_`, so that nothing leads out of it.
    """
    folder = normalize("NFC", folder)
    start = next((place for place, char in enumerate(folder) if char.isalnum()), len(folder))
    kept = "".join(
        char if char.isalnum() or char in _KEPT_IN_FOLDERS else "_" for char in folder[start:]
    )
    parts = [_portable(_cut(part, MAX_NAME_BYTES - 1)) for part in kept.split("/") if part]
    return "".join(f"{part}/" for part in parts)


def file_name(
    upload: ObjectUpload,
    metadata: Metadata | None,
    derivative: Derivative | None,
    alias: str | None,
    function: ExportFunction | None,
) -> tuple[str, str]:
    """Base and extension of an uploaded file; `metadata` describes it, or what it derives from."""
    if derivative is not None:
        return derivative_name(derivative, metadata, alias, function)
    found = upload.content.evaluated_file_extension
    extension = (metadata.file_extension or found) if metadata else found
    candidates = (alias, metadata.filename if metadata else None, upload.original_filename)
    name = next((one for one in candidates if one and one.strip()), "")
    base = _safe_base(base_name(name), upload.file_identifier)
    return _with_function(base, extension, alias, function)


def derivative_name(
    derivative: Derivative,
    metadata: Metadata | None,
    alias: str | None,
    function: ExportFunction | None,
) -> tuple[str, str]:
    """Base and extension of a derivative: its own name, else that of what it was made from."""
    named = next((name for name in (alias, derivative.filename) if name and name.strip()), None)
    identifier = derivative.file_identifier
    if named is not None:
        base = _safe_base(base_name(named), identifier)
    else:
        source = (metadata.filename or metadata.original_filename or "") if metadata else ""
        base = _safe_base(base_name(source), "")
        base = f"{base}_{_SUFFIXES[derivative.derivative_type]}" if base else identifier
    return _with_function(base, derivative.file_extension, alias, function)


def _with_function(
    base: str, extension: str, alias: str | None, function: ExportFunction | None
) -> tuple[str, str]:
    # An extension may have been edited; a dot or a space at the end Windows would take away.
    extension = standardise(extension).rstrip(". ")
    if function is None:
        return base, extension
    suffix = "" if alias and alias.strip() else function.suffix
    return f"{base}{suffix}", function.extension or extension


def _safe_base(base: str, otherwise: str) -> str:
    """A base that is safe in a path, or another where nothing of it would be left."""
    kept = standardise(normalize("NFC", base))  # a decomposed letter would lose its mark
    return _portable(kept) if kept.strip(". _") else otherwise


def _portable(name: str) -> str:
    """A name that Windows keeps as it is, too."""
    trimmed = name.strip().rstrip(". ")
    device = trimmed.partition(".")[0].rstrip().casefold()
    return f"{trimmed}_" if device in _DEVICES else trimmed


def _alike(path: str) -> str:
    """The same for paths that some file system takes for the same (Unicode, canonical caseless
    matching, D145)."""
    return normalize("NFD", normalize("NFD", path).casefold())


def _joined(base: str, ending: str) -> str:
    """A name that ends so, its base cut where it would be too long."""
    return f"{_cut(base, MAX_NAME_BYTES - len(ending.encode()))}{ending}"


def _cut(name: str, most_bytes: int) -> str:
    """As much of the beginning as fits, without half a character or a space at its end."""
    encoded = name.encode()
    if len(encoded) <= most_bytes:
        return name
    return encoded[:most_bytes].decode(errors="ignore").rstrip(". ")
