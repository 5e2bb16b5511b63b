"""What a template asks for, as typed records: the one reading of it that everything else uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from local.allowed import ALLOWED, OPERATION, unknown_parts
from local.intrinsics import Resolver
from local.template import Template, TemplateError

ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"
DEFAULT_STACK_NAME = "coffer"
ITEM_FAILURES = "ReportBatchItemFailures"

_Record = TypeVar("_Record")


@dataclass(frozen=True)
class Table:
    """A DynamoDB table; `definition` is what CreateTable takes."""

    logical_id: str
    name: str
    definition: Mapping[str, Any]
    time_to_live_attribute: str | None


@dataclass(frozen=True)
class Queue:
    """An SQS queue; `attributes` is what CreateQueue takes."""

    logical_id: str
    name: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Bucket:
    """An S3 bucket and what of it matters to a client on this machine."""

    logical_id: str
    name: str
    cors_rules: tuple[Mapping[str, Any], ...]
    sends_events: bool
    object_ownership: str | None
    public_access_block: Mapping[str, bool]
    access_control: str | None
    lifecycle_rules: tuple[LifecycleRule, ...]


@dataclass(frozen=True)
class LifecycleRule:
    """What a bucket does with keys that begin so, after how many days; None for never."""

    name: str | None
    enabled: bool
    prefix: str
    expire_days: int | None
    abort_days: int | None


@dataclass(frozen=True)
class EventBus:
    """An event bus beside the default one."""

    logical_id: str
    name: str


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long a delivery is tried again."""

    attempts: int
    age_seconds: int
    dead_letter_arn: str | None


@dataclass(frozen=True)
class Target:
    """Where a rule sends what it matches."""

    name: str
    arn: str
    retries: RetryPolicy


@dataclass(frozen=True)
class Rule:
    """A rule of a bus."""

    logical_id: str
    name: str
    bus: str
    pattern: Mapping[str, Any]
    enabled: bool
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Function:
    """A Lambda function and how to run it here."""

    logical_id: str
    name: str
    folder: Path
    handler: str
    layers: tuple[Path, ...]
    timeout_seconds: int
    memory_mb: int
    environment: Mapping[str, str]
    reserved_concurrency: int | None
    asynchronous: RetryPolicy

    @property
    def arn(self) -> str:
        """Its ARN in the pretended account."""
        return f"arn:aws:lambda:{DEFAULT_REGION}:{ACCOUNT}:function:{self.name}"


@dataclass(frozen=True)
class Mapped:
    """An event source mapping: a queue or a stream feeding a function."""

    logical_id: str
    function: str
    source_arn: str
    enabled: bool
    batch_size: int
    reports_item_failures: bool
    bisects: bool
    attempts: int
    """Tries again after the first one; -1 for as long as the record lives."""
    record_age_seconds: int
    on_failure_arn: str | None
    concurrency: int | None
    filters: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Schedule:
    """A schedule of EventBridge Scheduler."""

    logical_id: str
    name: str
    expression: str
    zone: str
    enabled: bool
    target_arn: str
    payload: str | None
    retries: RetryPolicy


@dataclass(frozen=True)
class Route:
    """A route of the HTTP API. The method is in capitals, `ANY` for every one."""

    method: str
    path: str
    function: str
    timeout_ms: int

    @property
    def key(self) -> str:
        """The route key as handlers see it."""
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True)
class Cors:
    """The HTTP API's own CORS configuration."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    allow_credentials: bool
    max_age: int | None


@dataclass(frozen=True)
class Resources:
    """Everything the local stack takes from a template."""

    tables: tuple[Table, ...] = ()
    queues: tuple[Queue, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    buses: tuple[EventBus, ...] = ()
    rules: tuple[Rule, ...] = ()
    functions: tuple[Function, ...] = ()
    mappings: tuple[Mapped, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    routes: tuple[Route, ...] = ()
    cors: Cors | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """Physical names by logical id."""

    def function(self, logical_id_or_name: str) -> Function:
        """The function of that logical id or name; KeyError when there is none."""
        for function in self.functions:
            if logical_id_or_name in (function.logical_id, function.name):
                return function
        raise KeyError(logical_id_or_name)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of all functions together."""
        return {name: value for one in self.functions for name, value in one.environment.items()}

    def function_of_arn(self, arn: str) -> Function | None:
        """The function behind an ARN of ours."""
        return next((one for one in self.functions if one.arn == arn), None)


