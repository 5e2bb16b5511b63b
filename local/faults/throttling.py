"""AWS calls that are refused for a moment, in each service's own words.

Refusals come in bursts. Most are as short as an SDK's retries; now and then one outlasts them, so
that whoever called has to cope, and the others wait until it is long over. A burst is over some
time: work that is tried again gets done.

Sources: Amazon DynamoDB Developer Guide, "Error handling with DynamoDB"; Amazon SQS, "Error
messages"; EventBridge API Reference, "Common errors"; Amazon S3, "Error responses".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from local.faults.chaos import SeededRandom

STACK_USER_AGENT = "coffer-local-stack"
"""In the user agent of the stack's own clients, whose calls nobody refuses."""

BURST_ONE_IN = 8
BURSTS = (1, 1, 1, 2, 3)
"""Calls refused one after the other; SDKs try five times."""
OUTAGE = 8
OUTAGE_ONE_IN = 12
CALLS_BETWEEN_OUTAGES = 60
CALLS_BETWEEN_BURSTS = 3


@dataclass(frozen=True)
class ServiceError:
    """An error of a service, in place of its answer."""

    status: int
    code: str
    message: str
    namespace: str = ""
    """What a JSON service writes before the code."""

    def document(self) -> dict[str, Any]:
        """The body of a JSON service's answer."""
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
    "S3": (
        ServiceError(503, "SlowDown", "Please reduce your request rate."),
        ServiceError(500, "InternalError", "We encountered an internal error. Please try again."),
    ),
}

SERVICES = {"DynamoDB_20120810": "DynamoDB", "AmazonSQS": "SQS", "AWSEvents": "EventBridge"}
"""What X-Amz-Target calls the services behind moto's server."""


@dataclass
class _Place:
    refused: int = 0
    """Calls that are still to be refused."""
    passed: int = CALLS_BETWEEN_BURSTS
    """Calls that went through since."""


class Throttling:
    """Says which call of which operation is refused, by the dice."""

    def __init__(self, rng: SeededRandom) -> None:
        self._rng = rng
        self._places: dict[str, _Place] = {}
        self._since_outage = CALLS_BETWEEN_OUTAGES
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Forgets what was refused; the dice are somebody else's."""
        with self._lock:
            self._places.clear()
            self._since_outage = CALLS_BETWEEN_OUTAGES

    def next_error(self, service: str, operation: str) -> ServiceError | None:
        """How this call is refused; None where it goes through."""
        name = f"{service} {operation}"
        with self._lock:
            place = self._places.setdefault(name, _Place())
            self._since_outage += 1
            if not place.refused and self._begins(place, name):
                place.refused = self._length(name)
            if not place.refused:
                place.passed += 1
                return None
            place.refused -= 1
            place.passed = 0
        choices = SERVICE_ERRORS[service]
        if operation == "TransactWriteItems":
            choices = (*choices, CANCELLED)
        return self._rng.pick(choices, f"refusal {name}")

    def _begins(self, place: _Place, name: str) -> bool:
        rested = place.passed >= CALLS_BETWEEN_BURSTS
        return rested and self._rng.one_in(BURST_ONE_IN, f"burst {name}")

    def _length(self, name: str) -> int:
        rested = self._since_outage >= CALLS_BETWEEN_OUTAGES
        if rested and self._rng.one_in(OUTAGE_ONE_IN, f"outage {name}"):
            self._since_outage = 0
            return OUTAGE
        return self._rng.pick(BURSTS, f"length {name}")


Refuse = Callable[[str, str], ServiceError | None]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class ThrottlingApplication:
    """moto's server, refusing what `refuse(service, operation)` says."""

    def __init__(self, application: Application, refuse: Refuse) -> None:
        self._application = application
        self._refuse = refuse

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        prefix, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        service = SERVICES.get(prefix)
        if service is None or STACK_USER_AGENT in environ.get("HTTP_USER_AGENT", ""):
            return self._application(environ, start_response)
        error = self._refuse(service, operation)
        if error is None:
            return self._application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = json.dumps(_document(error, body)).encode()
        headers = [
            ("Content-Type", "application/x-amz-json-1.0"),
            ("Content-Length", str(len(answer))),
        ]
        start_response(f"{error.status} Refused", headers)
        return [answer]


def _document(error: ServiceError, body: bytes) -> dict[str, Any]:
    """The answer; a cancelled transaction has a reason for each of its items."""
    if error.code != CANCELLED.code:
        return error.document()
    reasons = [{"Code": "None"} for _ in json.loads(body)["TransactItems"]]
    reasons[0] = {"Code": "ThrottlingError", "Message": _RATE}
    codes = ", ".join(reason["Code"] for reason in reasons)
    told = replace(error, message=f"{error.message} [{codes}]")
    return {**told.document(), "CancellationReasons": reasons}
