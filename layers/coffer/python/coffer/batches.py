"""Lambda handlers for queues and streams: process a batch and report the records that failed.

Lambda retries the records in `batchItemFailures` (AWS, "Reporting batch item failures"). A queue's
messages are all processed. A stream's batch ends at the first failure, because later records of a
shard must not be processed before it. A stream record that can never succeed is set aside, and the
batch goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from coffer.domain.clock import RemainingTime
from coffer.domain.errors import ChangeRefusedError
from coffer.observability import count, flush_metrics, logger, start_invocation

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def queue_handler(process: Callable[[dict[str, Any], int], None]) -> Handler:
    """Return a handler that calls `process(event, attempt)` for each message of a queue.

    `event` is the EventBridge event in the message; `attempt` is its receive count, from 1.
    """
    return timed_queue_handler(lambda event, attempt, _remaining: process(event, attempt))


def timed_queue_handler(process: Callable[[dict[str, Any], int, RemainingTime], None]) -> Handler:
    """Return a queue handler whose `process` has a third argument, which returns the time left."""

    def lambda_handler(batch: Mapping[str, Any], context: Any) -> dict[str, Any]:
        def remaining() -> timedelta:
            return timedelta(milliseconds=context.get_remaining_time_in_millis())

        failed = []
        for message in batch["Records"]:
            start_invocation(message["messageId"])
            attempt = int(message.get("attributes", {}).get("ApproximateReceiveCount", 1))
            try:
                process(json.loads(message["body"]), attempt, remaining)
            except Exception:
                logger.exception("message failed", attempt=attempt)
                count("MessagesFailed")
                failed.append(message["messageId"])
        flush_metrics()
        return _failures(failed)

    return lambda_handler


def stream_handler(
    process: Callable[[Mapping[str, Any]], None],
    set_aside: Callable[[Mapping[str, Any], str], None],
) -> Handler:
    """Return a handler that calls `process` for each record of a DynamoDB stream, in order.

    If `process` raises ChangeRefusedError, `set_aside(record, reason)` is called and the batch goes
    on. If a batch has `"isRedrive": true`, such a record is reported as failed instead: it was set
    aside before.
    """

    def lambda_handler(batch: Mapping[str, Any], _context: Any) -> dict[str, Any]:
        is_redrive = batch.get("isRedrive") is True
        failed = []
        for record in batch["Records"]:
            number = record["dynamodb"]["SequenceNumber"]
            start_invocation(record.get("eventID", number))
            try:
                try:
                    process(record)
                except ChangeRefusedError as error:
                    logger.exception("stream record refused", sequence_number=number)
                    if is_redrive:
                        failed.append(number)
                    else:
                        set_aside(record, str(error))
            except Exception:
                logger.exception("stream record failed", sequence_number=number)
                count("StreamRecordsFailed")
                failed.append(number)
                break
        flush_metrics()
        return _failures(failed)

    return lambda_handler


def _failures(identifiers: list[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}
