"""Find the files behind the identifiers of an export, and choose their paths in the archive.

The naming rules are those of object-store-api 1.31. Every path can be unpacked safely, whatever the
caller sent: it is relative, has no `.` and `..`, no drive, no backslash and no control character.
No name is longer than file systems allow. No two paths are equal on a file system that ignores case
or the composition of letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from unicodedata import normalize

from coffer.domain.callers import Caller, Role
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.release import readable_ids
from coffer.domain.errors import Problem
from coffer.domain.export.record import ManifestEntry
from coffer.domain.export.transform_member import MAX_SOURCE_BYTES, ExportFunction
from coffer.domain.file_names import base_name, standardise
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus

FILES_POINTER = "/data/attributes/fileIdentifiers"
MAX_NAME_BYTES = 255
"""The maximum length of a file name and of a folder name: the limit of Linux (NAME_MAX), which
Windows and macOS allow, too."""

_KEPT_IN_FOLDERS = frozenset("_-[]()/")
_SUFFIXES = {
    "THUMBNAIL_IMAGE": "thumbnail",
    "LARGE_IMAGE": "large",
    "CROPPED_IMAGE": "cropped",
    None: "derivative",
}
# Windows reserves these names for devices, with any extension.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³")}
)


def file_not_found(identifier: str, pointer: str) -> Problem:
    """Return the problem of an unknown identifier; the text is the reference's."""
    return Problem("file_not_found", f"Can't find provided fileIdentifier {identifier}.", pointer)


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file of a request: an upload, or the thumbnail generated from an upload."""

    identifier: str
    upload: ObjectUpload
    metadata: Metadata | None
    derivative: Derivative | None
    is_thumbnail: bool = False
    is_readable: bool = True
    """True if the caller may read the file."""

    @property
    def media_type(self) -> str:
        """The evaluated media type of the bytes."""
        return "image/jpeg" if self.is_thumbnail else self.upload.content.evaluated_media_type

    @property
    def size_bytes(self) -> int | None:
        return None if self.is_thumbnail else self.upload.content.size_in_bytes

    def problem(
        self, caller: Caller, function: ExportFunction | None, pointer: str
    ) -> Problem | None:
        """Return the reason why the file cannot be exported, or None."""
        identifier, upload = self.identifier, self.upload
        if not upload.is_visible:
            return file_not_found(identifier, pointer)
        if not self.is_readable:
            detail = f"File {identifier}: {caller.missing_role(Role.READ_ONLY, upload.bucket)}"
            return Problem("file_not_readable", detail, pointer)
        deleted = self.derivative.deleted_on if self.is_thumbnail and self.derivative else None
        if upload.deleted_on or deleted:
            return Problem("file_deleted", f"The file {identifier} was deleted.", pointer)
        if not upload.is_readable:
            detail = f"File {identifier} not found: it was refused after its upload."
            return Problem("file_rejected", detail, pointer)
        if self.is_thumbnail and upload.thumbnail_status is not ThumbnailStatus.READY:
            detail = f"File {identifier} not found: its thumbnail does not exist."
            return Problem("file_not_ready", detail, pointer)
        return None if function is None else self._function_problem(function, pointer)

    def _function_problem(self, function: ExportFunction, pointer: str) -> Problem | None:
        if not function.accepts(self.media_type):
            detail = (
                f"{function.name} accepts {function.sources}; the file {self.identifier} is "
                f"{self.media_type}."
            )
            return Problem("unsupported_source", detail, pointer)
        if (self.size_bytes or 0) > MAX_SOURCE_BYTES:
            detail = (
                f"{function.name} accepts files of up to {MAX_SOURCE_BYTES} bytes; the file "
                f"{self.identifier} has {self.size_bytes}."
            )
            return Problem("source_too_large", detail, pointer)
        return None

    @property
    def folder(self) -> str:
        """The path in an archive of the folder that the file was sent with, as `folder_path`."""
        return _portable_path((self.upload.folder or "").split("/"))

    def name(self, alias: str | None, function: ExportFunction | None) -> tuple[str, str]:
        """Return the base and the extension of the file's name in the archive."""
        if self.is_thumbnail and self.derivative is not None:
            return derivative_name(self.derivative, self.metadata, alias, function)
        return file_name(self.upload, self.metadata, self.derivative, alias, function)

    def entry(self, path: str, *, is_transformed: bool, is_public: bool) -> ManifestEntry:
        """Return the manifest entry of the file."""
        content = None if self.is_thumbnail else self.upload.inspected_content
        return ManifestEntry(
            file_identifier=self.identifier,
            key=self.upload.thumbnail_key if self.is_thumbnail else str(self.upload.object_key),
            path=path,
            media_type=self.media_type,
            size_bytes=self.size_bytes,
            crc32=content.crc32 if content else None,
            sha1_hex=content.sha1_hex if content else None,
            modified=self.upload.created_on,
            is_transformed=is_transformed,
            is_public=is_public,
        )


