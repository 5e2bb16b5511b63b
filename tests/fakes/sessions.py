"""Sessions, group grants, and the multipart uploads of a store, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from coffer.domain.clock import Clock
from coffer.domain.errors import (
    MultipartUploadMissingError,
    PartsRefusedError,
    RecordChangedError,
    RecordExistsError,
)
from coffer.domain.sessions.cleanup import SessionCleanup
from coffer.domain.sessions.record import MIN_PART_BYTES, GroupGrant, StoredPart, UploadSession
from tests.fakes.objects import crc32_of, etag_of


class InMemorySessions:
    """The Sessions port."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.records: dict[str, UploadSession] = {}

    def get(self, identifier: str) -> UploadSession | None:
        session = self.records.get(identifier)
        return session if session and session.expires_at > self._clock.now() else None

    def add(self, session: UploadSession) -> UploadSession:
        if session.identifier in self.records:
            raise RecordExistsError(session.identifier)
        return self._keep(replace(session, revision=1))

    def replace(self, before: UploadSession, after: UploadSession) -> UploadSession:
        stored = self.records.get(before.identifier)
        if stored is None or stored.revision != before.revision:
            raise RecordChangedError(before.identifier)
        return self._keep(replace(after, revision=before.revision + 1))

    def due(self, now: datetime) -> Iterator[str]:
        for session in list(self.records.values()):
            if session.due_on is not None and session.due_on < now:
                yield session.identifier

    def _keep(self, session: UploadSession) -> UploadSession:
        self.records[session.identifier] = session
        return session


class InMemoryGroupGrants:
    """The GroupGrants port."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.records: dict[str, GroupGrant] = {}

    def get(self, identifier: str) -> GroupGrant | None:
        grant = self.records.get(identifier)
        return grant if grant and grant.expires_at > self._clock.now() else None

    def add(self, grant: GroupGrant) -> None:
        self.records[grant.identifier] = grant

    def remove(self, identifier: str) -> None:
        self.records.pop(identifier, None)


@dataclass
class _Upload:
    key: str
    grant: str
    media_type: str | None
    parts: dict[int, bytes] = field(default_factory=dict)


class InMemoryMultipartStore:
    """The MultipartStore port. `objects` has the bytes of completed uploads by key."""

    def __init__(self) -> None:
        self.uploads: dict[str, _Upload] = {}
        self.objects: dict[str, bytes] = {}

    def put(self, upload: str, number: int, body: bytes) -> str:
        """Upload a part, as a client does, and return its ETag."""
        self.uploads[upload].parts[number] = body
        return etag_of(body)

    def create(self, key: str, *, grant: str, media_type: str | None) -> str:
        name = f"upload-{len(self.uploads) + len(self.objects) + 1}"
        self.uploads[name] = _Upload(key, grant, media_type)
        return name

    def parts(self, key: str, upload: str) -> Sequence[StoredPart]:
        parts = sorted(self._found(key, upload).parts.items())
        return [StoredPart(number, etag_of(body), len(body)) for number, body in parts]

    def complete(
        self, key: str, upload: str, parts: Sequence[StoredPart], *, crc32: str | None
    ) -> None:
        found = self._found(key, upload)
        held = {part.number: part for part in self.parts(key, upload)}
        if any(held.get(part.number) != part for part in parts):
            raise PartsRefusedError("InvalidPart", key)
        if any(part.size_bytes < MIN_PART_BYTES for part in parts[:-1]):
            raise PartsRefusedError("EntityTooSmall", key)
        body = b"".join(found.parts[part.number] for part in parts)
        if crc32 is not None and crc32 != crc32_of(body):
            raise PartsRefusedError("BadDigest", key)
        self.objects[key] = body
        del self.uploads[upload]

    def abort(self, key: str, upload: str) -> None:
        self.uploads.pop(upload, None)

    def _found(self, key: str, upload: str) -> _Upload:
        found = self.uploads.get(upload)
        if found is None or found.key != key:
            raise MultipartUploadMissingError(key)
        return found


class UnsignedPartUrls:
    """The PartUrls port without signatures."""

    def sign(self, key: str, upload: str, number: int, length: int | None, now: datetime) -> str:
        return f"store:{key}?uploadId={upload}&partNumber={number}&length={length}"


def no_sessions(clock: Clock) -> SessionCleanup:
    """Return the cleanup of sessions without any session."""
    return SessionCleanup(
        sessions=InMemorySessions(clock), store=InMemoryMultipartStore(), clock=clock
    )
