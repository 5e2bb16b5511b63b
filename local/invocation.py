"""The interface of invokers, the result of an invocation, the context object and size limits."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from local.resources import Function

MAX_SYNCHRONOUS_BYTES = 6_291_556
"""Limit of the request and the response of a synchronous invocation, as Lambda enforces it."""
MAX_ASYNCHRONOUS_BYTES = 262_144
"""Limit of an asynchronous payload, of an SQS message and of a PutEvents request."""


class PayloadTooLargeError(Exception):
    """The event is larger than Lambda accepts."""


@dataclass(frozen=True)
class Outcome:
    """Result of an invocation: a payload, or an error with `error_type` and `error_message`."""

    payload: Any = None
    error_type: str | None = None
    error_message: str = ""
    stack_trace: tuple[str, ...] = ()
    duration_ms: float = 0.0
    request_id: str = ""

    @property
    def failed(self) -> bool:
        """True if the function failed: Lambda then sets FunctionError."""
        return self.error_type is not None

    def summary(self) -> str:
        """Return the error in at most 300 characters, for a log line."""
        text = f"{self.error_type}: {self.error_message}".splitlines()[0]
        return text if len(text) <= 300 else text[:297] + "..."


class Invoker(Protocol):
    """Runs handlers."""

    def invoke(self, function: Function, event: Any) -> Outcome:
        """Invoke a function and return the outcome; an error of the function is an outcome too.

        Raise `PayloadTooLargeError` for an event above `MAX_SYNCHRONOUS_BYTES`.
        """

    def close(self) -> None:
        """End every process that the invoker started; running invocations fail."""


@dataclass
class Identity:
    """The Cognito identity of the caller; only mobile SDKs send one."""

    cognito_identity_id: None = None
    cognito_identity_pool_id: None = None


@dataclass
class LambdaContext:
    """The context object that Lambda's runtime passes to a handler."""

    function_name: str
    memory_limit_in_mb: int
    invoked_function_arn: str
    aws_request_id: str
    deadline_ms: float
    log_group_name: str = ""
    log_stream_name: str = "local"
    function_version: str = "$LATEST"
    client_context: None = None
    identity: Identity = field(default_factory=Identity)

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the timeout."""
        return max(0, int(self.deadline_ms - time.time() * 1000))


def make_context(description: Mapping[str, Any]) -> LambdaContext:
    """Create a context from a `describe_context` dictionary; the timeout starts now."""
    return LambdaContext(
        function_name=description["function_name"],
        memory_limit_in_mb=description["memory_mb"],
        invoked_function_arn=description["arn"],
        aws_request_id=description["request_id"],
        deadline_ms=time.time() * 1000 + description["timeout_seconds"] * 1000,
        log_group_name=f"/aws/lambda/{description['function_name']}",
    )


def describe_context(function: Function, request_id: str) -> dict[str, Any]:
    """Return the data from which a worker creates the context of one invocation."""
    return {
        "function_name": function.name,
        "memory_mb": function.memory_mb,
        "arn": function.arn,
        "request_id": request_id,
        "timeout_seconds": function.timeout_seconds,
    }


def new_request_id() -> str:
    """Return an id for one invocation."""
    return str(uuid.uuid4())


def encode_event(event: Any) -> bytes:
    """Return the event as JSON; raise `PayloadTooLargeError` above `MAX_SYNCHRONOUS_BYTES`."""
    encoded = json.dumps(event, separators=(",", ":")).encode()
    if len(encoded) > MAX_SYNCHRONOUS_BYTES:
        raise PayloadTooLargeError(f"{len(encoded)} bytes, {MAX_SYNCHRONOUS_BYTES} allowed")
    return encoded


def function_environment(function: Function, endpoints: Mapping[str, str]) -> dict[str, str]:
    """Return a handler's environment: the template's variables, Lambda's own, and `endpoints`."""
    return {
        **function.environment,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "LAMBDA_TASK_ROOT": str(function.folder),
        "_HANDLER": function.handler,
        "TZ": ":UTC",
        **endpoints,
    }


class RecordingInvoker:
    """An invoker that records failed invocations."""

    def __init__(self, invoker: Invoker, failures: list[tuple[str, Outcome]]) -> None:
        self._invoker = invoker
        self._failures = failures

    def invoke(self, function: Function, event: Any) -> Outcome:
        """Invoke a function and record the outcome if it failed."""
        outcome = self._invoker.invoke(function, event)
        if outcome.failed:
            self._failures.append((function.logical_id, outcome))
        return outcome

    def close(self) -> None:
        """Do nothing: the owner of the wrapped invoker closes it."""
