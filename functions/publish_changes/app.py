"""Write an audit snapshot of each change, then publish its messages (DynamoDB streams).

A change that the audit or the event bus refuses for good is set aside in FailedChangesBucket.

Settings, see `coffer/settings.py`: aws, messaging, table.
"""

from collections.abc import Mapping
from typing import Any

from coffer.adapters.dynamodb.changes.audit_trail import DynamoAuditTrail
from coffer.adapters.dynamodb.changes.stream import parse_stream_record, table_of
from coffer.adapters.dynamodb.export.exports import DynamoAccessKeys
from coffer.adapters.event_bus import EventBridgeBus, event_bus_client
from coffer.adapters.s3.failed_changes import FailedChanges
from coffer.adapters.system_clock import SystemClock
from coffer.batches import stream_handler
from coffer.domain.changes.publish import describe_change, publish_change
from coffer.observability import count, logger
from coffer.settings import messaging_settings

audit, keys = DynamoAuditTrail(), DynamoAccessKeys()
bus = EventBridgeBus(event_bus_client(), messaging_settings.event_bus)
failed_changes = FailedChanges(messaging_settings.failed_changes_bucket, SystemClock())


def publish(record: Mapping[str, Any]) -> None:
    written = parse_stream_record(record)
    change = describe_change(written.before, written.after, written.occurred_on)
    if change is None:
        return
    publish_change(audit, bus, keys, change)
    instance, version = change.snapshot["instanceId"], change.snapshot["version"]
    logger.info("change published", instance_id=instance, version=version)
    count("ChangesTold")


def set_aside(record: Mapping[str, Any], reason: str) -> None:
    failed_changes.set_aside(table_of(record), record, reason)
    count("ChangesSetAside")


lambda_handler = stream_handler(publish, set_aside)
