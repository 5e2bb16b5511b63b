"""The Errands port on SQS: pages of an index refresh, each asked for by a message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from coffer.domain.changes.index_refresh import Errand

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsErrands:
    """The queue that refresh_index works off."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._sqs = client
        self._url = url

    def enqueue(self, errand: Errand) -> None:
        body = {"source": "coffer.index-refresh", "detail": asdict(errand)}
        self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps(body))


def errand_of(body: Mapping[str, Any]) -> Errand:
    """The errand that a message of that queue holds."""
    return Errand(**body["detail"])
