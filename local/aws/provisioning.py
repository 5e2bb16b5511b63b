"""Create a template's tables, queues, buses and rules in moto, by AWS API calls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local.resources import Resources, Rule, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient


def create_tables(client: DynamoDBClient, resources: Resources) -> None:
    """Create the tables with their indexes, streams and TTL."""
    for table in resources.tables:
        _create_table(client, table)


def _create_table(client: DynamoDBClient, table: Table) -> None:
    definition: dict[str, Any] = dict(table.definition)
    client.create_table(**definition)
    if table.time_to_live_attribute is not None:
        client.update_time_to_live(
            TableName=table.name,
            TimeToLiveSpecification={
                "Enabled": True,
                "AttributeName": table.time_to_live_attribute,
            },
        )


def create_queues(client: SQSClient, resources: Resources) -> None:
    """Create the queues."""
    # Dead-letter queues first: they must exist when a redrive policy names them.
    for queue in sorted(resources.queues, key=lambda one: "RedrivePolicy" in one.attributes):
        attributes: dict[Any, str] = dict(queue.attributes)
        client.create_queue(QueueName=queue.name, Attributes=attributes)


def create_buses(client: EventBridgeClient, resources: Resources) -> None:
    """Create the buses and rules in moto, so that AWS clients see them."""
    for bus in resources.buses:
        client.create_event_bus(Name=bus.name)
    for rule in resources.rules:
        _create_rule(client, rule)


def _create_rule(client: EventBridgeClient, rule: Rule) -> None:
    client.put_rule(
        Name=rule.name,
        EventBusName=rule.bus,
        EventPattern=json.dumps(rule.pattern),
        State="ENABLED" if rule.enabled else "DISABLED",
    )
    targets: Any = [{"Id": target.name, "Arn": target.arn} for target in rule.targets]
    client.put_targets(Rule=rule.name, EventBusName=rule.bus, Targets=targets)
