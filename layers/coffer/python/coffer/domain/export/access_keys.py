"""Issue and redeem the access keys of archives, and find a caller's own export."""

from __future__ import annotations

from dataclasses import dataclass

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import ConflictError, GoneError, NotFoundError, RecordChangedError
from coffer.domain.export.ports import AccessKeys, Exports
from coffer.domain.export.record import (
    KEY_LENGTH,
    AccessKey,
    Export,
    ExportStatus,
    new_access_key,
)

_MAX_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True)
class OpenedArchive:
    """An archive that an access key opens."""

    key: str
    filename: str
    size_bytes: int


def own_export(exports: Exports, caller: Caller, identifier: str) -> Export:
    """Return the caller's export; raises NotFoundError for exports of other users, too."""
    export = exports.get(identifier)
    if export is None or not caller.owns(export.created_by, export.owner_subject):
        raise NotFoundError("export_not_found", f"You have no export with the id {identifier}.")
    return export


def issue_key(exports: Exports, clock: Clock, caller: Caller, identifier: str) -> AccessKey:
    """Return a new key for an archive; keys that were issued before stay valid."""
    for _ in range(_MAX_ATTEMPTS):
        export = own_export(exports, caller, identifier)
        _require_archive(export)
        now = clock.now()
        access = new_access_key(export, now)
        try:
            exports.replace(export, export.available(now), access)
        except RecordChangedError:
            continue
        return access
    raise ConflictError("export_busy", "Too many keys are being issued for this export. Try again.")


def redeem_key(exports: Exports, keys: AccessKeys, clock: Clock, key: str) -> OpenedArchive:
    """Return the archive that the key opens, and delete the key; raises NotFoundError.

    The archive stays for another hour, in case the download is slow or fails.
    """
    now = clock.now()
    access = keys.redeem(key, now) if _is_well_formed(key) else None
    export = exports.get(access.export) if access is not None else None
    for _ in range(_MAX_ATTEMPTS):
        if export is None or not export.has_archive:
            break
        try:
            return _opened(exports.replace(export, export.available(now)))
        except RecordChangedError:
            export = exports.get(export.identifier)
    if export is not None and export.has_archive:
        return _opened(export)  # other requests keep extending its stay
    raise _not_found()


def look_at_key(exports: Exports, keys: AccessKeys, clock: Clock, key: str) -> OpenedArchive:
    """Return the archive that the key opens, without deleting the key; raises NotFoundError."""
    access = keys.look(key, clock.now()) if _is_well_formed(key) else None
    export = exports.get(access.export) if access is not None else None
    if export is None or not export.has_archive:
        raise _not_found()
    return _opened(export)


def _opened(export: Export) -> OpenedArchive:
    return OpenedArchive(
        key=export.archive_key,
        filename=export.archive_name,
        size_bytes=export.archive_bytes or 0,
    )


def _require_archive(export: Export) -> None:
    if export.has_archive:
        return
    if export.status is ExportStatus.EXPIRED:
        raise GoneError(
            "export_expired",
            f"The archive of the export {export.identifier} has been removed.",
            instance_id=f"object-export/{export.identifier}",
        )
    if export.status is ExportStatus.ERROR:
        raise ConflictError(
            "export_failed", f"The export {export.identifier} failed: {export.failure}."
        )
    raise ConflictError(
        "export_not_finished", f"The export {export.identifier} is still being built."
    )


def _is_well_formed(key: str) -> bool:
    return len(key) == KEY_LENGTH and key.isascii() and key.isalnum()


def _not_found() -> NotFoundError:
    return NotFoundError("access_key_not_found", "The access key is unknown, used or expired.")