@dataclass(frozen=True, kw_only=True)
class SourceResolver:
    """Finds uploads and thumbnails with the records that describe them, for one caller."""

    caller: Caller
    uploads: Uploads
    catalogue: Catalogue

    def resolve(self, identifiers: Sequence[str]) -> Mapping[str, SourceFile]:
        """Return the files that exist, by identifier."""
        uploads = self.uploads.get_all(identifiers)
        claims = [
            claim.partition("/") for upload in uploads.values() if (claim := upload.claimed_by)
        ]
        thumbnails = [name for name in identifiers if name not in uploads]
        derivatives = self.catalogue.derivatives_of(
            [*thumbnails, *(name for kind, _, name in claims if kind == "derivative")]
        )
        metadata = self.catalogue.metadata_of(
            list(
                {name for kind, _, name in claims if kind == "metadata"}
                | {derivative.ac_derived_from for derivative in derivatives.values()}
            )
        )
        sources = self.uploads.get_all(
            [
                record.file_identifier
                for name in thumbnails
                if name in derivatives
                and (record := metadata.get(derivatives[name].ac_derived_from))
                and record.file_identifier
            ]
        )
        readable = readable_ids(self.catalogue, self.caller, derivatives.values())
        return {
            file.identifier: replace(file, is_readable=self._is_readable(file, readable))
            for file in (
                *(_uploaded(upload, metadata, derivatives) for upload in uploads.values()),
                *_thumbnails(thumbnails, derivatives, metadata, sources),
            )
        }

    def _is_readable(self, file: SourceFile, readable_derivatives: frozenset[str]) -> bool:
        if self.caller.may_read(file.upload.bucket):
            return True
        if file.derivative is not None:
            return file.derivative.identifier in readable_derivatives
        return file.metadata is not None and file.metadata.publicly_releasable


def _uploaded(
    upload: ObjectUpload,
    metadata: Mapping[str, Metadata],
    derivatives: Mapping[str, Derivative],
) -> SourceFile:
    kind, _, identifier = (upload.claimed_by or "").partition("/")
    derivative = derivatives.get(identifier) if kind == "derivative" else None
    described = derivative.ac_derived_from if derivative else identifier
    return SourceFile(
        identifier=upload.file_identifier,
        upload=upload,
        metadata=metadata.get(described),
        derivative=derivative,
    )


def _thumbnails(
    identifiers: Sequence[str],
    derivatives: Mapping[str, Derivative],
    metadata: Mapping[str, Metadata],
    sources: Mapping[str, ObjectUpload],
) -> Iterator[SourceFile]:
    """Yield the generated thumbnails. Their derivative record has the file's identifier as its
    own."""
    for identifier in identifiers:
        derivative = derivatives.get(identifier)
        if derivative is None or derivative.file_identifier != identifier:
            continue
        record = metadata.get(derivative.ac_derived_from)
        source = sources.get(record.file_identifier or "") if record else None
        if source is not None and source.thumbnail_identifier == identifier:
            yield SourceFile(
                identifier=identifier,
                upload=source,
                metadata=record,
                derivative=derivative,
                is_thumbnail=True,
            )


