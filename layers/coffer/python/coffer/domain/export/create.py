"""Check the request for an export, save its record and manifest, and enqueue it.

Every problem that the request itself can show is reported here; a build only finds files that are
missing or have changed since.

Each user has one list of started exports, which is replaced on condition that no other request has
replaced it. A finished export leaves the list when the user starts the next one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import (
    ConflictError,
    Problem,
    RecordChangedError,
    TooLargeError,
    TooManyRequestsError,
)
from coffer.domain.export.fields import MAX_NAME_LENGTH
from coffer.domain.export.layout import LayoutError, LayoutMember, plan_layout
from coffer.domain.export.ports import Documents, ExportQueue, Exports, StartedExports
from coffer.domain.export.record import (
    RESEND_AFTER,
    DueAction,
    Export,
    ExportStatus,
    Manifest,
    ManifestEntry,
)
from coffer.domain.export.resolve_sources import (
    FILES_POINTER,
    ArchivePaths,
    SourceFile,
    SourceResolver,
    file_not_found,
    folder_path,
)
from coffer.domain.export.transform_member import ExportFunction
from coffer.domain.fields import GivenValues, has_markup
from coffer.domain.identifiers import new_identifier
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.transactions.commit import ReservedIdentifier, ValidationErrors
from coffer.domain.uploads.ports import Uploads

_MAX_ATTEMPTS = 5
_START_TIME = timedelta(minutes=1)
"""A started export whose record is not written after this time failed to start."""


@dataclass(frozen=True, kw_only=True)
class RunningExports:
    """The exports of each user that are not finished, at most `maximum` of them."""

    exports: Exports
    started: StartedExports
    clock: Clock
    maximum: int

    def add(self, caller: Caller, identifier: str) -> None:
        """Add an export that is about to be written; do nothing if it was added before.

        Raises TooManyRequestsError if the user has as many as are allowed.
        """
        owner = _owner_key(caller)
        for _ in range(_MAX_ATTEMPTS):
            now = self.clock.now()
            before = self.started.get(owner)
            running = {
                other: started_on
                for other, started_on in before.times.items()
                if other != identifier and self._is_running(other, started_on, now)
            }
            if len(running) >= self.maximum:
                raise TooManyRequestsError(
                    "too_many_exports",
                    f"You have {len(running)} exports that are not finished; at most "
                    f"{self.maximum} are allowed at the same time. Wait until one of them is "
                    "finished (GET /api/v1/object-export shows them), then send the request again.",
                )
            try:
                self.started.replace(before, {**running, identifier: now})
            except RecordChangedError:
                continue
            return
        raise ConflictError(
            "exports_busy", "You are starting too many exports at the same moment. Try again."
        )

    def _is_running(self, identifier: str, started_on: datetime, now: datetime) -> bool:
        export = self.exports.get(identifier)
        return export.is_unfinished if export else now < started_on + _START_TIME


def _owner_key(caller: Caller) -> str:
    """Return the name of a user's list. A subject stays the same if the user changes the name."""
    name = f"sub {caller.subject}" if caller.subject else f"name {caller.username}"
    return f"exports of {hashlib.sha256(name.encode()).hexdigest()}"


_ALIASES_POINTER = "/data/attributes/filenameAliases"
_LAYOUT_POINTER = "/data/attributes/exportLayout"


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """A request for an export. Identifiers are in lower case; `document` has the attributes as they
    were sent, `function_problems` has the problems of the export function, and `malformed` those of
    attributes that cannot be parsed."""

    file_identifiers: tuple[str, ...]
    name: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    layout: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    use_relative_paths: bool = False
    function: ExportFunction | None = None
    function_problems: Sequence[Problem] = ()
    malformed: Sequence[Problem] = ()
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ExportLimits:
    """The limits of one export, and of the unfinished exports of one user."""

    files: int
    size_bytes: int
    running: int


