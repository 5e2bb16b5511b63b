"""The Sessions and GroupGrants ports on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from coffer.adapters.dynamodb.connection import conditional_write, overload_is_unavailable
from coffer.adapters.dynamodb.reading import read_record
from coffer.adapters.dynamodb.sessions.items import (
    DueSessionIndex,
    GroupGrantItem,
    SessionItem,
    due_session_key,
    grant_key,
)
from coffer.domain.clock import Clock
from coffer.domain.errors import RecordChangedError, RecordExistsError
from coffer.domain.identifiers import SHARDS
from coffer.domain.sessions.record import GroupGrant, UploadSession


class DynamoSessions:
    """The sessions in their table."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def get(self, identifier: str) -> UploadSession | None:
        return read_record(SessionItem, identifier, self._clock)

    def add(self, session: UploadSession) -> UploadSession:
        added = replace(session, revision=1)
        with conditional_write(RecordExistsError(session.identifier)):
            SessionItem.of(added).save(condition=SessionItem.identifier.does_not_exist())
        return added

    def replace(self, before: UploadSession, after: UploadSession) -> UploadSession:
        written = replace(after, revision=before.revision + 1)
        with conditional_write(RecordChangedError(before.identifier)):
            SessionItem.of(written).save(condition=SessionItem.revision == before.revision)
        return written

    def due(self, now: datetime) -> Iterator[str]:
        with overload_is_unavailable():
            for shard in SHARDS:
                key = due_session_key(shard)
                for item in SessionItem.by_due.query(key, DueSessionIndex.due_on < now):
                    yield item.identifier


class DynamoGroupGrants:
    """The group grants, in the table of sessions."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def get(self, identifier: str) -> GroupGrant | None:
        return read_record(GroupGrantItem, grant_key(identifier), self._clock)

    def add(self, grant: GroupGrant) -> None:
        with overload_is_unavailable():
            GroupGrantItem.of(grant).save()

    def remove(self, identifier: str) -> None:
        with overload_is_unavailable():
            GroupGrantItem(grant_key(identifier)).delete()