class ArchivePaths:
    """The paths of an archive; every file gets a path of its own."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def add(self, folder: str, base: str, extension: str) -> str:
        """Return the path of a file. If it is taken, a number is added before the extension."""
        path = f"{folder}{_joined(base, extension)}"
        original = _comparable(path)
        while _comparable(path) in self._taken:
            # Continue with the last number: thousands of files may have the same name.
            number = self._numbers[original] = self._numbers.get(original, 0) + 1
            path = f"{folder}{_joined(base, f'({number}){extension}')}"
        self._taken.add(_comparable(path))
        return path

    def reserve_folder(self, folder: str) -> None:
        """Reserve the path of a folder and its parents; a file of the same path could not be
        unpacked."""
        parts = _comparable(folder).split("/")[:-1]
        self._taken |= {"/".join(parts[: depth + 1]) for depth in range(len(parts))}


def folder_path(folder: str) -> str:
    """Return the path of a folder of the request: empty, or ending with a slash.

    Leading characters that are neither letters nor digits are removed. Other characters that are
    not allowed become `_`.
    """
    folder = normalize("NFC", folder)
    start = next((place for place, char in enumerate(folder) if char.isalnum()), len(folder))
    kept = "".join(
        char if char.isalnum() or char in _KEPT_IN_FOLDERS else "_" for char in folder[start:]
    )
    return _portable_path(kept.split("/"))


def _portable_path(parts: Sequence[str]) -> str:
    portable = [_portable(_cut(part, MAX_NAME_BYTES - 1)) for part in parts if part]
    return "".join(f"{part}/" for part in portable)


def file_name(
    upload: ObjectUpload,
    metadata: Metadata | None,
    derivative: Derivative | None,
    alias: str | None,
    function: ExportFunction | None,
) -> tuple[str, str]:
    """Return base and extension of an upload. `metadata` describes the upload, or the file that it
    is derived from."""
    if derivative is not None:
        return derivative_name(derivative, metadata, alias, function)
    evaluated = upload.content.evaluated_file_extension
    extension = (metadata.file_extension or evaluated) if metadata else evaluated
    candidates = (alias, metadata.filename if metadata else None, upload.original_filename)
    name = next((one for one in candidates if one and one.strip()), "")
    base = _safe_base(base_name(name), upload.file_identifier)
    return _with_function(base, _as_in_names(extension, candidates), alias, function)


def derivative_name(
    derivative: Derivative,
    metadata: Metadata | None,
    alias: str | None,
    function: ExportFunction | None,
) -> tuple[str, str]:
    """Return base and extension of a derivative. If it has no name, the name of its source is
    used."""
    name = next((one for one in (alias, derivative.filename) if one and one.strip()), None)
    identifier = derivative.file_identifier
    extension = _as_in_names(derivative.file_extension, (alias, derivative.filename))
    if name is not None:
        base = _safe_base(base_name(name), identifier)
    else:
        source = (metadata.filename or metadata.original_filename or "") if metadata else ""
        base = _safe_base(base_name(source), "")
        base = f"{base}_{_SUFFIXES[derivative.derivative_type]}" if base else identifier
    return _with_function(base, extension, alias, function)


def _as_in_names(extension: str, names: Iterable[str | None]) -> str:
    """Return the extension with the case of the first name that has it: `plot.R` is R code."""
    endings = (name.strip()[len(base_name(name.strip())) :] for name in names if name)
    return next((one for one in endings if one.lower() == extension.lower()), extension)


def _with_function(
    base: str, extension: str, alias: str | None, function: ExportFunction | None
) -> tuple[str, str]:
    # Users can edit extensions. Windows removes a dot or a space at the end.
    dot = "." if extension.strip().startswith(".") else ""
    kept = standardise(extension).lstrip(".")
    extension = f"{dot}{kept}" if kept else ""
    if function is None:
        return base, extension
    suffix = "" if alias and alias.strip() else function.suffix
    return f"{base}{suffix}", function.extension or extension


def _safe_base(base: str, default: str) -> str:
    """Return a base that is safe in a path, or `default` if nothing of it remains."""
    kept = standardise(base)
    return _portable(kept) if kept.strip(". _") else default


def _portable(name: str) -> str:
    """Return a name that Windows does not change or refuse."""
    trimmed = name.strip().rstrip(". ")
    device = trimmed.partition(".")[0].rstrip().casefold()
    return f"{trimmed}_" if device in _DEVICES else trimmed


def _comparable(path: str) -> str:
    """Return the same text for paths that are equal on some file system (Unicode, canonical
    caseless matching, D145)."""
    return normalize("NFD", normalize("NFD", path).casefold())


def _joined(base: str, ending: str) -> str:
    """Return a name with this ending; the base is cut if the name would be too long."""
    return f"{_cut(base, MAX_NAME_BYTES - len(ending.encode()))}{ending}"


def _cut(name: str, max_bytes: int) -> str:
    """Return the beginning of a name, without half a character or a space at its end."""
    encoded = name.encode()
    if len(encoded) <= max_bytes:
        return name
    return encoded[:max_bytes].decode(errors="ignore").rstrip(". ")
