"""Errors of AWS services that last for a moment, in the form of each service.

Errors come in bursts. Most bursts are shorter than the retries of an SDK. Sometimes an outage is
longer than the retries, so that the handler has to cope with it. Every burst ends, so that retried
work succeeds.

Sources: Amazon DynamoDB Developer Guide, "Error handling with DynamoDB"; Amazon SQS, "Error
messages"; EventBridge API Reference, "Common errors"; Lambda API Reference, "Invoke"; Amazon S3,
"Error responses".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from local.faults.chaos import SeededRandom

STACK_USER_AGENT = "coffer-local-stack"
"""User agent of the stack's own clients, whose calls never fail on purpose."""

BURST_ONE_IN = 8
BURST_LENGTHS = (1, 1, 1, 2, 3)
"""Consecutive calls that fail; SDKs try five times."""
OUTAGE_LENGTH = 8
OUTAGE_ONE_IN = 12
MIN_CALLS_BETWEEN_OUTAGES = 60
MIN_CALLS_BETWEEN_BURSTS = 3


@dataclass(frozen=True)
class ServiceError:
    """An error response of an AWS service."""

    status: int
    code: str
    message: str
    namespace: str = ""
    """The prefix of the code in a JSON service's response."""

    def document(self) -> dict[str, Any]:
        """Return the body of a JSON service's response."""
        return {"__type": f"{self.namespace}{self.code}", "message": self.message}


_DYNAMODB = "com.amazonaws.dynamodb.v20120810#"
_RATE = "Rate exceeded"
CANCELLED = ServiceError(
    400,
    "TransactionCanceledException",
    "Transaction cancelled, please refer cancellation reasons for specific reasons",
    _DYNAMODB,
)

SERVICE_ERRORS: Mapping[str, tuple[ServiceError, ...]] = {
    "DynamoDB": (
        ServiceError(
            400,
            "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded. Consider "
            "increasing your provisioning level with the UpdateTable API.",
            _DYNAMODB,
        ),
        ServiceError(400, "ThrottlingException", _RATE, "com.amazon.coral.availability#"),
        ServiceError(500, "InternalServerError", "Internal server error", _DYNAMODB),
    ),
    "SQS": (
        ServiceError(400, "RequestThrottled", _RATE, "com.amazonaws.sqs#"),
        ServiceError(500, "InternalError", "Internal error", "com.amazonaws.sqs#"),
    ),
    "EventBridge": (
        ServiceError(400, "ThrottlingException", _RATE),
        ServiceError(500, "InternalException", "Internal error"),
    ),
    "Lambda": (
        ServiceError(429, "TooManyRequestsException", "Rate Exceeded."),
        ServiceError(500, "ServiceException", "The service encountered an internal error."),
    ),
    "S3": (
        ServiceError(503, "SlowDown", "Please reduce your request rate."),
        ServiceError(500, "InternalError", "We encountered an internal error. Please try again."),
    ),
}

SERVICES = {"DynamoDB_20120810": "DynamoDB", "AmazonSQS": "SQS", "AWSEvents": "EventBridge"}
"""Service names by the prefix of X-Amz-Target, for the services of moto's server."""


@dataclass
class _Operation:
    failures_left: int = 0
    """Calls of the current burst that still have to fail."""
    succeeded: int = MIN_CALLS_BETWEEN_BURSTS
    """Calls that succeeded since the last burst."""


class Throttling:
    """Decides which calls of each operation fail."""

    def __init__(self, rng: SeededRandom) -> None:
        self._rng = rng
        self._operations: dict[str, _Operation] = {}
        self._since_outage = MIN_CALLS_BETWEEN_OUTAGES
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Forget all bursts. The owner of the random sequences resets those."""
        with self._lock:
            self._operations.clear()
            self._since_outage = MIN_CALLS_BETWEEN_OUTAGES

    def next_error(self, service: str, operation: str) -> ServiceError | None:
        """Return the error for this call, or None if it succeeds."""
        name = f"{service} {operation}"
        with self._lock:
            state = self._operations.setdefault(name, _Operation())
            self._since_outage += 1
            if not state.failures_left and self._starts_burst(state, name):
                state.failures_left = self._burst_length(name)
            if not state.failures_left:
                state.succeeded += 1
                return None
            state.failures_left -= 1
            state.succeeded = 0
        errors = SERVICE_ERRORS[service]
        if operation == "TransactWriteItems":
            errors = (*errors, CANCELLED)
        return self._rng.choose(errors, f"refusal {name}")

    def _starts_burst(self, state: _Operation, name: str) -> bool:
        is_possible = state.succeeded >= MIN_CALLS_BETWEEN_BURSTS
        return is_possible and self._rng.one_in(BURST_ONE_IN, f"burst {name}")

    def _burst_length(self, name: str) -> int:
        is_outage_possible = self._since_outage >= MIN_CALLS_BETWEEN_OUTAGES
        if is_outage_possible and self._rng.one_in(OUTAGE_ONE_IN, f"outage {name}"):
            self._since_outage = 0
            return OUTAGE_LENGTH
        return self._rng.choose(BURST_LENGTHS, f"length {name}")


NextError = Callable[[str, str], ServiceError | None]
"""Returns the error for a service and an operation, or None."""
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class ThrottlingApplication:
    """moto's WSGI application, in which calls fail if `next_error` returns an error."""

    def __init__(self, application: Application, next_error: NextError) -> None:
        self._application = application
        self._next_error = next_error

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        prefix, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        service = SERVICES.get(prefix)
        if service is None or STACK_USER_AGENT in environ.get("HTTP_USER_AGENT", ""):
            return self._application(environ, start_response)
        error = self._next_error(service, operation)
        if error is None:
            return self._application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        response = json.dumps(_document(error, body)).encode()
        headers = [
            ("Content-Type", "application/x-amz-json-1.0"),
            ("Content-Length", str(len(response))),
        ]
        start_response(f"{error.status} Refused", headers)
        return [response]


def _document(error: ServiceError, body: bytes) -> dict[str, Any]:
    """Return the response body; a cancelled transaction has a reason for each of its items."""
    if error.code != CANCELLED.code:
        return error.document()
    reasons = [{"Code": "None"} for _ in json.loads(body)["TransactItems"]]
    reasons[0] = {"Code": "ThrottlingError", "Message": _RATE}
    codes = ", ".join(reason["Code"] for reason in reasons)
    detailed = replace(error, message=f"{error.message} [{codes}]")
    return {**detailed.document(), "CancellationReasons": reasons}
