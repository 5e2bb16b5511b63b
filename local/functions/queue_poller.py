"""Deliver the messages of a queue to a function, as Lambda's poller does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from local.aws.moto_server import MotoServer, ReceivedMessage
from local.eventbridge.patterns import matches
from local.faults.fault_injection import FaultInjector
from local.functions.batches import InvalidBatchResponseError, failed_records, invoke_with_batch
from local.invocation import Invoker, Outcome
from local.reports import Reports
from local.resources import DEFAULT_REGION, EventSourceMapping, Function, Queue, name_of_arn


class QueuePoller:
    """The poller of one event source mapping. `run_once` delivers one batch."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        function: Function,
        queue: Queue,
        server: MotoServer,
        invoker: Invoker,
        reports: Reports,
        faults: FaultInjector,
    ) -> None:
        self._mapping = mapping
        self._function = function
        self._queue = queue
        self._server = server
        self._invoker = invoker
        self._reports = reports
        self._faults = faults
        self.name = name_of_arn(mapping.source_arn)

    @property
    def max_concurrency(self) -> int | None:
        """The limit of batches that are processed at the same time, or None."""
        return self._mapping.max_concurrency

    def run_once(self) -> bool:
        """Deliver one batch; return False if the queue has no visible message."""
        messages = self._server.receive(self.name, self._mapping.batch_size)
        if not messages:
            return False
        matching = [message for message in messages if self._passes_filters(message)]
        # Lambda deletes messages that match no filter, without an invocation.
        self._server.delete(
            self.name, [one.receipt_handle for one in messages if one not in matching]
        )
        if matching:
            self._deliver(matching)
        return True

    def next_due_ms(self) -> float | None:
        """Return when the next hidden message becomes visible, or None without hidden messages."""
        return self._server.next_visible_ms(self.name)

    def _passes_filters(self, message: ReceivedMessage) -> bool:
        if not self._mapping.filters:
            return True
        record = make_record(message, self._mapping.source_arn, parse_body=True)
        return any(matches(one, record) for one in self._mapping.filters)

    def _deliver(self, messages: Sequence[ReceivedMessage]) -> None:
        outcome = self._invoke(messages)
        if self._faults.is_duplicated(self.name):
            outcome = self._invoke(messages)
        failed = self._failed(messages, outcome)
        done = [one.receipt_handle for one in messages if one.message_id not in failed]
        self._server.delete(self.name, done)
        remark = self._remark([one for one in messages if one.message_id in failed])
        count = f"{len(messages)} of {self.name}"
        self._reports.delivery(count, self._function, outcome, remark)

    def _invoke(self, messages: Sequence[ReceivedMessage]) -> Outcome:
        records = [make_record(message, self._mapping.source_arn) for message in messages]
        return invoke_with_batch(self._invoker, self._function, records)

    def _failed(self, messages: Sequence[ReceivedMessage], outcome: Outcome) -> frozenset[str]:
        identifiers = frozenset(message.message_id for message in messages)
        try:
            return failed_records(self._mapping, outcome, identifiers)
        except InvalidBatchResponseError as error:
            self._reports.note(f"{self._function.logical_id}: whole batch failed: {error}")
            return identifiers

    def _remark(self, failed: Sequence[ReceivedMessage]) -> str:
        if not failed:
            return ""
        attempts = max(message.receive_count for message in failed)
        timeout = self._queue.attributes.get("VisibilityTimeout", "30")
        return f"attempt {attempts} failed for {len(failed)}, visible again in {timeout} s"


def make_record(
    message: ReceivedMessage, source_arn: str, *, parse_body: bool = False
) -> dict[str, Any]:
    """Return a message as a record of a Lambda event; filters need a parsed JSON body."""
    body: Any = message.body
    if parse_body:
        try:
            body = json.loads(body)
        except ValueError:
            body = message.body
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": str(message.receive_count),
            "SentTimestamp": str(message.sent_ms),
            "SenderId": "AIDAIT2UOQQY3AUEKVGXU",
            "ApproximateFirstReceiveTimestamp": str(message.first_received_ms),
        },
        "messageAttributes": {},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": source_arn,
        "awsRegion": DEFAULT_REGION,
    }
