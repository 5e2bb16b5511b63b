"""The Runs port on DynamoDB: requests under idempotency keys, and their answers.

An answer is kept compressed. One that is larger than an item is kept in parts, which are written
before the run says that it has them.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import UTC, datetime

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from coffer.adapters.dynamodb.attributes import TimeAttribute
from coffer.adapters.dynamodb.connection import Table, conditional_write
from coffer.adapters.dynamodb.reading import read_item
from coffer.adapters.system_clock import SystemClock
from coffer.domain.clock import Clock
from coffer.domain.errors import RecordChangedError, RecordExistsError
from coffer.domain.transactions.idempotency import Run
from coffer.settings import table_settings

PART_BYTES = 350_000
"""An item takes 400 KB; the rest is for the other attributes."""


class RunItem(Table):
    """A run, or a part of its answer under the run's key with `/<number>` behind."""

    class Meta:
        table_name = table_settings.idempotency_table

    key = UnicodeAttribute(hash_key=True, attr_name="runKey")
    fingerprint = UnicodeAttribute(null=True)
    started_on = TimeAttribute(null=True, attr_name="startedOn")
    leased_until = TimeAttribute(null=True, attr_name="leasedUntil")
    expires_at = NumberAttribute(attr_name="expiresAt")
    answer = BinaryAttribute(null=True, legacy_encoding=False)
    parts = NumberAttribute(null=True)
    revision = NumberAttribute(null=True)


class DynamoRuns:
    """The runs of the last day, in their table."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    def get(self, key: str) -> Run | None:
        item = read_item(RunItem, key)
        if item is None or item.expires_at <= self._clock.now().timestamp():
            return None
        if item.fingerprint is None or item.started_on is None or item.leased_until is None:
            raise ValueError(f"{key} is a part, not a run")
        return Run(
            key=key,
            fingerprint=item.fingerprint,
            started_on=item.started_on,
            leased_until=item.leased_until,
            expires_at=datetime.fromtimestamp(item.expires_at, UTC),
            answer=self._answer(item),
            revision=int(item.revision or 0),
        )

    def add(self, run: Run) -> None:
        now = int(self._clock.now().timestamp())
        free = RunItem.key.does_not_exist() | (RunItem.expires_at <= now)
        with conditional_write(RecordExistsError(run.key)):
            _item(run).save(condition=free)

    def replace(self, before: Run, after: Run) -> Run:
        written = replace(after, revision=before.revision + 1)
        item = _item(written)
        with conditional_write(RecordChangedError(before.key)):
            if written.answer is not None:
                packed = zlib.compress(written.answer)
                pieces = [packed[at : at + PART_BYTES] for at in range(0, len(packed), PART_BYTES)]
                item.answer, item.parts = pieces[0], len(pieces)
                for number, piece in enumerate(pieces[1:], 1):
                    RunItem(
                        f"{run_part(written.key, number)}",
                        answer=piece,
                        expires_at=item.expires_at,
                    ).save()
            item.save(condition=RunItem.revision == before.revision)
        return written

    def remove(self, run: Run) -> None:
        with conditional_write(None):
            RunItem(run.key).delete(condition=RunItem.revision == run.revision)

    def _answer(self, item: RunItem) -> bytes | None:
        if item.answer is None:
            return None
        packed = bytes(item.answer)
        for number in range(1, int(item.parts or 1)):
            part = read_item(RunItem, run_part(item.key, number))
            if part is None or part.answer is None:
                return None
            packed += part.answer
        return zlib.decompress(packed)


def run_part(key: str, number: int) -> str:
    """The key of a part of an answer."""
    return f"{key}/{number}"


def _item(run: Run) -> RunItem:
    return RunItem(
        run.key,
        fingerprint=run.fingerprint,
        started_on=run.started_on,
        leased_until=run.leased_until,
        expires_at=int(run.expires_at.timestamp()),
        revision=run.revision,
    )
