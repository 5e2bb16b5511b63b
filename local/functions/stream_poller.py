"""Feeds a function from a table's stream, as Lambda's poller does: in order, batch by batch."""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.aws.moto_server import MotoServer
from local.clock import StackClock
from local.eventbridge.patterns import matches
from local.faults.fault_injection import FaultInjector
from local.functions.batch_failures import InvalidBatchResponseError, failed_identifiers
from local.invocation import Invoker, Outcome, PayloadTooLargeError
from local.reports import Reports
from local.resources import EventSourceMapping, Function, name_of_arn

MAX_PAUSE_SECONDS = 60.0

StoreFailedBatch = Callable[[str, str, Mapping[str, Any]], None]
"""Takes a destination's ARN, a key and the document about what was given up."""


@dataclass
class _Batch:
    records: list[dict[str, Any]]
    attempts: int = 0
    due: float = 0.0


class StreamPoller:
    """One event source mapping of a stream. `step` makes one attempt at one batch."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        function: Function,
        server: MotoServer,
        invoker: Invoker,
        reports: Reports,
        clock: StackClock,
        faults: FaultInjector,
        store_failed: StoreFailedBatch,
    ) -> None:
        self._mapping = mapping
        self._function = function
        self._server = server
        self._invoker = invoker
        self._reports = reports
        self._clock = clock
        self._faults = faults
        self._store_failed = store_failed
        self._table = name_of_arn(mapping.source_arn)
        self._position = 0
        self._batches: deque[_Batch] = deque()
        self.name = f"stream of {self._table}"

    def reset(self) -> None:
        """Back to the beginning of an emptied stream."""
        self._position = 0
        self._batches.clear()

    def next_due_ms(self) -> float | None:
        """When the next attempt is due; None when nothing waits."""
        return self._batches[0].due * 1000 if self._batches else None

    def run_once(self) -> bool:
        """One attempt at the oldest batch; False when there is none, or it isn't due yet."""
        if not self._batches and not self._read():
            return False
        batch = self._batches[0]
        if batch.due > self._clock.seconds():
            return False
        outcome = Outcome()
        for _ in range(self._faults.delivery_count(self.name)):
            outcome = self._invoke(batch)
        self._advance(batch, outcome)
        return True

    def _read(self) -> bool:
        with self._server.locked_dynamodb():
            shard = self._server.table(self._table).stream_shard
            if shard is None:
                raise RuntimeError(f"{self._table} has no stream")
            end = self._position + self._mapping.batch_size
            raw = [record.record for record in shard.items[self._position : end]]
            arn = f"{self._server.table(self._table).table_arn}/stream/"
            arn += str(self._server.table(self._table).latest_stream_label)
        self._position += len(raw)
        records = [make_record(record, arn) for record in raw]
        if self._mapping.filters:
            records = [
                one for one in records if any(matches(it, one) for it in self._mapping.filters)
            ]
        if records:
            records = self._faults.reordered_by_key(records, _item_key, self.name)
            late = self._faults.delay_seconds(self.name)
            self._batches.append(_Batch(records, due=self._clock.seconds() + late if late else 0.0))
        return bool(records)

    def _invoke(self, batch: _Batch) -> Outcome:
        try:
            return self._invoker.invoke(self._function, {"Records": batch.records})
        except PayloadTooLargeError as error:
            return Outcome(error_type="RequestTooLarge", error_message=str(error))

    def _advance(self, batch: _Batch, outcome: Outcome) -> None:
        done = self._how_many_done(batch, outcome)
        what = f"{len(batch.records)} of {self.name}"
        self._batches.popleft()
        if done == len(batch.records):
            self._reports.delivery(what, self._function, outcome, "")
            return
        rest = batch.records[done:]
        if done > 0:
            # Lambda checkpoints before the first failure and goes on from there.
            remark = f"{len(rest)} left, going on with the first that failed"
            self._batches.appendleft(_Batch(rest))
        elif self._mapping.bisects and len(rest) > 1:
            middle = len(rest) // 2
            remark = f"bisected into {middle} and {len(rest) - middle}"
            self._batches.appendleft(_Batch(rest[middle:], batch.attempts))
            self._batches.appendleft(_Batch(rest[:middle], batch.attempts))
        else:
            remark = self._retry_or_give_up(_Batch(rest, batch.attempts + 1), outcome)
        self._reports.delivery(what, self._function, outcome, remark)

    def _how_many_done(self, batch: _Batch, outcome: Outcome) -> int:
        """How many records from the start went well."""
        if outcome.failed:
            return 0
        if not self._mapping.reports_item_failures:
            return len(batch.records)
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch.records]
        try:
            failed = failed_identifiers(outcome.payload, numbers)
        except InvalidBatchResponseError as error:
            self._reports.note(f"{self._function.logical_id}: whole batch failed: {error}")
            return 0
        first = (index for index, number in enumerate(numbers) if number in failed)
        return next(first, len(numbers))

    def _retry_or_give_up(self, batch: _Batch, outcome: Outcome) -> str:
        most = self._mapping.attempts
        age = self._clock.seconds() - batch.records[0]["dynamodb"]["ApproximateCreationDateTime"]
        is_old = 0 <= self._mapping.record_age_seconds < age
        if is_old or 0 <= most < batch.attempts:
            condition = "RecordAgeExceeded" if is_old else "RetryAttemptsExhausted"
            self._give_up(batch, outcome, condition)
            return f"given up after {batch.attempts} tries"
        pause = min(MAX_PAUSE_SECONDS, 2.0 ** (batch.attempts - 1))
        batch.due = self._clock.seconds() + pause
        self._batches.appendleft(batch)
        of = "" if most < 0 else f" of {most + 1}"
        return f"failed at try {batch.attempts}{of}, again in {pause:.0f} s"

    def _give_up(self, batch: _Batch, outcome: Outcome, condition: str) -> None:
        destination = self._mapping.on_failure_arn
        if destination is None:
            return
        now = self._clock.now()
        document = describe_failure(
            batch.records, self._function, outcome, batch.attempts, condition, now
        )
        self._store_failed(destination, failure_key(self._mapping.logical_id, now), document)


