"""Deliver the records of a table's stream to a function, in order, as Lambda's poller does."""

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
from local.functions.batches import InvalidBatchResponseError, failed_records, invoke_with_batch
from local.invocation import Invoker, Outcome
from local.reports import Reports
from local.resources import EventSourceMapping, Function, name_of_arn

MAX_RETRY_DELAY_SECONDS = 60.0

StoreFailedBatch = Callable[[str, str, Mapping[str, Any]], None]
"""Stores a document about a failed batch; its arguments are destination ARN, key and document."""


@dataclass
class _Batch:
    records: list[dict[str, Any]]
    attempts: int = 0
    due: float = 0.0


class StreamPoller:
    """The poller of one event source mapping. `run_once` makes one attempt with one batch."""

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
        """Start again at the beginning of the stream, after it was emptied."""
        self._position = 0
        self._batches.clear()

    def next_due_ms(self) -> float | None:
        """Return when the next attempt is due, or None without a batch."""
        return self._batches[0].due * 1000 if self._batches else None

    def run_once(self) -> bool:
        """Make one attempt with the oldest batch; return False if no batch is due."""
        if not self._batches and not self._read():
            return False
        batch = self._batches[0]
        if batch.due > self._clock.seconds():
            return False
        outcome = Outcome()
        for _ in range(self._faults.delivery_count(self.name)):
            outcome = invoke_with_batch(self._invoker, self._function, batch.records)
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
            delay = self._faults.delay_seconds(self.name)
            due = self._clock.seconds() + delay if delay else 0.0
            self._batches.append(_Batch(records, due=due))
        return bool(records)

    def _advance(self, batch: _Batch, outcome: Outcome) -> None:
        done = self._succeeded_count(batch, outcome)
        what = f"{len(batch.records)} of {self.name}"
        self._batches.popleft()
        if done == len(batch.records):
            self._reports.delivery(what, self._function, outcome, "")
            return
        rest = batch.records[done:]
        if done > 0:
            # Lambda sets its checkpoint before the first failed record and continues there.
            remark = f"continues with the first failed record, {len(rest)} left"
            self._batches.appendleft(_Batch(rest))
        elif self._mapping.bisects and len(rest) > 1:
            middle = len(rest) // 2
            remark = f"bisected into {middle} and {len(rest) - middle}"
            self._batches.appendleft(_Batch(rest[middle:], batch.attempts))
            self._batches.appendleft(_Batch(rest[:middle], batch.attempts))
        else:
            remark = self._retry_or_give_up(_Batch(rest, batch.attempts + 1), outcome)
        self._reports.delivery(what, self._function, outcome, remark)

    def _succeeded_count(self, batch: _Batch, outcome: Outcome) -> int:
        """Return how many records succeeded before the first failed one."""
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch.records]
        try:
            failed = failed_records(self._mapping, outcome, numbers)
        except InvalidBatchResponseError as error:
            self._reports.note(f"{self._function.logical_id}: whole batch failed: {error}")
            return 0
        first = (index for index, number in enumerate(numbers) if number in failed)
        return next(first, len(numbers))

    def _retry_or_give_up(self, batch: _Batch, outcome: Outcome) -> str:
        max_retries = self._mapping.max_retries
        age = self._clock.seconds() - batch.records[0]["dynamodb"]["ApproximateCreationDateTime"]
        is_old = 0 <= self._mapping.max_record_age_seconds < age
        if is_old or 0 <= max_retries < batch.attempts:
            condition = "RecordAgeExceeded" if is_old else "RetryAttemptsExhausted"
            self._give_up(batch, outcome, condition)
            return f"no retry after {batch.attempts} attempts"
        delay = min(MAX_RETRY_DELAY_SECONDS, 2.0 ** (batch.attempts - 1))
        batch.due = self._clock.seconds() + delay
        self._batches.appendleft(batch)
        limit = "" if max_retries < 0 else f" of {max_retries + 1}"
        return f"attempt {batch.attempts}{limit} failed, retry in {delay:.0f} s"

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
    """Return the item's key as text; the changes of one item keep their order."""
    return json.dumps(record["dynamodb"]["Keys"], sort_keys=True)


def make_record(raw: Mapping[str, Any], stream_arn: str) -> dict[str, Any]:
    """Return a stream record as Lambda passes it, where `userIdentity` has lower-case names."""
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
    """Return the key under which Lambda stores a failed batch in an S3 destination."""
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
    """Return the document that Lambda stores about a failed batch; `payload` is the event as text.

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
