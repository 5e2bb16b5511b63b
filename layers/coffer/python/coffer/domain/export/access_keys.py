"""Issue and redeem the access keys of archives, and find a caller's own export.

Each new key requires that the caller may read all files of the archive, as at the time of the
export. Keys never keep an archive longer than ARCHIVE_LIFETIME.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import (
    ConflictError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    ObjectMissingError,
    RecordChangedError,
)
from coffer.domain.export.ports import AccessKeys, Archives, Exports
from coffer.domain.export.record import (
    ARCHIVE_LIFETIME,
    KEY_LENGTH,
    Export,
    ExportStatus,
    Manifest,
    key_digest,
    new_access_key,
)
from coffer.domain.export.resolve_sources import SourceResolver
from coffer.domain.file_names import standardise
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.uploads.ports import Uploads

MAX_PROBES = 16
"""How often a small part of an archive may be read before the download."""
_MAX_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True)
class OpenedArchive:
    """An archive that an access key opens."""

    key: str
    filename: str


def own_export(exports: Exports, caller: Caller, identifier: str) -> Export:
    """Return the caller's export; raises NotFoundError for exports of other users, too."""
    export = exports.get(identifier)
    if export is None or not caller.owns(export.created_by, export.owner_subject):
        raise NotFoundError("export_not_found", f"You have no export with the id {identifier}.")
    return export


@dataclass(frozen=True, kw_only=True)
class IssuedKey:
    """A new access key, and the time when it expires."""

    key: str
    expires_on: datetime


@dataclass(frozen=True, kw_only=True)
class KeyIssuer:
    """Issues more keys for archives to the owners of the exports."""

    exports: Exports
    keys: AccessKeys
    archives: Archives
    uploads: Uploads
    catalogue: Catalogue
    clock: Clock

    def issue(self, caller: Caller, identifier: str) -> IssuedKey:
        """Return a new key for an archive; keys that were issued before stay valid.

        Raises ForbiddenError if the caller may no longer read all of its files.
        """
        for _ in range(_MAX_ATTEMPTS):
            export, now = own_export(self.exports, caller, identifier), self.clock.now()
            _require_archive(export, now)
            self._require_readable(caller, export)
            try:
                available = self.exports.replace(export, export.available(now))
            except RecordChangedError:
                continue
            key, access = new_access_key(available)
            self.keys.add(access)
            return IssuedKey(key=key, expires_on=access.expires_on)
        raise ConflictError(
            "export_busy", "Too many keys are being issued for this export. Try again."
        )

    def _require_readable(self, caller: Caller, export: Export) -> None:
        """Raise ForbiddenError if the caller may no longer read a file of the archive.

        The files of the caller's groups need no reading of records.
        """
        try:
            entries = Manifest.decode(self.archives.load(export.request_key)).entries
        except ObjectMissingError as error:  # housekeeping has just removed it
            raise _expired(export) from error
        left_out = {file.file_identifier for file in export.left_out}
        foreign = [
            entry.file_identifier
            for entry in entries
            if not caller.may_read(entry.bucket_key) and entry.file_identifier not in left_out
        ]
        if not foreign:
            return
        resolver = SourceResolver(caller=caller, uploads=self.uploads, catalogue=self.catalogue)
        files = resolver.resolve(foreign).values()
        readable = sum(file.problem(caller, None, "") is None for file in files)
        if readable < len(foreign):
            raise ForbiddenError(
                "export_not_readable",
                f"You may no longer read {len(foreign) - readable} of the {len(entries)} files of "
                f"the export {export.identifier}, so it gets no new key. Export the files that you "
                "may read.",
            )


@dataclass(frozen=True, kw_only=True)
class PresentedKey:
    """The access key of a request, and what it opens. Methods raise NotFoundError if the key is
    unknown, used or expired."""

    exports: Exports
    keys: AccessKeys
    clock: Clock
    key: str

    def look(self) -> OpenedArchive:
        """Return the archive that the key opens, without deleting the key."""
        if self._found is None:
            raise access_key_not_found()
        return _opened(self._found)

    def count_probe(self) -> bool:
        """Count a probe of the archive; return False if the key is gone or had MAX_PROBES."""
        return self.keys.probe(key_digest(self.key), self.clock.now(), MAX_PROBES)

    def redeem(self) -> OpenedArchive:
        """Return the archive that the key opens, and delete the key.

        The archive stays for another hour, in case the download is slow or fails, but not beyond
        its end.
        """
        now, export = self.clock.now(), self._found
        if export is None or not self.keys.redeem(key_digest(self.key), now):
            raise access_key_not_found()
        for _ in range(_MAX_ATTEMPTS):
            if export is None or not export.has_archive:
                break
            try:
                return _opened(self.exports.replace(export, export.available(now)))
            except RecordChangedError:
                export = self.exports.get(export.identifier)
        if export is not None and export.has_archive:
            return _opened(export)  # other requests keep extending its stay
        raise access_key_not_found()

    @cached_property
    def _found(self) -> Export | None:
        if len(self.key) != KEY_LENGTH or not (self.key.isascii() and self.key.isalnum()):
            return None
        access = self.keys.look(key_digest(self.key), self.clock.now())
        export = self.exports.get(access.export) if access is not None else None
        return export if export is not None and export.has_archive else None


def access_key_not_found() -> NotFoundError:
    """Return the error for a key that opens no archive."""
    return NotFoundError("access_key_not_found", "The access key is unknown, used or expired.")


def _opened(export: Export) -> OpenedArchive:
    return OpenedArchive(key=export.archive_key, filename=_download_name(export))


def _download_name(export: Export) -> str:
    """Return the name of the export with the extension `.zip`; its id if it has no name."""
    name = standardise(export.name or "")
    if not name:
        return export.archive_name
    return name if name.lower().endswith(".zip") else f"{name}.zip"


def _require_archive(export: Export, now: datetime) -> None:
    if export.has_archive and not export.is_over(now):
        return
    if export.has_archive or export.status is ExportStatus.EXPIRED:
        raise _expired(export)
    if export.status is ExportStatus.ERROR:
        raise ConflictError(
            "export_failed", f"The export {export.identifier} failed: {export.failure}."
        )
    raise ConflictError(
        "export_not_finished", f"The export {export.identifier} is still being built."
    )


def _expired(export: Export) -> GoneError:
    return GoneError(
        "export_expired",
        f"The archive of the export {export.identifier} has been removed. Archives exist for at "
        f"most {ARCHIVE_LIFETIME // timedelta(hours=1)} hours: create a new export.",
        instance_id=export.instance_id,
    )
