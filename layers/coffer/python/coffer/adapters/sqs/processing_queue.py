"""The ProcessingQueue port on SQS: objects of incoming uploads to process again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from coffer.domain.objects import StoredObject
from coffer.settings import aws_settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def queue_client() -> SQSClient:
    """Return an SQS client."""
    return boto3.client(
        "sqs",
        region_name=aws_settings.aws_region,
        config=Config(
            connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 4}
        ),
    )


def arrivals(url: str, store: str) -> SqsProcessingQueue:
    """Return the queue of `process_upload`, to which housekeeping adds messages."""
    return SqsProcessingQueue(queue_client(), url, store, source="coffer.housekeeping")


def large_arrivals(url: str, store: str) -> SqsProcessingQueue:
    """Return the queue of `promote_large_upload`, to which promotion adds messages."""
    return SqsProcessingQueue(queue_client(), url, store, source="coffer.promotion")


class SqsProcessingQueue:
    """A queue with messages in the shape of EventBridge's messages for S3 events."""

    def __init__(self, client: SQSClient, url: str, store: str, *, source: str) -> None:
        self._sqs = client
        self._url = url
        self._store = store
        self._source = source

    def enqueue(self, stored: StoredObject) -> None:
        event = {
            "source": self._source,
            "detail-type": "Object Created",
            "detail": {
                "bucket": {"name": self._store},
                "object": {"key": stored.key, "size": stored.size_bytes, "etag": stored.etag},
            },
        }
        self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps(event))
