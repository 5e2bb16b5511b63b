"""The interface of invokers, the result of an invocation, and size limits."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
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


def describe_context(function: Function, request_id: str) -> dict[str, Any]:
    """Return the data from which `LambdaContext` is created for one invocation."""
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
