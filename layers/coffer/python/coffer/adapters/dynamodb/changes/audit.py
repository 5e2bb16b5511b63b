"""The AuditTrail port on DynamoDB: a snapshot for every version, written once, never changed."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pynamodb.exceptions import PutError, TransactWriteError
from pynamodb.transactions import TransactWrite

from coffer.adapters.dynamodb.changes.audit_items import SnapshotItem
from coffer.adapters.dynamodb.connection import (
    ATTEMPTS,
    CONDITION_FAILED,
    DYNAMODB,
    code_of,
    overload_is_unavailable,
)
from coffer.adapters.dynamodb.listing.counts import CountItem
from coffer.domain.errors import UnavailableError
from coffer.domain.listing.counters import CounterChange

_NONE, _CONDITION_FAILED = "None", "ConditionalCheckFailed"
_SHORTEST_PAUSE_SECONDS = 0.02


class DynamoAuditTrail:
    """The audit table, and the counters that move with it."""

    def record(self, snapshot: Mapping[str, Any], counts: Sequence[CounterChange] = ()) -> None:
        item = SnapshotItem.of(snapshot)
        if counts:
            self._keep_and_count(item, counts)
        else:
            _keep(item)

    def _keep_and_count(self, item: SnapshotItem, counts: Sequence[CounterChange]) -> None:
        """The snapshot and the counters in one transaction: what is told twice counts once.

        Counters of busy buckets are written by several at a time; DynamoDB lets one of them
        through and the others try again.
        """
        for attempt in range(ATTEMPTS):
            try:
                with overload_is_unavailable(), TransactWrite(connection=DYNAMODB) as write:
                    write.save(item, condition=SnapshotItem.instance_id.does_not_exist())
                    for change in counts:
                        write.update(
                            CountItem(change.kind.value, change.bucket_key),
                            actions=[
                                CountItem.records.add(change.records),
                                CountItem.public_records.add(change.public_records),
                            ],
                        )
            except TransactWriteError as error:
                reasons = {one.code for one in error.cancellation_reasons if one is not None}
                if _CONDITION_FAILED in reasons:
                    return
                if not reasons - {_NONE}:
                    raise
            else:
                return
            pause = random.uniform(1, 2**attempt)  # noqa: S311 - a pause is no secret
            time.sleep(_SHORTEST_PAUSE_SECONDS * pause)
        raise UnavailableError(
            "records_busy", "The counters are being written by others all the time."
        )


def _keep(item: SnapshotItem) -> None:
    with overload_is_unavailable():
        try:
            item.save(condition=SnapshotItem.instance_id.does_not_exist())
        except PutError as error:
            if code_of(error) != CONDITION_FAILED:
                raise
