"""The tables' streams: what changed goes into the audit, then onto the bus."""

from collections.abc import Mapping
from typing import Any

from coffer.adapters.dynamodb.changes.audit import DynamoAuditTrail
from coffer.adapters.dynamodb.changes.stream import read_change
from coffer.adapters.event_bus import EventBridgeBus, event_bus_client
from coffer.batches import stream_handler
from coffer.domain.changes.publish import announce, tell
from coffer.observability import count, logger
from coffer.settings import messaging_settings

audit = DynamoAuditTrail()
bus = EventBridgeBus(event_bus_client(), messaging_settings.event_bus)


def publish(record: Mapping[str, Any]) -> None:
    change = read_change(record)
    announcement = announce(change.before, change.after, change.occurred_on)
    if announcement is None:
        return
    tell(audit, bus, announcement)
    instance = announcement.snapshot["instanceId"]
    logger.info("change told", instance_id=instance, version=announcement.snapshot["version"])
    count("ChangesTold")


lambda_handler = stream_handler(publish)
