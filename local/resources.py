"""Typed records of the resources in a template. `local.template.parser` creates them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"
DEFAULT_STACK_NAME = "coffer"
ITEM_FAILURES = "ReportBatchItemFailures"


@dataclass(frozen=True)
class Table:
    """A DynamoDB table; `definition` holds the arguments of CreateTable."""

    logical_id: str
    name: str
    definition: Mapping[str, Any]
    time_to_live_attribute: str | None


@dataclass(frozen=True)
class Queue:
    """An SQS queue; `attributes` are those of CreateQueue."""

    logical_id: str
    name: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Bucket:
    """An S3 bucket with the configuration that the local stack applies."""

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
    """A lifecycle rule for keys with a prefix; None instead of days means never."""

    name: str | None
    enabled: bool
    prefix: str
    expire_days: int | None
    abort_days: int | None


@dataclass(frozen=True)
class EventBus:
    """An event bus of the template; the default bus has no record."""

    logical_id: str
    name: str


@dataclass(frozen=True)
class RetryPolicy:
    """Limits on the retries of a delivery."""

    max_retries: int
    max_age_seconds: int
    dead_letter_arn: str | None


@dataclass(frozen=True)
class Target:
    """A target of a rule: a queue or a function."""

    name: str
    arn: str
    retries: RetryPolicy


@dataclass(frozen=True)
class Rule:
    """A rule of an event bus."""

    logical_id: str
    name: str
    bus: str
    pattern: Mapping[str, Any]
    enabled: bool
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Function:
    """A Lambda function with its code folder, handler and limits."""

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
        """The ARN in the local account."""
        return f"arn:aws:lambda:{DEFAULT_REGION}:{ACCOUNT}:function:{self.name}"


@dataclass(frozen=True)
class EventSourceMapping:
    """An event source mapping from a queue or a stream to a function."""

    logical_id: str
    function: str
    source_arn: str
    enabled: bool
    batch_size: int
    reports_item_failures: bool
    bisects: bool
    max_retries: int
    """Retries after the first attempt; -1 means no limit but the record's age."""
    max_record_age_seconds: int
    on_failure_arn: str | None
    max_concurrency: int | None
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
    """A route of the HTTP API. `method` is in upper case; `ANY` matches every method."""

    method: str
    path: str
    function: str
    timeout_ms: int

    @property
    def key(self) -> str:
        """The `routeKey` of the events."""
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True)
class Cors:
    """The CORS configuration of the HTTP API."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    max_age: int | None


@dataclass(frozen=True)
class Resources:
    """All resources of a template that the local stack uses."""

    tables: tuple[Table, ...] = ()
    queues: tuple[Queue, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    buses: tuple[EventBus, ...] = ()
    rules: tuple[Rule, ...] = ()
    functions: tuple[Function, ...] = ()
    mappings: tuple[EventSourceMapping, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    routes: tuple[Route, ...] = ()
    cors: Cors | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """Physical names by logical id."""

    def function(self, logical_id_or_name: str) -> Function:
        """Return the function with that logical id or name, or raise KeyError."""
        for function in self.functions:
            if logical_id_or_name in (function.logical_id, function.name):
                return function
        raise KeyError(logical_id_or_name)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of all functions together."""
        return {name: value for one in self.functions for name, value in one.environment.items()}

    def function_of_arn(self, arn: str) -> Function | None:
        """Return the function with that ARN, or None."""
        return next((one for one in self.functions if one.arn == arn), None)


def arn_of(service: str, rest: str) -> str:
    """Return an ARN in the local account and region."""
    return f"arn:aws:{service}:{DEFAULT_REGION}:{ACCOUNT}:{rest}"


def name_of_arn(arn: str) -> str:
    """Return the resource name from the ARN of a queue, table, stream or bucket."""
    rest = arn.split(":", 5)[5]
    if rest.startswith("table/"):
        return rest.split("/")[1]
    return rest.split(":")[-1].split("/")[-1]
