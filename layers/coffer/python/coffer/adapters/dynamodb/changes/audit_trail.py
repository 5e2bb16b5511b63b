"""The AuditTrail port on DynamoDB: each snapshot is written once and never changed."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from coffer.adapters.dynamodb.changes.snapshots import SnapshotItem
from coffer.adapters.dynamodb.connection import (
    CANCELLED_BY_CONDITION,
    CANCELLED_BY_VALIDATION,
    DYNAMODB,
    MAX_REQUEST_ATTEMPTS,
    cancellations,
    conditional_write,
    invalid_is_refused,
    overload_is_unavailable,
)
from coffer.adapters.dynamodb.listing.counts import CountItem
from coffer.domain.errors import RecordExistsError, UnavailableError
from coffer.domain.listing.counters import CounterChange

_MIN_PAUSE_SECONDS = 0.02


class DynamoAuditTrail:
    """Writes the audit table, and the counters of lists in the same transaction."""

    def record(
        self, snapshot: Mapping[str, Any], counter_changes: Sequence[CounterChange] = ()
    ) -> None:
        item = SnapshotItem.of(snapshot)
        with invalid_is_refused():
            if counter_changes:
                is_new = _write_and_count(item, counter_changes)
            else:
                is_new = _write(item, SnapshotItem.instance_id.does_not_exist())
            if not is_new and not item.is_shortened:
                # Its counters were changed together with the shortened one.
                _write(item, SnapshotItem.is_shortened == True)  # noqa: E712 - a condition


def _write(item: SnapshotItem, condition: Condition) -> bool:
    """Write the snapshot and return True; return False if the condition is not met."""
    try:
        with conditional_write(RecordExistsError(item.instance_id)):
            item.save(condition=condition)
    except RecordExistsError:
        return False
    return True


def _write_and_count(item: SnapshotItem, counter_changes: Sequence[CounterChange]) -> bool:
    """Write the snapshot and add to the counters, so that a repeated change counts once.

    Return False if the snapshot exists already. DynamoDB accepts one of several transactions on
    the same counter. The others are retried.
    """
    for attempt in range(MAX_REQUEST_ATTEMPTS):
        try:
            with overload_is_unavailable(), TransactWrite(connection=DYNAMODB) as write:
                write.save(item, condition=SnapshotItem.instance_id.does_not_exist())
                for change in counter_changes:
                    write.update(
                        CountItem(change.kind.value, change.bucket_key),
                        actions=[
                            CountItem.records.add(change.records),
                            CountItem.public_records.add(change.public_records),
                        ],
                    )
        except TransactWriteError as error:
            codes = set(cancellations(error).values())
            if CANCELLED_BY_CONDITION in codes:
                return False
            if not codes or CANCELLED_BY_VALIDATION in codes:
                raise
        else:
            return True
        pause = random.uniform(1, 2**attempt)  # noqa: S311 - the pause needs no secure randomness
        time.sleep(_MIN_PAUSE_SECONDS * pause)
    raise UnavailableError("records_busy", "Other requests keep writing the counters. Try again.")
