"""Requests for an export: everything that can be refused is refused here, by name and at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.derivatives.record import Derivative
from coffer.domain.errors import InvalidError, Problem, TooLargeError
from coffer.domain.export.archive_paths import (
    MAX_NAME_LENGTH,
    ArchivePaths,
    derivative_name,
    file_name,
    folder_path,
)
from coffer.domain.export.layout import LayoutError, plan_layout
from coffer.domain.export.manifest import Manifest, ManifestEntry
from coffer.domain.export.ports import Documents, ExportQueue, Exports
from coffer.domain.export.record import RESEND_AFTER, DueAction, Export, ExportStatus
from coffer.domain.export.transform_member import MAX_SOURCE_BYTES, ExportFunction
from coffer.domain.export.verify_sources import sized
from coffer.domain.identifiers import new_identifier
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.record import Metadata
from coffer.domain.text_safety import has_markup
from coffer.domain.transactions.commit import ReservedIdentifier
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus

_FILES = "/data/attributes/fileIdentifiers"
_ALIASES = "/data/attributes/filenameAliases"
_LAYOUT = "/data/attributes/exportLayout"


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What a caller asks for. Identifiers are in lower case; `document` has the attributes as
    they were sent, and `function_problems` what is wrong with the export function."""

    file_identifiers: tuple[str, ...]
    name: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    layout: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    function: ExportFunction | None = None
    function_problems: Sequence[Problem] = ()
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ExportLimits:
    """The most that one export may hold."""

    files: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class ExportCreator:
    """The parts of the world that a request takes."""

    uploads: Uploads
    catalogue: Catalogue
    exports: Exports
    documents: Documents
    queue: ExportQueue
    clock: Clock
    limits: ExportLimits

    def create(
        self, caller: Caller, request: ExportRequest, reserved: ReservedIdentifier | None = None
    ) -> Export:
        """Accept the request: keep it, and have it worked off. Raises a RequestError otherwise.

        With a `reserved` identifier, an export that an earlier run recorded under it is this one.
        """
        made = self.exports.get(reserved.identifier) if reserved else None
        if made is not None:
            self.queue.enqueue(made.identifier)
            return made
        _check_number(request, self.limits)
        files = self._files(caller, request)
        entries = _entries(request, files)
        total = sum(entry.size_bytes or 0 for entry in entries)
        if total > self.limits.size_bytes:
            raise TooLargeError(
                "export_too_large",
                f"Maximum export size exceeded. Max: {self.limits.size_bytes} bytes; these files "
                f"have {total}.",
                pointer=_FILES,
            )
        try:
            plan_layout(sized(entries))
        except LayoutError as error:
            raise TooLargeError("export_too_large", str(error), pointer=_FILES) from error
        identifier = reserved.identifier if reserved else new_identifier(self.clock)
        return self._keep(caller, request, entries, total, identifier)

    def _keep(
        self,
        caller: Caller,
        request: ExportRequest,
        entries: Sequence[ManifestEntry],
        total: int,
        identifier: str,
    ) -> Export:
        now = self.clock.now()
        export = Export(
            identifier=identifier,
            created_by=caller.username,
            created_on=now,
            name=request.name,
            status=ExportStatus.NEW,
            entries=len(entries),
            bytes_total=total,
            due=DueAction.BUILDING,
            due_on=now + RESEND_AFTER,
        )
        manifest = Manifest(
            request=request.document, entries=tuple(entries), function=request.function
        )
        self.documents.save(export.request_key, manifest.encode())
        added = self.exports.add(export)
        # A message that gets lost here is made up for by housekeeping.
        self.queue.enqueue(export.identifier)
        return added

    def _files(self, caller: Caller, request: ExportRequest) -> Sequence[_File]:
        """The files, in the order of the request; InvalidError with all that is wrong with it."""
        found = self._found(list(dict.fromkeys(request.file_identifiers)))
        problems = list(_request_problems(request))
        for place, identifier in enumerate(request.file_identifiers):
            file = found.get(identifier)
            where = f"{_FILES}/{place}"
            if file is None:
                problems.append(_missing(identifier, where))
            elif (problem := file.problem(caller, request, where)) is not None:
                problems.append(problem)
        if problems:
            raise InvalidError.of(problems)
        return [found[identifier] for identifier in request.file_identifiers]

    def _found(self, identifiers: Sequence[str]) -> Mapping[str, _File]:
        """The files behind identifiers: uploads with what describes them, generated thumbnails."""
        uploads = self.uploads.get_all(identifiers)
        described = [
            claim.partition("/") for upload in uploads.values() if (claim := upload.claimed_by)
        ]
        thumbnails = [name for name in identifiers if name not in uploads]
        derivatives = self.catalogue.derivatives_of(
            [*thumbnails, *(name for kind, _, name in described if kind == "derivative")]
        )
        metadata = self.catalogue.metadata_of(
            list(
                {name for kind, _, name in described if kind == "metadata"}
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
        return {
            file.identifier: file
            for file in (
                *(_uploaded(upload, metadata, derivatives) for upload in uploads.values()),
                *_thumbnails(thumbnails, derivatives, metadata, sources),
            )
        }


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file that was named: an upload, or a thumbnail that was generated of one."""

    identifier: str
    upload: ObjectUpload
    metadata: Metadata | None
    derivative: Derivative | None
    is_thumbnail: bool = False

    def problem(self, caller: Caller, request: ExportRequest, where: str) -> Problem | None:
        """Why it cannot be exported; None where it can."""
        identifier, upload = self.identifier, self.upload
        if not upload.is_visible:
            return _missing(identifier, where)
        if not self._may_be_read(caller):
            detail = (
                f"{caller.username} may not read the file {identifier}, which belongs to the "
                f"group {upload.bucket!r}."
            )
            return Problem("file_not_readable", detail, where)
        deleted = self.derivative.deleted_on if self.is_thumbnail and self.derivative else None
        if upload.deleted_on or deleted:
            return Problem("file_deleted", f"The file {identifier} was deleted.", where)
        if not upload.is_readable:
            detail = f"File {identifier} not found: it was refused when it came."
            return Problem("file_rejected", detail, where)
        if self.is_thumbnail and upload.thumbnail_status is not ThumbnailStatus.READY:
            detail = f"File {identifier} not found: its thumbnail is not there."
            return Problem("file_not_ready", detail, where)
        if request.function is None:
            return None
        return self._function_problem(request.function, where)

    def _may_be_read(self, caller: Caller) -> bool:
        record = self.derivative or self.metadata
        return caller.may_read(self.upload.bucket) or bool(record and record.publicly_releasable)

    def _function_problem(self, function: ExportFunction, where: str) -> Problem | None:
        if not function.takes(self.media_type):
            detail = (
                f"{function.name} takes {function.sources}; the file {self.identifier} is "
                f"{self.media_type}."
            )
            return Problem("unsupported_source", detail, where)
        if (self.size_bytes or 0) > MAX_SOURCE_BYTES:
            detail = (
                f"{function.name} takes files of up to {MAX_SOURCE_BYTES} bytes; the file "
                f"{self.identifier} has {self.size_bytes}."
            )
            return Problem("source_too_large", detail, where)
        return None

    @property
    def media_type(self) -> str:
        """What the bytes were found to be, whatever a record says."""
        return "image/jpeg" if self.is_thumbnail else self.upload.content.evaluated_media_type

    @property
    def size_bytes(self) -> int | None:
        return None if self.is_thumbnail else self.upload.content.size_in_bytes

    def name(self, alias: str | None, function: ExportFunction | None) -> tuple[str, str]:
        """Base and extension."""
        if self.is_thumbnail and self.derivative is not None:
            return derivative_name(self.derivative, self.metadata, alias, function)
        return file_name(self.upload, self.metadata, self.derivative, alias, function)

    def entry(self, path: str, function: ExportFunction | None) -> ManifestEntry:
        """The entry of the archive."""
        content = self.upload.inspected_content
        known = None if self.is_thumbnail else content
        return ManifestEntry(
            file_identifier=self.identifier,
            key=self.upload.thumbnail_key if self.is_thumbnail else str(self.upload.object_key),
            path=path,
            media_type=self.media_type,
            size_bytes=self.size_bytes,
            crc32=known.crc32 if known else None,
            sha1_hex=known.sha1_hex if known else None,
            modified=self.upload.created_on,
            is_made=function is not None,
        )


def _missing(identifier: str, where: str) -> Problem:
    return Problem("file_not_found", f"Can't find provided fileIdentifier {identifier}.", where)


def _uploaded(
    upload: ObjectUpload,
    metadata: Mapping[str, Metadata],
    derivatives: Mapping[str, Derivative],
) -> _File:
    kind, _, identifier = (upload.claimed_by or "").partition("/")
    derivative = derivatives.get(identifier) if kind == "derivative" else None
    described = derivative.ac_derived_from if derivative else identifier
    return _File(
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
) -> Iterator[_File]:
    """The generated thumbnails among the identifiers: their records are called what they are."""
    for identifier in identifiers:
        derivative = derivatives.get(identifier)
        if derivative is None or derivative.file_identifier != identifier:
            continue
        record = metadata.get(derivative.ac_derived_from)
        source = sources.get(record.file_identifier or "") if record else None
        if source is not None and source.thumbnail_identifier == identifier:
            yield _File(
                identifier=identifier,
                upload=source,
                metadata=record,
                derivative=derivative,
                is_thumbnail=True,
            )


def _entries(request: ExportRequest, files: Sequence[_File]) -> list[ManifestEntry]:
    folders = {
        identifier: folder_path(folder)
        for folder, identifiers in request.layout.items()
        for identifier in identifiers
    }
    names = ArchivePaths()
    for folder in folders.values():
        names.open_folder(folder)
    entries = []
    for file in files:
        base, extension = file.name(request.aliases.get(file.identifier), request.function)
        path = names.place(folders.get(file.identifier, ""), base, extension)
        entries.append(file.entry(path, request.function))
    return entries


def _check_number(request: ExportRequest, limits: ExportLimits) -> None:
    """Before anything is looked up: TooLargeError where there would be too much to look up."""
    if len(request.file_identifiers) > limits.files:
        raise TooLargeError(
            "too_many_files",
            f"At most {limits.files} files can be exported at once, not "
            f"{len(request.file_identifiers)}.",
            pointer=_FILES,
        )


def _request_problems(request: ExportRequest) -> Iterator[Problem]:
    """What is wrong with the request alone, whatever the files are."""
    yield from _list_problems(request)
    yield from _layout_problems(request)
    yield from _alias_problems(request)
    yield from _text_problems(request.name or "", "/data/attributes/name", "name")
    yield from request.function_problems


def _list_problems(request: ExportRequest) -> Iterator[Problem]:
    if not request.file_identifiers:
        yield Problem(
            "files_required", "username and fileIdentifiers must be provided", pointer=_FILES
        )
    seen: set[str] = set()
    for place, identifier in enumerate(request.file_identifiers):
        if identifier in seen:
            detail = f"{identifier} is named more than once."
            yield Problem("duplicate_file", detail, pointer=f"{_FILES}/{place}")
        seen.add(identifier)


def _layout_problems(request: ExportRequest) -> Iterator[Problem]:
    known, placed = set(request.file_identifiers), set[str]()
    for folder, identifiers in request.layout.items():
        yield from _text_problems(folder, _LAYOUT, "a folder")
        for identifier in identifiers:
            if identifier in placed:
                detail = f"fileIdentifiers should be unique in exportLayout: {identifier}"
                yield Problem("duplicate_in_layout", detail, pointer=_LAYOUT)
            elif identifier not in known:
                detail = f"exportLayout names {identifier}, which fileIdentifiers does not."
                yield Problem("unknown_in_layout", detail, pointer=_LAYOUT)
            placed.add(identifier)


def _alias_problems(request: ExportRequest) -> Iterator[Problem]:
    known = set(request.file_identifiers)
    for identifier, alias in request.aliases.items():
        where = f"{_ALIASES}/{identifier}"
        if identifier not in known:
            detail = f"filenameAliases names {identifier}, which fileIdentifiers does not."
            yield Problem("unknown_in_aliases", detail, pointer=where)
        yield from _text_problems(alias, where, "an alias")


def _text_problems(text: str, where: str, what: str) -> Iterator[Problem]:
    if len(text) > MAX_NAME_LENGTH:
        detail = f"{what} has {len(text)} characters; at most {MAX_NAME_LENGTH} are taken."
        yield Problem("name_too_long", detail, pointer=where)
    elif has_markup(text):
        yield Problem("unsafe_text", f"{what} holds markup.", pointer=where)
