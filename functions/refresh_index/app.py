"""A page of an index refresh: tell of its records, then ask for the next one."""

from typing import Any

from coffer.adapters.dynamodb.changes.index_refresh import DynamoRefreshRecords
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.event_bus import EventBridgeBus, event_bus_client
from coffer.adapters.sqs.processing_queue import queue_client
from coffer.adapters.sqs.refresh_queue import SqsErrands, errand_of
from coffer.adapters.system_clock import SystemClock
from coffer.batches import queue_handler
from coffer.domain.changes.index_refresh import IndexRefresh
from coffer.observability import count, logger
from coffer.settings import messaging_settings

refresh = IndexRefresh(
    errands=SqsErrands(queue_client(), messaging_settings.refresh_index_queue_url),
    records=DynamoRefreshRecords(),
    catalogue=DynamoCatalogue(),
    bus=EventBridgeBus(event_bus_client(), messaging_settings.event_bus),
    clock=SystemClock(),
)


def run(body: dict[str, Any], attempt: int) -> None:
    errand = errand_of(body)
    told = refresh.run(errand)
    logger.info("page refreshed", partition=errand.partition, told=told, attempt=attempt)
    count("RecordsRefreshed", told)


lambda_handler = queue_handler(run)
