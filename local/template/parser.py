"""Create the records of `local.resources` from a translated template."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from local.resources import (
    ITEM_FAILURES,
    Bucket,
    Cors,
    EventBus,
    EventSourceMapping,
    Function,
    LifecycleRule,
    Queue,
    Resources,
    RetryPolicy,
    Route,
    Rule,
    Schedule,
    Table,
    Target,
    name_of_arn,
)
from local.template.references import References
from local.template.source import Template
from local.template.supported_resources import OPERATION, SUPPORTED_TYPES, unsupported_parts

_Record = TypeVar("_Record")


class TemplateParser:
    """Parses one template.

    `queue_endpoint` is the URL of SQS, because a Ref to a queue is the queue's URL. `bucket_name`
    returns a bucket's name by logical id, or None for the template's name.
    """

    def __init__(
        self,
        template: Template,
        stack_name: str,
        queue_endpoint: str,
        bucket_name: Callable[[str], str | None] = lambda _logical_id: None,
    ) -> None:
        self._template = template
        self._references = References(template, stack_name, queue_endpoint, bucket_name)
        self._error = self._references.error
        self._name = self._references.name

    def resources_of(self, type_name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield logical id and resolved properties of each resource with this type."""
        for logical_id, resource in self._references.active.items():
            if resource["Type"] == type_name:
                yield logical_id, self._properties(logical_id, resource)

    def parse(self) -> Resources:
        """Return all resources; raise `TemplateError` for the first part that is not supported."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for logical_id, resource in self._references.active.items():
            properties = self._properties(logical_id, resource)
            found.setdefault(resource["Type"], {})[logical_id] = properties
        self._check_subscriptions(found.get("AWS::SNS::Subscription", {}))
        functions = self._functions(found)
        routes, cors = self._api(found.get("AWS::ApiGatewayV2::Api", {}), functions)
        return Resources(
            tables=self._each(found.get("AWS::DynamoDB::Table", {}), self._table),
            queues=self._each(found.get("AWS::SQS::Queue", {}), self._queue),
            buckets=self._each(found.get("AWS::S3::Bucket", {}), self._bucket),
            buses=tuple(
                EventBus(logical_id, self._name(logical_id))
                for logical_id in found.get("AWS::Events::EventBus", {})
            ),
            rules=self._each(found.get("AWS::Events::Rule", {}), self._rule),
            functions=functions,
            mappings=self._each(found.get("AWS::Lambda::EventSourceMapping", {}), self._mapping),
            schedules=self._each(found.get("AWS::Scheduler::Schedule", {}), self._schedule),
            routes=routes,
            cors=cors,
            names={logical_id: self._name(logical_id) for logical_id in self._references.active},
        )

    def _properties(self, logical_id: str, resource: Mapping[str, Any]) -> dict[str, Any]:
        """Return the resolved properties, after checking that each one is supported."""
        resolved: dict[str, Any] = {}
        for name, value in resource.get("Properties", {}).items():
            resolved.update(self._references.resolved(logical_id, name, {name: value}))
        for where in unsupported_parts(SUPPORTED_TYPES[resource["Type"]], resolved):
            dotted = ".".join(str(part) for part in where)
            message = f"the local stack does not support {dotted} of {resource['Type']}"
            raise self._error(logical_id, message, "Properties", *where)
        return resolved

    def _check_subscriptions(self, found: Mapping[str, dict[str, Any]]) -> None:
        """Raise `TemplateError` for a subscription of code: topics deliver nothing here.

        Subscriptions of people, such as e-mail, make no difference on one machine.
        """
        for logical_id, properties in found.items():
            if properties.get("Protocol") in ("firehose", "http", "https", "lambda", "sqs"):
                message = f"no topic delivers to {properties['Protocol']} here"
                raise self._error(logical_id, message, "Properties", "Protocol")

    def _each(
        self,
        found: Mapping[str, dict[str, Any]],
        read: Callable[[str, dict[str, Any]], _Record],
    ) -> tuple[_Record, ...]:
        """Return a record for each resource; a missing or invalid property is an error of it."""
        records = []
        for logical_id, properties in found.items():
            try:
                records.append(read(logical_id, properties))
            except KeyError as error:
                message = f"{error.args[0]} is missing"
                raise self._error(logical_id, message, "Properties") from error
            except (AttributeError, IndexError, TypeError, ValueError) as error:
                message = f"its properties cannot be used: {error}"
                raise self._error(logical_id, message, "Properties") from error
        return tuple(records)

    def _table(self, logical_id: str, properties: Mapping[str, Any]) -> Table:
        name = self._name(logical_id)
        definition: dict[str, Any] = {
            "TableName": name,
            "BillingMode": properties.get("BillingMode", "PAY_PER_REQUEST"),
            "AttributeDefinitions": properties["AttributeDefinitions"],
            "KeySchema": properties["KeySchema"],
        }
        if properties.get("GlobalSecondaryIndexes"):
            definition["GlobalSecondaryIndexes"] = properties["GlobalSecondaryIndexes"]
        if "StreamSpecification" in properties:
            definition["StreamSpecification"] = {
                "StreamEnabled": True,
                **properties["StreamSpecification"],
            }
        lifetime = properties.get("TimeToLiveSpecification", {})
        attribute = lifetime["AttributeName"] if _is_true(lifetime.get("Enabled")) else None
        return Table(logical_id, name, definition, attribute)

    def _queue(self, logical_id: str, properties: Mapping[str, Any]) -> Queue:
        carried = (
            "VisibilityTimeout", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds",
            "DelaySeconds",
        )  # fmt: skip
        attributes = {key: str(int(properties[key])) for key in carried if key in properties}
        if "RedrivePolicy" in properties:
            policy = properties["RedrivePolicy"]
            attributes["RedrivePolicy"] = json.dumps(
                {**policy, "maxReceiveCount": int(policy["maxReceiveCount"])}
            )
        return Queue(logical_id, self._name(logical_id), attributes)

    def _bucket(self, logical_id: str, properties: Mapping[str, Any]) -> Bucket:
        events = properties.get("NotificationConfiguration", {}).get("EventBridgeConfiguration", {})
        ownership = properties.get("OwnershipControls", {}).get("Rules", [{}])
        return Bucket(
            logical_id,
            self._name(logical_id),
            tuple(properties.get("CorsConfiguration", {}).get("CorsRules", ())),
            _is_true(events.get("EventBridgeEnabled", False)),
            ownership[0].get("ObjectOwnership"),
            {
                name: _is_true(value)
                for name, value in properties.get("PublicAccessBlockConfiguration", {}).items()
            },
            properties.get("AccessControl"),
            tuple(
                _lifecycle_rule(rule)
                for rule in properties.get("LifecycleConfiguration", {}).get("Rules", ())
            ),
        )

    def _rule(self, logical_id: str, properties: Mapping[str, Any]) -> Rule:
        if "EventPattern" not in properties:
            raise self._error(
                logical_id, "the local stack only supports rules with an EventPattern"
            )
        bus = properties.get("EventBusName", "default")
        return Rule(
            logical_id,
            self._name(logical_id),
            name_of_arn(bus) if bus.startswith("arn:") else bus,
            properties["EventPattern"],
            properties.get("State", "ENABLED") == "ENABLED",
            tuple(
                Target(target["Id"], target["Arn"], _retry_policy(target))
                for target in properties.get("Targets", ())
            ),
        )

    def _layer_folders(self, found: Mapping[str, dict[str, dict[str, Any]]]) -> dict[str, Path]:
        folders: dict[str, Path] = {}
        for logical_id, properties in found.get("AWS::Lambda::LayerVersion", {}).items():
            folder = self._folder(logical_id, properties["Content"])
            # A layer's zip contains python/. SAM also builds a layer whose folder is the package
            # root itself.
            python = folder / "python"
            folders[self._references.reference(logical_id)] = python if python.is_dir() else folder
        return folders

    def _folder(self, logical_id: str, code: Mapping[str, Any]) -> Path:
        folder = self._template.folders.get(str(code.get("S3Key")))
        if folder is None or not folder.is_dir():
            resource = self._template.source.source_resource_of(logical_id)
            raise self._error(resource, f"its code folder {folder} does not exist")
        return folder.resolve()

    def _functions(self, found: Mapping[str, dict[str, dict[str, Any]]]) -> tuple[Function, ...]:
        layers = self._layer_folders(found)
        policies = {
            properties["FunctionName"]: properties
            for properties in found.get("AWS::Lambda::EventInvokeConfig", {}).values()
        }

        def read(logical_id: str, properties: Mapping[str, Any]) -> Function:
            name = self._name(logical_id)
            reserved = properties.get("ReservedConcurrentExecutions")
            variables = properties.get("Environment", {}).get("Variables", {})
            return Function(
                logical_id=logical_id,
                name=name,
                folder=self._folder(logical_id, properties["Code"]),
                handler=properties["Handler"],
                layers=tuple(layers[arn] for arn in properties.get("Layers", ())),
                timeout_seconds=int(properties.get("Timeout", 3)),
                memory_mb=int(properties.get("MemorySize", 128)),
                environment={key: _as_text(value) for key, value in variables.items()},
                reserved_concurrency=None if reserved is None else int(reserved),
                asynchronous=_asynchronous_policy(policies.get(name, {}), properties),
            )

        return self._each(found.get("AWS::Lambda::Function", {}), read)

    def _mapping(self, logical_id: str, properties: Mapping[str, Any]) -> EventSourceMapping:
        is_queue = ":sqs:" in properties["EventSourceArn"]
        destination = properties.get("DestinationConfig", {}).get("OnFailure", {})
        if unknown := set(properties.get("FunctionResponseTypes", ())) - {ITEM_FAILURES}:
            raise ValueError(f"FunctionResponseTypes allows {ITEM_FAILURES}, not {min(unknown)}")
        max_concurrency = properties.get("ScalingConfig", {}).get("MaximumConcurrency")
        return EventSourceMapping(
            logical_id=logical_id,
            function=properties["FunctionName"],
            source_arn=properties["EventSourceArn"],
            enabled=_is_true(properties.get("Enabled", True)),
            batch_size=int(properties.get("BatchSize", 10 if is_queue else 100)),
            reports_item_failures=ITEM_FAILURES in properties.get("FunctionResponseTypes", ()),
            bisects=_is_true(properties.get("BisectBatchOnFunctionError", False)),
            max_retries=int(properties.get("MaximumRetryAttempts", -1)),
            max_record_age_seconds=int(properties.get("MaximumRecordAgeInSeconds", -1)),
            on_failure_arn=destination.get("Destination"),
            max_concurrency=None if max_concurrency is None else int(max_concurrency),
            filters=tuple(
                json.loads(one["Pattern"])
                for one in properties.get("FilterCriteria", {}).get("Filters", ())
            ),
        )

    def _schedule(self, logical_id: str, properties: Mapping[str, Any]) -> Schedule:
        target = properties["Target"]
        return Schedule(
            logical_id,
            self._name(logical_id),
            properties["ScheduleExpression"],
            properties.get("ScheduleExpressionTimezone", "UTC"),
            properties.get("State", "ENABLED") == "ENABLED",
            target["Arn"],
            target.get("Input"),
            _retry_policy(target),
        )

    def _api(
        self, found: Mapping[str, dict[str, Any]], functions: tuple[Function, ...]
    ) -> tuple[tuple[Route, ...], Cors | None]:
        if len(found) > 1:
            raise self._error(sorted(found)[1], "the local stack serves one HTTP API")
        for logical_id, properties in found.items():
            body = properties["Body"]
            routes = tuple(self._routes(logical_id, body.get("paths", {}), functions))
            return routes, _cors(body.get("x-amazon-apigateway-cors"))
        return (), None

    def _routes(
        self, logical_id: str, paths: Mapping[str, Any], functions: tuple[Function, ...]
    ) -> Iterator[Route]:
        by_arn = {function.arn: function for function in functions}
        for path, methods in paths.items():
            for name, operation in methods.items():
                method = "ANY" if name == "x-amazon-apigateway-any-method" else name.upper()
                integration = operation["x-amazon-apigateway-integration"]
                arn = integration["uri"].split("/functions/", 1)[1].removesuffix("/invocations")
                if arn not in by_arn:
                    raise self._error(logical_id, f"{method} {path}: there is no function {arn}")
                function = by_arn[arn].logical_id
                problem = _problem_of_operation(operation)
                if problem is not None:
                    where = self._template.source.source_event_of_route(function, method, path)
                    raise self._error(function, f"{method} {path}: {problem}", *where)
                yield Route(
                    method,
                    "$default" if path == "/$default" else path,
                    function,
                    int(integration.get("timeoutInMillis", 30_000)),
                )


def _problem_of_operation(operation: Mapping[str, Any]) -> str | None:
    """Return why a route is not supported, or None if it is."""
    for where in unsupported_parts(OPERATION, operation):
        return f"the local stack does not support {'.'.join(str(part) for part in where)}"
    if operation["x-amazon-apigateway-integration"].get("payloadFormatVersion") != "2.0":
        return "the local stack only supports payload format 2.0"
    return None


def _is_true(value: Any) -> bool:
    return value is True or value == "true"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _retry_policy(target: Mapping[str, Any]) -> RetryPolicy:
    """Return a target's retry policy; the defaults are AWS's, 185 retries within 24 hours."""
    policy = target.get("RetryPolicy", {})
    return RetryPolicy(
        int(policy.get("MaximumRetryAttempts", 185)),
        int(policy.get("MaximumEventAgeInSeconds", 86_400)),
        target.get("DeadLetterConfig", {}).get("Arn"),
    )


def _asynchronous_policy(configured: Mapping[str, Any], function: Mapping[str, Any]) -> RetryPolicy:
    """Return the retry policy of asynchronous invocations.

    The defaults are Lambda's: two retries within 6 hours.
    """
    destination = configured.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    return RetryPolicy(
        int(configured.get("MaximumRetryAttempts", 2)),
        int(configured.get("MaximumEventAgeInSeconds", 21_600)),
        destination or function.get("DeadLetterConfig", {}).get("TargetArn"),
    )


def _lifecycle_rule(rule: Mapping[str, Any]) -> LifecycleRule:
    expire = rule.get("ExpirationInDays")
    abort = rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation")
    return LifecycleRule(
        rule.get("Id"),
        rule["Status"] == "Enabled",
        rule.get("Prefix", ""),
        None if expire is None else int(expire),
        None if abort is None else int(abort),
    )


def _cors(configured: Mapping[str, Any] | None) -> Cors | None:
    if configured is None:
        return None

    def listed(name: str) -> tuple[str, ...]:
        value = configured.get(name, ())
        return (value,) if isinstance(value, str) else tuple(value)

    max_age = configured.get("maxAge")
    return Cors(
        allow_origins=listed("allowOrigins"),
        allow_methods=listed("allowMethods"),
        allow_headers=listed("allowHeaders"),
        expose_headers=listed("exposeHeaders"),
        max_age=None if max_age is None else int(max_age),
    )
