"""What a template asks for, as typed records. `local.template.parser` makes them of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

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
class EventSourceMapping:
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
    mappings: tuple[EventSourceMapping, ...] = ()
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
