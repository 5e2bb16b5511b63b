"""Temporary access: whose exports are shown to whom, and the keys that open an archive once."""

from __future__ import annotations

from dataclasses import dataclass

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import ConflictError, GoneError, NotFoundError, RecordChangedError
from coffer.domain.export.ports import AccessKeys, Exports
from coffer.domain.export.record import KEY_LENGTH, AccessKey, Export, ExportStatus, new_access_key

_TRIES = 5


@dataclass(frozen=True, kw_only=True)
class OpenedArchive:
    """An archive that a key has opened."""

    key: str
    filename: str
    size_bytes: int


def own_export(exports: Exports, caller: Caller, identifier: str) -> Export:
    """The export, if it is the caller's own: nobody else learns that it is there."""
    export = exports.get(identifier)
    if export is None or export.created_by != caller.username:
        raise NotFoundError("export_not_found", f"You have no export with the id {identifier}.")
    return export


def issue_key(exports: Exports, clock: Clock, caller: Caller, identifier: str) -> AccessKey:
    """A fresh key for an archive that is there; whatever keys there are stay good."""
    for _ in range(_TRIES):
        export = own_export(exports, caller, identifier)
        _require_archive(export)
        now = clock.now()
        access = new_access_key(export, now)
        try:
            exports.replace(export, export.available(now), access)
        except RecordChangedError:
            continue
        return access
    raise ConflictError("export_busy", "Many keys are being made at once. Try again.")


def redeem_key(exports: Exports, keys: AccessKeys, clock: Clock, key: str) -> OpenedArchive:
    """What the key opens, which it does this once; NotFoundError for everybody else.

    The archive stays an hour from now: the download may take its time, or fail.
    """
    now = clock.now()
    access = keys.redeem(key, now) if _may_be_key(key) else None
    export = exports.get(access.export) if access is not None else None
    for _ in range(_TRIES):
        if export is None or not export.has_archive:
            break
        try:
            return _opened(exports.replace(export, export.available(now)))
        except RecordChangedError:
            export = exports.get(export.identifier)
    if export is not None and export.has_archive:
        return _opened(export)  # others prolong its stay all the time
    raise _unknown()


def look_at_key(exports: Exports, keys: AccessKeys, clock: Clock, key: str) -> OpenedArchive:
    """What the key would open, without taking it; NotFoundError as for whoever takes it."""
    access = keys.look(key, clock.now()) if _may_be_key(key) else None
    export = exports.get(access.export) if access is not None else None
    if export is None or not export.has_archive:
        raise _unknown()
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


def _may_be_key(key: str) -> bool:
    return len(key) == KEY_LENGTH and key.isascii() and key.isalnum()


def _unknown() -> NotFoundError:
    return NotFoundError("access_key_not_found", "This key opens nothing, or nothing any more.")
