"""Publish one page of an index refresh, then enqueue the next page (SQS).

Settings, see `coffer/settings.py`: aws, messaging, table.
"""

from typing import Any

from coffer.adapters.dynamodb.changes.index_refresh import DynamoMetadataVersions
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.event_bus import EventBridgeBus, event_bus_client
from coffer.adapters.sqs.processing_queue import queue_client
from coffer.adapters.sqs.refresh_queue import SqsRefreshQueue, parse_refresh_task
from coffer.adapters.system_clock import SystemClock
from coffer.batches import queue_handler
from coffer.domain.changes.index_refresh import IndexRefresh
from coffer.observability import count, logger
from coffer.settings import messaging_settings

refresh = IndexRefresh(
    queue=SqsRefreshQueue(queue_client(), messaging_settings.refresh_index_queue_url),
    versions=DynamoMetadataVersions(),
    catalogue=DynamoCatalogue(),
    bus=EventBridgeBus(event_bus_client(), messaging_settings.event_bus),
    clock=SystemClock(),
)


def run(body: dict[str, Any], attempt: int) -> None:
    task = parse_refresh_task(body)
    published = refresh.run(task)
    logger.info("page refreshed", partition=task.partition, published=published, attempt=attempt)
    count("RecordsRefreshed", published)


lambda_handler = queue_handler(run)
