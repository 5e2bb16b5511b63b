"""Write an audit snapshot of each change, then publish its messages (DynamoDB streams)."""

from collections.abc import Mapping
from typing import Any

from coffer.adapters.dynamodb.changes.audit_trail import DynamoAuditTrail
from coffer.adapters.dynamodb.changes.stream import parse_stream_record
from coffer.adapters.event_bus import EventBridgeBus, event_bus_client
from coffer.batches import stream_handler
from coffer.domain.changes.publish import describe_change, publish_change
from coffer.observability import count, logger
from coffer.settings import messaging_settings

audit = DynamoAuditTrail()
bus = EventBridgeBus(event_bus_client(), messaging_settings.event_bus)


def publish(record: Mapping[str, Any]) -> None:
    written = parse_stream_record(record)
    change = describe_change(written.before, written.after, written.occurred_on)
    if change is None:
        return
    publish_change(audit, bus, change)
    instance, version = change.snapshot["instanceId"], change.snapshot["version"]
    logger.info("change published", instance_id=instance, version=version)
    count("ChangesTold")


lambda_handler = stream_handler(publish)
