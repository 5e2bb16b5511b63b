"""Ports for sessions, group grants, and the multipart uploads of the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from coffer.domain.sessions.record import GroupGrant, StoredPart, UploadSession


class SessionReader(Protocol):
    """Reads the records of sessions."""

    def get(self, identifier: str) -> UploadSession | None:
        """Return the session, or None if it does not exist or has expired."""
        ...


class Sessions(SessionReader, Protocol):
    """The records of sessions. Reads are consistent with all earlier writes."""

    def add(self, session: UploadSession) -> UploadSession:
        """Write a new session; raise RecordExistsError if its identifier is taken."""
        ...

    def replace(self, before: UploadSession, after: UploadSession) -> UploadSession:
        """Write `after` in place of `before` and return the stored session.

        Raises RecordChangedError if the session was written after `before` was read.
        """
        ...

    def due(self, now: datetime) -> Iterator[str]:
        """Yield identifiers of sessions whose `due_on` is before `now`.

        The cost depends on the number of results, not on the size of the table.
        """
        ...


class GroupGrants(Protocol):
    """The group grants. Reads are consistent with all earlier writes."""

    def get(self, identifier: str) -> GroupGrant | None:
        """Return the grant, or None if it does not exist or has expired."""
        ...

    def add(self, grant: GroupGrant) -> None:
        """Write a new grant."""
        ...

    def remove(self, identifier: str) -> None:
        """Delete a grant, if it exists."""
        ...


class MultipartStore(Protocol):
    """Multipart uploads of clients. `upload` is the store's identifier of one.

    The methods that take it raise MultipartUploadMissingError if it does not exist any more.
    """

    def create(self, key: str, *, grant: str, media_type: str | None) -> str:
        """Start a multipart upload and return its identifier.

        The object will carry the grant, and a CRC-32 of all its bytes if the store computes one.
        """
        ...

    def parts(self, key: str, upload: str) -> Sequence[StoredPart]:
        """Return all parts that were uploaded, in order."""
        ...

    def complete(
        self, key: str, upload: str, parts: Sequence[StoredPart], *, crc32: str | None
    ) -> None:
        """Join the parts into one object.

        Raises PartsRefusedError, with the parts unchanged, if the store has other parts, or if it
        computes checksums and the object has another CRC-32.
        """
        ...

    def abort(self, key: str, upload: str) -> None:
        """Discard the multipart upload and its parts; do nothing if it does not exist."""
        ...


class PartUrls(Protocol):
    """Signs URLs to which a client uploads parts."""

    def sign(self, key: str, upload: str, number: int, length: int | None, now: datetime) -> str:
        """Return a URL for one part. If `length` is given, the store takes no other length."""
        ...