@dataclass(frozen=True, kw_only=True)
class ExportCreator:
    """Creates exports."""

    uploads: Uploads
    catalogue: Catalogue
    exports: Exports
    documents: Documents
    queue: ExportQueue
    clock: Clock
    limits: ExportLimits
    started: StartedExports

    def create(
        self, caller: Caller, request: ExportRequest, reserved: ReservedIdentifier | None = None
    ) -> Export:
        """Create an export and enqueue it; raises a RequestError if the request is refused.

        If an earlier run with the same `reserved` identifier created the export, return that one.
        """
        existing = self.exports.get(reserved.identifier) if reserved else None
        if existing is not None:
            self.queue.enqueue(existing.identifier)
            return existing
        if len(request.file_identifiers) > self.limits.files:
            detail = (
                f"At most {self.limits.files} files can be exported at once, not "
                f"{len(request.file_identifiers)}."
            )
            raise TooLargeError("too_many_files", detail, pointer=FILES_POINTER)
        entries = _entries(caller, request, self._files(caller, request))
        bytes_total = self._check_size(entries)
        identifier = reserved.identifier if reserved else new_identifier(self.clock)
        return self._save(caller, request, entries, bytes_total, identifier)

    def _files(self, caller: Caller, request: ExportRequest) -> Sequence[SourceFile]:
        """Return the files in the order of the request; raises a RequestError with all problems."""
        resolver = SourceResolver(caller=caller, uploads=self.uploads, catalogue=self.catalogue)
        files = resolver.resolve(list(dict.fromkeys(request.file_identifiers)))
        problems = list(_request_problems(request))
        for number, identifier in enumerate(request.file_identifiers):
            file, pointer = files.get(identifier), f"{FILES_POINTER}/{number}"
            if file is None:
                problems.append(file_not_found(identifier, pointer))
            elif (problem := file.problem(caller, request.function, pointer)) is not None:
                problems.append(problem)
        errors = ValidationErrors(GivenValues({}, request.malformed))
        errors.add(problems)
        errors.raise_if_any()
        return [files[identifier] for identifier in request.file_identifiers]

    def _check_size(self, entries: Sequence[ManifestEntry]) -> int:
        """Return the total size of the files; raises TooLargeError if it is over a limit."""
        total = sum(entry.size_bytes or 0 for entry in entries)
        if total > self.limits.size_bytes:
            detail = (
                f"Maximum export size exceeded. Max: {self.limits.size_bytes} bytes; these files "
                f"have {total}."
            )
            raise TooLargeError("export_too_large", detail, pointer=FILES_POINTER)
        members = [
            LayoutMember(entry.path, entry.size_bytes or 0, entry.media_type, entry.is_transformed)
            for entry in entries
        ]
        try:
            plan_layout(members)
        except LayoutError as error:
            raise TooLargeError("export_too_large", str(error), pointer=FILES_POINTER) from error
        return total

    def _save(
        self,
        caller: Caller,
        request: ExportRequest,
        entries: Sequence[ManifestEntry],
        bytes_total: int,
        identifier: str,
    ) -> Export:
        now = self.clock.now()
        export = Export(
            identifier=identifier,
            created_by=caller.username,
            owner_subject=caller.subject,
            created_on=now,
            name=request.name,
            status=ExportStatus.NEW,
            entries=len(entries),
            bytes_total=bytes_total,
            due=DueAction.BUILDING,
            due_on=now + RESEND_AFTER,
        )
        manifest = Manifest(
            request=request.document,
            entries=tuple(entries),
            function=request.function.document if request.function else None,
        )
        RunningExports(
            exports=self.exports,
            started=self.started,
            clock=self.clock,
            maximum=self.limits.running,
        ).add(caller, identifier)
        self.documents.save(export.request_key, manifest.encode())
        added = self.exports.add(export)
        # If this message is lost, housekeeping enqueues the export again.
        self.queue.enqueue(export.identifier)
        return added


def _entries(
    caller: Caller, request: ExportRequest, files: Sequence[SourceFile]
) -> list[ManifestEntry]:
    folders = {
        identifier: folder_path(folder)
        for folder, identifiers in request.layout.items()
        for identifier in identifiers
    }
    if request.use_relative_paths:
        folders = {file.identifier: file.folder for file in files}
    paths = ArchivePaths()
    for folder in folders.values():
        paths.reserve_folder(folder)
    entries = []
    for file in files:
        base, extension = file.name(request.aliases.get(file.identifier), request.function)
        path = paths.add(folders.get(file.identifier, ""), base, extension)
        entries.append(
            file.entry(
                path,
                is_transformed=request.function is not None,
                is_public=not caller.may_read(file.upload.bucket),
            )
        )
    return entries


def _request_problems(request: ExportRequest) -> Iterator[Problem]:
    """Yield the problems of the request that do not depend on its files."""
    yield from _list_problems(request)
    yield from _layout_problems(request)
    yield from _alias_problems(request)
    yield from _text_problems(request.name or "", "/data/attributes/name", "name")
    yield from request.function_problems


def _list_problems(request: ExportRequest) -> Iterator[Problem]:
    if not request.file_identifiers:
        detail = "username and fileIdentifiers must be provided"  # the reference's wording
        yield Problem("files_required", detail, pointer=FILES_POINTER)
    seen: set[str] = set()
    for number, identifier in enumerate(request.file_identifiers):
        if identifier in seen:
            detail = f"{identifier} is named more than once."
            yield Problem("duplicate_file", detail, pointer=f"{FILES_POINTER}/{number}")
        seen.add(identifier)


def _layout_problems(request: ExportRequest) -> Iterator[Problem]:
    if request.use_relative_paths and request.layout:
        detail = (
            "exportLayout and useRelativePaths both place files in folders; send one of them. "
            "filenameAliases can be combined with either."
        )
        yield Problem("conflicting_layout", detail, pointer=_LAYOUT_POINTER)
    known, placed = set(request.file_identifiers), set[str]()
    for folder, identifiers in request.layout.items():
        yield from _text_problems(folder, _LAYOUT_POINTER, "a folder")
        for identifier in identifiers:
            if identifier in placed:
                detail = f"fileIdentifiers should be unique in exportLayout: {identifier}"
                yield Problem("duplicate_in_layout", detail, pointer=_LAYOUT_POINTER)
            elif identifier not in known:
                detail = f"exportLayout names {identifier}, which is not in fileIdentifiers."
                yield Problem("unknown_in_layout", detail, pointer=_LAYOUT_POINTER)
            placed.add(identifier)


def _alias_problems(request: ExportRequest) -> Iterator[Problem]:
    for identifier, alias in request.aliases.items():
        if identifier in request.file_identifiers:
            yield from _text_problems(alias, f"{_ALIASES_POINTER}/{identifier}", "an alias")


def _text_problems(text: str, pointer: str, what: str) -> Iterator[Problem]:
    if len(text) > MAX_NAME_LENGTH:
        detail = f"{what} has {len(text)} characters; the limit is {MAX_NAME_LENGTH}."
        yield Problem("name_too_long", detail, pointer=pointer)
    elif has_markup(text):
        yield Problem("unsafe_text", f"{what} contains markup.", pointer=pointer)
