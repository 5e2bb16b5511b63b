"""The StartedExports port on DynamoDB: one item per user in the table of runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from coffer.adapters.dynamodb.attributes import EpochAttribute, IntegerAttribute, JsonAttribute
from coffer.adapters.dynamodb.connection import Table, conditional_write
from coffer.adapters.dynamodb.reading import read_item
from coffer.domain.clock import from_text, to_text
from coffer.domain.errors import RecordChangedError
from coffer.domain.export.record import StartedList
from coffer.settings import table_settings

_RETENTION = timedelta(days=7)
"""No export runs as long as this."""


class StartedItem(Table):
    """The started exports of one user."""

    class Meta:
        table_name = table_settings.idempotency_table

    owner = UnicodeAttribute(hash_key=True, attr_name="runKey")
    started = JsonAttribute()
    revision = IntegerAttribute()
    expires_at = EpochAttribute(attr_name="expiresAt")


class DynamoStartedExports:
    """The lists of started exports."""

    def get(self, owner: str) -> StartedList:
        item = read_item(StartedItem, owner)
        if item is None:
            return StartedList(owner=owner, times={})
        times = {identifier: from_text(text) for identifier, text in item.started.items()}
        return StartedList(owner=owner, times=times, revision=item.revision)

    def replace(self, before: StartedList, times: Mapping[str, datetime]) -> None:
        item = StartedItem(
            before.owner,
            started={identifier: to_text(time) for identifier, time in times.items()},
            revision=before.revision + 1,
            expires_at=max(times.values()) + _RETENTION,
        )
        is_unchanged = (
            StartedItem.revision == before.revision
            if before.revision
            else StartedItem.owner.does_not_exist()
        )
        with conditional_write(RecordChangedError(before.owner)):
            item.save(condition=is_unchanged)
