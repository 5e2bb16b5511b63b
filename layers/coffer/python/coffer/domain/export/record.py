"""Export: the record of one request for an archive, and the states it goes through.

NEW        the request was accepted; nobody has begun
RUNNING    a worker builds the archive, or the next one goes on soon
COMPLETED  the archive is there, with every file
PARTIAL    the archive is there; some files had vanished or changed: `problems` says which
ERROR      there will be no archive; `failure` says why
EXPIRED    there was one, and it has been removed

`version` counts the changes that readers and the bus are told of; progress is none of them. One
worker at a time has the lease: it ends by itself when the worker does.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

KEY_LENGTH = 128
KEY_LIFETIME = timedelta(minutes=60)
"""How long a key opens its archive, and how long the archive stays after it was taken (the
reference's figure for both)."""
LEASE_DURATION = timedelta(minutes=10)
"""How long a worker may go without a sign of life: longer than any single call takes."""
RESEND_AFTER = timedelta(minutes=15)
"""After this a request that nobody has taken up is sent on its way again."""
MAX_ATTEMPTS = 6
"""So many workers in a row may come to nothing before the export is given up."""
RECORD_RETENTION = timedelta(days=90)
"""How long a record stays after its archive is gone."""

_ALPHABET = string.ascii_letters + string.digits


class ExportStatus(StrEnum):
    """Where an export stands; see the module's table."""

    NEW = "NEW"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"


class DueAction(StrEnum):
    """What has to be done about an export, sooner or later; the sparse index knows."""

    BUILDING = "building"
    REMOVAL = "removal"


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """What a key opens, and until when."""

    key: str
    export: str
    expires_on: datetime


@dataclass(frozen=True, kw_only=True)
class Export:
    """One export. Times are aware UTC; bytes are those of the files, before any compression."""

    identifier: str
    created_by: str
    created_on: datetime
    name: str | None
    status: ExportStatus
    entries: int
    bytes_total: int
    entries_done: int = 0
    bytes_done: int = 0
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The files that were left out, by the code of the reason."""
    failure: str | None = None
    archive_bytes: int | None = None
    finished_on: datetime | None = None
    toa: str | None = None
    """The last key that was made; the bus is told, the audit never."""
    available_until: datetime | None = None
    lease: int = 0
    attempts: int = 0
    due: DueAction | None = None
    due_on: datetime | None = None
    expires_at: datetime | None = None
    version: int = 1
    revision: int = 0

    # Nobody deletes or edits an export: what other records keep of that is always absent here.
    deleted_on: ClassVar[datetime | None] = None
    deleted_by: ClassVar[str | None] = None
    changed_by: ClassVar[str | None] = None

    @property
    def instance_id(self) -> str:
        """`object-export/<id>`."""
        return f"object-export/{self.identifier}"

    @property
    def folder(self) -> str:
        """Where everything of this export is in the store."""
        return f"exports/{self.identifier}/"

    @property
    def archive_key(self) -> str:
        return f"{self.folder}{self.identifier}.zip"

    @property
    def request_key(self) -> str:
        return f"{self.folder}request.json"

    @property
    def sources_key(self) -> str:
        return f"{self.folder}sources.json"

    @property
    def temporary(self) -> str:
        """Where the temporary objects of all workers are."""
        return f"{self.folder}parts/"

    @property
    def scratch(self) -> str:
        """Where this worker's temporary objects go: one that is believed dead has its own."""
        return f"{self.temporary}{self.lease}/"

    def checkpoint_key(self, lease: int) -> str:
        """Where the worker that has, or had, this lease keeps its checkpoint."""
        return f"{self.folder}checkpoint-{lease}.json"

    @property
    def archive_name(self) -> str:
        """What the archive is called when it is handed out (reference, 4.11)."""
        return f"{self.identifier}.zip"

    @property
    def is_unfinished(self) -> bool:
        return self.status in (ExportStatus.NEW, ExportStatus.RUNNING)

    @property
    def has_archive(self) -> bool:
        return self.status in (ExportStatus.COMPLETED, ExportStatus.PARTIAL)

    def leased(self, now: datetime) -> Export:
        """The record once a worker has taken it up."""
        return replace(
            self,
            status=ExportStatus.RUNNING,
            lease=self.lease + 1,
            attempts=self.attempts + 1,
            due=DueAction.BUILDING,
            due_on=now + LEASE_DURATION,
            version=self.version + (self.status is ExportStatus.NEW),
        )

    def at_work(self, now: datetime, entries_done: int, bytes_done: int) -> Export:
        """The record while a worker gives a sign of life: its lease is longer."""
        return replace(
            self, entries_done=entries_done, bytes_done=bytes_done, due_on=now + LEASE_DURATION
        )

    def advanced(self, now: datetime, entries_done: int, bytes_done: int) -> Export:
        """The same once the worker has kept how far it came: earlier trouble is forgotten."""
        return replace(self.at_work(now, entries_done, bytes_done), attempts=0)

    def released(self, now: datetime) -> Export:
        """The record once a worker has stopped half-way: anyone may go on."""
        return replace(self, due_on=now)

    def is_leased(self, now: datetime) -> bool:
        """Whether a worker is at it."""
        running = self.status is ExportStatus.RUNNING
        return running and self.due_on is not None and self.due_on > now

    def finished(
        self,
        now: datetime,
        problems: Mapping[str, Sequence[str]],
        bytes_done: int,
        archive_bytes: int,
        toa: str,
    ) -> Export:
        """The record once the archive is there."""
        left_out = sum(map(len, problems.values()))
        return replace(
            self.available(now),
            status=ExportStatus.PARTIAL if problems else ExportStatus.COMPLETED,
            problems=problems,
            entries_done=self.entries - left_out,
            bytes_done=bytes_done,
            archive_bytes=archive_bytes,
            finished_on=now,
            toa=toa,
            version=self.version + 1,
        )

    def failed(
        self, now: datetime, code: str, problems: Mapping[str, Sequence[str]] | None = None
    ) -> Export:
        """The record once it is clear that there will be no archive."""
        return replace(
            self,
            status=ExportStatus.ERROR,
            failure=code,
            problems=problems or {},
            finished_on=now,
            due=DueAction.REMOVAL,
            due_on=now,
            version=self.version + 1,
        )

    def available(self, now: datetime) -> Export:
        """The record once a key was made or taken: the archive stays an hour from now."""
        until = now + KEY_LIFETIME
        return replace(self, available_until=until, due=DueAction.REMOVAL, due_on=until)

    def expired(self, now: datetime) -> Export:
        """The record once its time is over: its objects are about to be removed."""
        return replace(
            self, status=ExportStatus.EXPIRED, toa=None, due_on=now, version=self.version + 1
        )

    def cleared(self, now: datetime) -> Export:
        """The record once nothing of it is left in the store; it expires."""
        return replace(self, due=None, due_on=None, expires_at=now + RECORD_RETENTION)


def new_access_key(export: Export, now: datetime) -> AccessKey:
    """A key that nobody can guess: 128 random letters and digits, 762 bits."""
    key = "".join(secrets.choice(_ALPHABET) for _ in range(KEY_LENGTH))
    return AccessKey(key=key, export=export.identifier, expires_on=now + KEY_LIFETIME)
