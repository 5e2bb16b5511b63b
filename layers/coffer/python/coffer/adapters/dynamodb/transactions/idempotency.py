"""Implement the Runs port on DynamoDB for requests under idempotency keys and their responses.

A response is stored compressed. If it is larger than an item, it is stored in parts, which are
written before the run.
"""

from __future__ import annotations

import zlib
from dataclasses import replace

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from coffer.adapters.dynamodb.attributes import EpochAttribute, IntegerAttribute, TimeAttribute
from coffer.adapters.dynamodb.connection import Table, conditional_write
from coffer.adapters.dynamodb.reading import read_item
from coffer.adapters.system_clock import SystemClock
from coffer.domain.clock import Clock
from coffer.domain.errors import RecordChangedError, RecordExistsError
from coffer.domain.transactions.idempotency import Run
from coffer.settings import table_settings

PART_BYTES = 350_000
"""An item has at most 400 KB, with its other attributes."""


class RunItem(Table):
    """A run, or a part of its response under `<key of the run>/<number>`."""

    class Meta:
        table_name = table_settings.idempotency_table

    key = UnicodeAttribute(hash_key=True, attr_name="runKey")
    fingerprint = UnicodeAttribute(null=True)
    started_on = TimeAttribute(null=True, attr_name="startedOn")
    leased_until = TimeAttribute(null=True, attr_name="leasedUntil")
    expires_at = EpochAttribute(attr_name="expiresAt")
    response = BinaryAttribute(null=True, legacy_encoding=False, attr_name="answer")
    parts = IntegerAttribute(null=True)
    revision = IntegerAttribute(null=True)


class DynamoRuns:
    """The runs table."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    def get(self, key: str) -> Run | None:
        item = read_item(RunItem, key)
        if item is None or item.expires_at <= self._clock.now():
            return None
        if item.fingerprint is None or item.started_on is None or item.leased_until is None:
            raise ValueError(f"{key} is a part, not a run")
        return Run(
            key=key,
            fingerprint=item.fingerprint,
            started_on=item.started_on,
            leased_until=item.leased_until,
            expires_at=item.expires_at,
            response=self._response(item),
            revision=item.revision or 0,
        )

    def add(self, run: Run) -> None:
        is_free = RunItem.key.does_not_exist() | (RunItem.expires_at <= self._clock.now())
        with conditional_write(RecordExistsError(run.key)):
            _item(run).save(condition=is_free)

    def replace(self, before: Run, after: Run) -> Run:
        written = replace(after, revision=before.revision + 1)
        item = _item(written)
        with conditional_write(RecordChangedError(before.key)):
            if written.response is not None:
                packed = zlib.compress(written.response)
                pieces = [packed[at : at + PART_BYTES] for at in range(0, len(packed), PART_BYTES)]
                item.response, item.parts = pieces[0], len(pieces)
                for number, piece in enumerate(pieces[1:], 1):
                    RunItem(
                        run_part(written.key, number),
                        response=piece,
                        expires_at=item.expires_at,
                    ).save()
            item.save(condition=RunItem.revision == before.revision)
        return written

    def remove(self, run: Run) -> None:
        with conditional_write(None):
            RunItem(run.key).delete(condition=RunItem.revision == run.revision)

    def _response(self, item: RunItem) -> bytes | None:
        if item.response is None:
            return None
        packed = bytes(item.response)
        for number in range(1, item.parts or 1):
            part = read_item(RunItem, run_part(item.key, number))
            if part is None or part.response is None:
                return None
            packed += part.response
        return zlib.decompress(packed)


def run_part(key: str, number: int) -> str:
    """Return the key of a part of a response."""
    return f"{key}/{number}"


def _item(run: Run) -> RunItem:
    return RunItem(
        run.key,
        fingerprint=run.fingerprint,
        started_on=run.started_on,
        leased_until=run.leased_until,
        expires_at=run.expires_at,
        revision=run.revision,
    )
