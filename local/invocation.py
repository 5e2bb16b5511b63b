"""What an invocation of a function is: who can do it, what comes back, within which limits."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from local.resources import Function

MAX_SYNCHRONOUS_BYTES = 6_291_556
"""Request and response of a synchronous invocation: 6 MiB and a little, as Lambda refuses it."""
MAX_ASYNCHRONOUS_BYTES = 262_144
"""An asynchronous payload, an SQS message, an entry of PutEvents."""


class PayloadTooLargeError(Exception):
    """An event that Lambda refuses because of its size."""


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended. A function error has `error_type` and `error_message`."""

    payload: Any = None
    error_type: str | None = None
    error_message: str = ""
    stack_trace: tuple[str, ...] = ()
    duration_ms: float = 0.0
    request_id: str = ""

    @property
    def failed(self) -> bool:
        """Whether the function failed, as Lambda's FunctionError says."""
        return self.error_type is not None

    def summary(self) -> str:
        """The failure, short enough for a log line."""
        text = f"{self.error_type}: {self.error_message}".splitlines()[0]
        return text if len(text) <= 300 else text[:297] + "..."


class Invoker(Protocol):
    """Runs handlers. `close` ends what it started."""

    def invoke(self, function: Function, event: Any) -> Outcome:
        """Invokes and waits; never raises for what the function does.

        PayloadTooLargeError for an event beyond the synchronous limit.
        """

    def close(self) -> None:
        """Ends every process; invocations under way fail."""


@dataclass
class Identity:
    """The pretended identity of whoever invoked (none, outside mobile SDKs)."""

    cognito_identity_id: None = None
    cognito_identity_pool_id: None = None


@dataclass
class LambdaContext:
    """The context object as Lambda's own runtime makes it."""

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
        """What is left until the timeout."""
        return max(0, int(self.deadline_ms - time.time() * 1000))


def make_context(description: Mapping[str, Any]) -> LambdaContext:
    """A context from what `describe_context` says; the timeout counts from now."""
    return LambdaContext(
        function_name=description["function_name"],
        memory_limit_in_mb=description["memory_mb"],
        invoked_function_arn=description["arn"],
        aws_request_id=description["request_id"],
        deadline_ms=time.time() * 1000 + description["timeout_seconds"] * 1000,
        log_group_name=f"/aws/lambda/{description['function_name']}",
    )


def describe_context(function: Function, request_id: str) -> dict[str, Any]:
    """What a worker needs to make a context."""
    return {
        "function_name": function.name,
        "memory_mb": function.memory_mb,
        "arn": function.arn,
        "request_id": request_id,
        "timeout_seconds": function.timeout_seconds,
    }


def new_request_id() -> str:
    """An id for one invocation."""
    return str(uuid.uuid4())


def encode_event(event: Any) -> bytes:
    """The event as it goes to the function; PayloadTooLargeError beyond the limit."""
    encoded = json.dumps(event, separators=(",", ":")).encode()
    if len(encoded) > MAX_SYNCHRONOUS_BYTES:
        raise PayloadTooLargeError(f"{len(encoded)} bytes, {MAX_SYNCHRONOUS_BYTES} allowed")
    return encoded


def function_environment(function: Function, endpoints: Mapping[str, str]) -> dict[str, str]:
    """The variables a handler finds: the template's, Lambda's own, and where AWS is here."""
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
    """An invoker that remembers what failed."""

    def __init__(self, invoker: Invoker, failures: list[tuple[str, Outcome]]) -> None:
        self._invoker = invoker
        self._failures = failures

    def invoke(self, function: Function, event: Any) -> Outcome:
        """Invokes, and remembers the outcome when it is a failure."""
        outcome = self._invoker.invoke(function, event)
        if outcome.failed:
            self._failures.append((function.logical_id, outcome))
        return outcome

    def close(self) -> None:
        """Nothing: whoever made the invoker closes it."""