def _item_key(record: Mapping[str, Any]) -> str:
    """What the changes of one item have in common: they keep their order."""
    return json.dumps(record["dynamodb"]["Keys"], sort_keys=True)


def make_record(raw: Mapping[str, Any], stream_arn: str) -> dict[str, Any]:
    """A stream's record as handlers see it (the API spells the identity differently)."""
    change = dict(raw["dynamodb"])
    created: datetime = change["ApproximateCreationDateTime"]
    change["ApproximateCreationDateTime"] = created.replace(
        tzinfo=created.tzinfo or UTC
    ).timestamp()
    record = {**raw, "dynamodb": change, "eventSourceARN": stream_arn, "eventVersion": "1.1"}
    identity = raw.get("userIdentity")
    if identity is not None:
        record["userIdentity"] = {
            "principalId": identity["PrincipalId"],
            "type": identity["Type"],
        }
    return record


SHARD = "shardId-00000001541626099285-f35f62ef"


def failure_key(mapping_id: str, now: datetime) -> str:
    """Where Lambda puts a failed batch in an S3 destination."""
    stamp = now.strftime("%Y-%m-%dT%H.%M.%S")
    day = now.strftime("%Y/%m/%d")
    return f"aws/lambda/{mapping_id}/{SHARD}/{day}/{stamp}-{uuid.uuid4()}"


def describe_failure(
    records: Sequence[Mapping[str, Any]],
    function: Function,
    outcome: Outcome,
    attempts: int,
    condition: str,
    now: datetime,
) -> dict[str, Any]:
    """The document that Lambda stores on failure; `payload` is the whole event as text.

    Source: Lambda Developer Guide, "Using an S3 bucket as an on-failure destination".
    """
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    arrivals = [record["dynamodb"]["ApproximateCreationDateTime"] for record in records]

    def iso(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return {
        "requestContext": {
            "requestId": outcome.request_id,
            "functionArn": function.arn,
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled" if outcome.failed else None,
        },
        "version": "1.0",
        "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "DDBStreamBatchInfo": {
            "shardId": SHARD,
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
            "approximateArrivalOfFirstRecord": iso(arrivals[0]),
            "approximateArrivalOfLastRecord": iso(arrivals[-1]),
            "batchSize": len(records),
            "streamArn": records[0]["eventSourceARN"],
        },
        "payload": json.dumps({"Records": list(records)}),
    }
