"""The RefreshQueue port on SQS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from coffer.domain.changes.index_refresh import RefreshTask

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsRefreshQueue:
    """The queue whose messages the function `refresh_index` gets."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._sqs = client
        self._url = url

    def enqueue(self, task: RefreshTask) -> None:
        body = {"source": "coffer.index-refresh", "detail": asdict(task)}
        self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps(body))


def parse_refresh_task(body: Mapping[str, Any]) -> RefreshTask:
    """Return the task in a message of the queue."""
    return RefreshTask(**body["detail"])