def arn_of(service: str, rest: str) -> str:
    """An ARN in the pretended account and region."""
    return f"arn:aws:{service}:{DEFAULT_REGION}:{ACCOUNT}:{rest}"


def name_of_arn(arn: str) -> str:
    """The name at the end of a queue's, table's, stream's or bucket's ARN."""
    rest = arn.split(":", 5)[5]
    if rest.startswith("table/"):
        return rest.split("/")[1]
    return rest.split(":")[-1].split("/")[-1]


class Reader:
    """Reads one template into `Resources`.

    `queue_endpoint` is where SQS answers, because a Ref to a queue is its URL. `bucket_name` may
    know another name for a bucket, by its logical id.
    """

    def __init__(
        self,
        template: Template,
        stack_name: str,
        queue_endpoint: str,
        bucket_name: Callable[[str], str | None] = lambda _logical_id: None,
    ) -> None:
        self._template = template
        self._stack_name = stack_name
        self._queue_endpoint = queue_endpoint
        self._bucket_name = bucket_name
        self._resolver = Resolver(
            template, self._pseudo_parameters(), self._reference, self._attribute
        )
        self._active = {
            logical_id: resource
            for logical_id, resource in template.resources.items()
            if self._is_wanted(logical_id, resource)
        }
        self._known_names: dict[str, str] = {}

    def _pseudo_parameters(self) -> dict[str, str]:
        return {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": DEFAULT_REGION,
            "AWS::StackId": arn_of("cloudformation", f"stack/{self._stack_name}/local"),
            "AWS::StackName": self._stack_name,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def _is_wanted(self, logical_id: str, resource: Mapping[str, Any]) -> bool:
        type_name = resource["Type"]
        if type_name not in ALLOWED:
            raise self._error(logical_id, f"the local stack doesn't know the type {type_name}")
        name = resource.get("Condition")
        return name is None or self._guarded(logical_id, lambda: self._resolver.condition(name))

    def _error(self, logical_id: str, says: str, *inside: str | int) -> TemplateError:
        return self._template.source.error(logical_id, says, *inside)

    def _guarded(self, logical_id: str, work: Callable[[], Any], *inside: str | int) -> Any:
        try:
            return work()
        except TemplateError as error:
            if str(error).startswith(self._template.source.path.name):
                raise
            raise self._error(logical_id, str(error), *inside) from error

    def _name(self, logical_id: str) -> str:
        """The physical name: the given one, else made from the stack's name and the id."""
        if logical_id not in self._known_names:
            self._known_names[logical_id] = self._find_name(logical_id)
        return self._known_names[logical_id]

    def _find_name(self, logical_id: str) -> str:
        resource = self._active[logical_id]
        is_bucket = resource["Type"] == "AWS::S3::Bucket"
        given = self._bucket_name(logical_id) if is_bucket else None
        if given is not None:
            return given
        properties = resource.get("Properties", {})
        key = _NAME_PROPERTIES.get(resource["Type"])
        if key in properties:
            return str(self._guarded(logical_id, lambda: self._resolver.resolve(properties[key])))
        name = f"{self._stack_name}-{logical_id}"
        return name.lower() if is_bucket else name

    def _reference(self, logical_id: str) -> str:
        if logical_id not in self._active:
            raise TemplateError(f"there is no resource or parameter {logical_id}")
        name = self._name(logical_id)
        type_name = self._active[logical_id]["Type"]
        if type_name == "AWS::SQS::Queue":
            return f"{self._queue_endpoint}/{ACCOUNT}/{name}"
        if type_name == "AWS::Lambda::LayerVersion":
            return arn_of("lambda", f"layer:{name}:1")
        if type_name == "AWS::SNS::Topic":
            return arn_of("sns", name)
        return name

    def _attribute(self, logical_id: str, attribute: str) -> str:
        if logical_id not in self._active:
            raise TemplateError(f"there is no resource {logical_id}")
        type_name = self._active[logical_id]["Type"]
        name = self._name(logical_id)
        maker = _ATTRIBUTES.get((type_name, attribute))
        if maker is None:
            raise TemplateError(f"the local stack doesn't know {attribute} of a {type_name}")
        return maker(name)

    def resources_of(self, type_name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Logical id and resolved properties of each resource of a type."""
        for logical_id, resource in self._active.items():
            if resource["Type"] == type_name:
                yield logical_id, self._properties(logical_id, resource)

    def read(self) -> Resources:
        """Reads everything; TemplateError names the first thing that isn't understood."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for logical_id, resource in self._active.items():
            properties = self._properties(logical_id, resource)
            found.setdefault(resource["Type"], {})[logical_id] = properties
        self._refuse_subscribers(found.get("AWS::SNS::Subscription", {}))
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
            names={logical_id: self._name(logical_id) for logical_id in self._active},
        )

    def _properties(self, logical_id: str, resource: Mapping[str, Any]) -> dict[str, Any]:
        """The resolved properties, after checking that each is known here."""
        resolved: dict[str, Any] = {}
        for name, value in resource.get("Properties", {}).items():
            resolve = partial(self._resolver.resolve, {name: value})
            resolved.update(self._guarded(logical_id, resolve, "Properties", name))
        for where in unknown_parts(ALLOWED[resource["Type"]], resolved):
            dotted = ".".join(str(part) for part in where)
            says = f"the local stack doesn't know the property {dotted} of {resource['Type']}"
            raise self._error(logical_id, says, "Properties", *where)
        return resolved

    def _refuse_subscribers(self, found: Mapping[str, dict[str, Any]]) -> None:
        """Topics tell people here, which makes no difference; nothing comes to anything else."""
        for logical_id, properties in found.items():
            if properties.get("Protocol") in ("firehose", "http", "https", "lambda", "sqs"):
                says = f"no topic delivers to {properties['Protocol']} here"
                raise self._error(logical_id, says, "Properties", "Protocol")

    def _each(
        self,
        found: Mapping[str, dict[str, Any]],
        read: Callable[[str, dict[str, Any]], _Record],
    ) -> tuple[_Record, ...]:
        """A record for each; what is missing or of another kind is an error of its resource."""
        records = []
        for logical_id, properties in found.items():
            try:
                records.append(read(logical_id, properties))
            except KeyError as error:
                says = f"{error.args[0]} is missing"
                raise self._error(logical_id, says, "Properties") from error
            except (AttributeError, IndexError, TypeError, ValueError) as error:
                says = f"its properties can't be used: {error}"
                raise self._error(logical_id, says, "Properties") from error
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
            raise self._error(logical_id, "only rules with an event pattern run here")
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
            # A layer's zip holds python/; SAM's builder puts it there when the folder itself is
            # the package root, so both forms are importable.
            inner = folder / "python"
            folders[self._reference(logical_id)] = inner if inner.is_dir() else folder
        return folders

    def _folder(self, logical_id: str, code: Mapping[str, Any]) -> Path:
        folder = self._template.folders.get(str(code.get("S3Key")))
        if folder is None or not folder.is_dir():
            author = self._template.source.author_of(logical_id)
            raise self._error(author, f"its code folder {folder} is not there")
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

    def _mapping(self, logical_id: str, properties: Mapping[str, Any]) -> Mapped:
        is_queue = ":sqs:" in properties["EventSourceArn"]
        destination = properties.get("DestinationConfig", {}).get("OnFailure", {})
        if unknown := set(properties.get("FunctionResponseTypes", ())) - {ITEM_FAILURES}:
            raise ValueError(f"FunctionResponseTypes knows {ITEM_FAILURES}, not {min(unknown)}")
        concurrency = properties.get("ScalingConfig", {}).get("MaximumConcurrency")
        return Mapped(
            logical_id=logical_id,
            function=properties["FunctionName"],
            source_arn=properties["EventSourceArn"],
            enabled=_is_true(properties.get("Enabled", True)),
            batch_size=int(properties.get("BatchSize", 10 if is_queue else 100)),
            reports_item_failures=ITEM_FAILURES in properties.get("FunctionResponseTypes", ()),
            bisects=_is_true(properties.get("BisectBatchOnFunctionError", False)),
            attempts=int(properties.get("MaximumRetryAttempts", -1)),
            record_age_seconds=int(properties.get("MaximumRecordAgeInSeconds", -1)),
            on_failure_arn=destination.get("Destination"),
            concurrency=None if concurrency is None else int(concurrency),
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
            for spelt, operation in methods.items():
                method = "ANY" if spelt == "x-amazon-apigateway-any-method" else spelt.upper()
                integration = operation["x-amazon-apigateway-integration"]
                arn = integration["uri"].split("/functions/", 1)[1].removesuffix("/invocations")
                if arn not in by_arn:
                    raise self._error(logical_id, f"{method} {path}: there is no function {arn}")
                function = by_arn[arn].logical_id
                problem = _problem_of_operation(operation)
                if problem is not None:
                    where = self._template.source.event_of_route(function, method, path)
                    raise self._error(function, f"{method} {path}: {problem}", *where)
                yield Route(
                    method,
                    "$default" if path == "/$default" else path,
                    function,
                    int(integration.get("timeoutInMillis", 30_000)),
                )


def _problem_of_operation(operation: Mapping[str, Any]) -> str | None:
    """What of a route isn't understood; None where all is."""
    for where in unknown_parts(OPERATION, operation):
        return f"the local stack doesn't know {'.'.join(str(part) for part in where)}"
    if operation["x-amazon-apigateway-integration"].get("payloadFormatVersion") != "2.0":
        return "only payload format 2.0 runs here"
    return None


_NAME_PROPERTIES: Mapping[str, str] = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Scheduler::Schedule": "Name",
}

_ATTRIBUTES: Mapping[tuple[str, str], Callable[[str], str]] = {
    ("AWS::DynamoDB::Table", "Arn"): lambda name: arn_of("dynamodb", f"table/{name}"),
    ("AWS::DynamoDB::Table", "StreamArn"): lambda name: arn_of(
        "dynamodb", f"table/{name}/stream/local"
    ),
    ("AWS::SQS::Queue", "Arn"): lambda name: arn_of("sqs", name),
    ("AWS::SQS::Queue", "QueueName"): lambda name: name,
    ("AWS::S3::Bucket", "Arn"): lambda name: f"arn:aws:s3:::{name}",
    ("AWS::S3::Bucket", "DomainName"): lambda name: f"{name}.s3.amazonaws.com",
    ("AWS::S3::Bucket", "RegionalDomainName"): lambda name: (
        f"{name}.s3.{DEFAULT_REGION}.amazonaws.com"
    ),
    ("AWS::Events::EventBus", "Arn"): lambda name: arn_of("events", f"event-bus/{name}"),
    ("AWS::Events::EventBus", "Name"): lambda name: name,
    ("AWS::Events::Rule", "Arn"): lambda name: arn_of("events", f"rule/{name}"),
    ("AWS::Lambda::Function", "Arn"): lambda name: arn_of("lambda", f"function:{name}"),
    ("AWS::IAM::Role", "Arn"): lambda name: f"arn:aws:iam::{ACCOUNT}:role/{name}",
    ("AWS::Logs::LogGroup", "Arn"): lambda name: arn_of("logs", f"log-group:{name}:*"),
    ("AWS::Scheduler::Schedule", "Arn"): lambda name: arn_of(
        "scheduler", f"schedule/default/{name}"
    ),
    ("AWS::SNS::Topic", "TopicName"): lambda name: name,
    ("AWS::SNS::Topic", "TopicArn"): lambda name: arn_of("sns", name),
    ("AWS::CloudWatch::Alarm", "Arn"): lambda name: arn_of("cloudwatch", f"alarm:{name}"),
    ("AWS::ApiGatewayV2::Api", "ApiEndpoint"): lambda name: f"https://{name}.local",
    ("AWS::ApiGatewayV2::Api", "ApiId"): lambda name: name,
}
"""How a GetAtt is answered. A stream's label is only known to moto; ours is found by table."""


def _is_true(value: Any) -> bool:
    return value is True or value == "true"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _retry_policy(target: Mapping[str, Any]) -> RetryPolicy:
    """A target's retry policy, or AWS's defaults: 185 times within 24 hours."""
    policy = target.get("RetryPolicy", {})
    return RetryPolicy(
        int(policy.get("MaximumRetryAttempts", 185)),
        int(policy.get("MaximumEventAgeInSeconds", 86_400)),
        target.get("DeadLetterConfig", {}).get("Arn"),
    )


def _asynchronous_policy(configured: Mapping[str, Any], function: Mapping[str, Any]) -> RetryPolicy:
    """Retries of asynchronous invocations, or Lambda's defaults: twice within 6 hours."""
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
        allow_credentials=_is_true(configured.get("allowCredentials", False)),
        max_age=None if max_age is None else int(max_age),
    )
