"""The record of one resumable upload (a session) with its states, and that of a group grant.

UPLOADING   the client uploads parts; the multipart upload exists in the store
COMPLETING  the parts are fixed, and the store was asked to join them
COMPLETED   the store has joined the parts; promotion processes the file like any other
ABORTED     the client, a limit or housekeeping ended it; the store may still have parts

A client cannot abort a session that is COMPLETING. So either `complete` or `abort` has an effect,
never both. After six days it has ended like any other that is not COMPLETED: the store may have
removed the parts. Each change returns a new record, which the adapter writes only if the stored
record is the one that was read (`revision`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from coffer.domain.callers import Caller, Role
from coffer.domain.uploads.grant import UploadGrant
from coffer.domain.uploads.object_keys import incoming_key

MIB = 1024**2
MIN_PART_BYTES = 5 * MIB
"""S3's limit for every part but the last (S3 User Guide, "Amazon S3 multipart upload limits")."""
MAX_PARTS = 10_000
MAX_PART_BYTES = 5 * 1024 * MIB
SESSION_LIFETIME = timedelta(days=6)
"""Shorter than the lifecycle rule of the bucket, which aborts multipart uploads after 7 days."""
RESPONSE_LIFETIME = timedelta(days=2)
"""How long a session is kept after its end, so that a repeated request gets the same response."""
PART_URL_LIFETIME = timedelta(hours=1)
"""How long the upload of a part may begin. Aborted sessions are aborted again after this time."""


class SessionStatus(StrEnum):
    """The state of a session; the module's docstring explains them."""

    UPLOADING = "UPLOADING"
    COMPLETING = "COMPLETING"
    COMPLETED = "COMPLETED"
    ABORTED = "ABORTED"


class StoredPart(NamedTuple):
    """A part that the store has. `etag` is without quotes."""

    number: int
    etag: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Uploader:
    """Who uploads files, into which group, and the largest size of one file."""

    caller: Caller
    bucket: str
    max_bytes: int


@dataclass(frozen=True, kw_only=True)
class UploadSession:
    """One resumable upload. `identifier` is the fileIdentifier that the file will have."""

    identifier: str
    bucket: str
    created_by: str
    created_on: datetime
    grant: str
    """The signed field that becomes metadata of the object (`UploadGrant`)."""
    store_upload: str
    """The store's identifier of the multipart upload."""
    max_bytes: int
    status: SessionStatus = SessionStatus.UPLOADING
    owner_subject: str | None = None
    """The claim `sub` of the user who started it. Users may be able to change their names."""
    size_in_bytes: int | None = None
    """The announced size; None if the client announced none."""
    part_bytes: int | None = None
    """The size of every part but the last; None if the size is unknown."""
    crc32: str | None = None
    """The announced CRC-32 of the whole file, in hexadecimal."""
    parts: Sequence[StoredPart] = ()
    """The parts of the file, from COMPLETING on."""
    due_on: datetime | None = None
    """When housekeeping ends the session, or aborts the multipart upload again."""
    expires_at: datetime
    revision: int = 0

    @property
    def key(self) -> str:
        """Return the key of the uploaded object."""
        return incoming_key(self.bucket, self.identifier)

    @property
    def part_count(self) -> int | None:
        """Return the number of parts, or None if the size is unknown."""
        if self.size_in_bytes is None or self.part_bytes is None:
            return None
        return -(-self.size_in_bytes // self.part_bytes)

    @property
    def signed_grant(self) -> UploadGrant:
        """Return the attributes of the future upload record."""
        return UploadGrant.decode(self.grant)

    def length_of(self, number: int) -> int | None:
        """Return the size of a part in bytes, or None if the size of the file is unknown."""
        if self.size_in_bytes is None or self.part_bytes is None:
            return None
        return min(self.part_bytes, self.size_in_bytes - (number - 1) * self.part_bytes)

    def belongs_to(self, caller: Caller) -> bool:
        """True if the caller started it and may still upload into its group."""
        is_owner = caller.owns(self.created_by, self.owner_subject)
        return is_owner and caller.has_role(Role.GUEST, self.bucket)

    def has_ended(self, now: datetime) -> bool:
        """True if it was aborted, or was not completed in time."""
        if self.status is SessionStatus.COMPLETED:
            return False
        is_due = self.due_on is not None and self.due_on <= now
        return is_due or self.status is SessionStatus.ABORTED

    def completing(self, parts: Sequence[StoredPart]) -> UploadSession:
        """Return the session with its final parts, before the store is asked to join them."""
        return replace(self, status=SessionStatus.COMPLETING, parts=tuple(parts))

    def refused(self) -> UploadSession:
        """Return the session after the store refused to join the parts."""
        return replace(self, status=SessionStatus.UPLOADING, parts=())

    def completed(self, now: datetime) -> UploadSession:
        """Return the session after the store joined the parts."""
        return replace(
            self,
            status=SessionStatus.COMPLETED,
            due_on=None,
            expires_at=max(self.expires_at, now + RESPONSE_LIFETIME),
        )

    def aborted(self, due_on: datetime | None) -> UploadSession:
        """Return the aborted session; at `due_on` housekeeping aborts the multipart upload."""
        return replace(self, status=SessionStatus.ABORTED, due_on=due_on)


@dataclass(frozen=True, kw_only=True)
class GroupGrant:
    """Permission to upload files to one group, until it expires or is revoked.

    `digest` is the SHA-256 of its secret, in hexadecimal.
    """

    identifier: str
    digest: str
    bucket: str
    max_bytes: int
    created_by: str
    owner_subject: str | None = None
    expires_at: datetime


def default_part_bytes(size_in_bytes: int) -> int:
    """Return the part size that Uppy 4, 5 and 6 choose for a file of this size."""
    return max(MIN_PART_BYTES, -(-size_in_bytes // MAX_PARTS))
