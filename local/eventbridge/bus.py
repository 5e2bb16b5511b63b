"""Accept events as EventBridge does, match them against the rules, and deliver them to targets."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from moto.events.exceptions import ValidationException

from local.clock import StackClock, WakeupSignal
from local.eventbridge.patterns import matches
from local.faults.fault_injection import FaultInjector
from local.invocation import MAX_ASYNCHRONOUS_BYTES
from local.reports import Reports
from local.resources import (
    ACCOUNT,
    DEFAULT_REGION,
    Function,
    Resources,
    Rule,
    Target,
    arn_of,
    name_of_arn,
)

DEFAULT_BUS = "default"
MAX_ENTRIES = 10

Event = Mapping[str, Any]


class SendMessage(Protocol):
    """Sends a message to a queue by its name."""

    def __call__(
        self, queue: str, body: str, attributes: Mapping[str, str] | None = None, /
    ) -> object: ...


Invoke = Callable[[Function, Event], None]


class Bus:
    """All buses of the stack. Events on the template's buses are recorded."""

    def __init__(
        self,
        resources: Resources,
        send: SendMessage,
        invoke: Invoke,
        clock: StackClock,
        reports: Reports,
        faults: FaultInjector,
    ) -> None:
        self._resources = resources
        self._buses = {DEFAULT_BUS, *(bus.name for bus in resources.buses)}
        self._send = send
        self._invoke = invoke
        self._clock = clock
        self._reports = reports
        self._faults = faults
        self._seen: list[Event] = []
        self._wakeup = WakeupSignal()
        self._lock = threading.Lock()

    @property
    def seen(self) -> list[Event]:
        """The events on the template's buses so far, oldest first."""
        with self._lock:
            return list(self._seen)

    def forget(self) -> None:
        """Discard the recorded events."""
        with self._lock:
            self._seen.clear()

    def follow(
        self, stop: threading.Event, *, history: bool = True, pause_seconds: float = 1.0
    ) -> Iterator[Event | None]:
        """Yield each new event until `stop` is set; with `history`, the recorded events first.

        Yield None after `pause_seconds` without a new event, so that the caller can check whether
        its client is still connected.
        """
        position = 0 if history else len(self.seen)
        while not stop.is_set():
            seen = self._wakeup.count
            with self._lock:
                new = self._seen[position:]
            position += len(new)
            yield from new
            if not new:
                self._wakeup.wait(seen, pause_seconds)
                yield None

    def put_events(self, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Accept the entries of PutEvents; return an id or an error for each, as the API does."""
        size = sum(_size_of_entry(entry) for entry in entries)
        if len(entries) > MAX_ENTRIES or size > MAX_ASYNCHRONOUS_BYTES:
            raise ValidationException(
                "1 validation error detected: Total size of the entries in the request is over "
                f"the limit, or there are more than {MAX_ENTRIES} of them."
            )
        return [self._put(entry) for entry in entries]

    def _put(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        bus = entry.get("EventBusName") or DEFAULT_BUS
        bus = bus.split("/")[-1] if bus.startswith("arn:") else bus
        problem = _problem_of_entry(entry)
        if problem is not None:
            return {"ErrorCode": problem[0], "ErrorMessage": problem[1]}
        if self._faults.rejects_entry(f"PutEvents to {bus}"):
            return {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
        event_id = str(uuid.uuid4())
        if bus not in self._buses:
            # EventBridge accepts such an event and drops it silently; the report helps to find it.
            self._reports.note(f"an event was dropped: the template has no bus {bus}")
            return {"EventId": event_id}
        time = entry.get("Time")
        at = self._clock.seconds() if time is None else float(time)
        self.publish(
            bus,
            {
                "version": "0",
                "id": event_id,
                "detail-type": entry["DetailType"],
                "source": entry["Source"],
                "account": ACCOUNT,
                "time": _iso(at),
                "region": DEFAULT_REGION,
                "resources": list(entry.get("Resources") or ()),
                "detail": json.loads(entry["Detail"]),
            },
        )
        return {"EventId": event_id}

    def publish(self, bus: str, event: Event) -> None:
        """Deliver an event to the targets of every rule that it matches."""
        if bus != DEFAULT_BUS:
            with self._lock:
                self._seen.append(event)
            self._wakeup.notify()
        for rule in self._resources.rules:
            if rule.enabled and rule.bus == bus and matches(rule.pattern, event):
                for target in rule.targets:
                    for _ in range(self._faults.delivery_count(f"{rule.logical_id} {target.name}")):
                        self._deliver(rule, target, event)

    def _deliver(self, rule: Rule, target: Target, event: Event) -> None:
        """Deliver to one target, with at most two retries and without a delay."""
        problem: Exception | None = None
        for _ in range(1 + min(target.retries.max_retries, 2)):
            try:
                self._send_or_invoke(target, event)
            except Exception as error:
                problem = error
            else:
                return
        self._reports.note(f"{rule.logical_id}: delivery to {target.arn} failed: {problem}")
        if target.retries.dead_letter_arn is not None:
            # EventBridge sets these attributes; `make redrive` reads the target from them.
            self._send(
                name_of_arn(target.retries.dead_letter_arn),
                json.dumps(event),
                {"RULE_ARN": arn_of("events", f"rule/{rule.name}"), "TARGET_ARN": target.arn},
            )

    def _send_or_invoke(self, target: Target, event: Event) -> None:
        if ":sqs:" in target.arn:
            body = json.dumps(event)
            if len(body.encode()) > MAX_ASYNCHRONOUS_BYTES:
                raise ValueError(f"the event has more than {MAX_ASYNCHRONOUS_BYTES} bytes")
            self._send(name_of_arn(target.arn), body)
            return
        function = self._resources.function_of_arn(target.arn)
        if function is None:
            raise ValueError("neither a queue nor a function of the template")
        self._invoke(function, event)


def _problem_of_entry(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return "InvalidArgument", f"Parameter {name} is not valid. Reason: required argument."
    if str(entry["Source"]).startswith("aws."):
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return "MalformedDetail", "Detail is malformed."
    return None


def _size_of_entry(entry: Mapping[str, Any]) -> int:
    """Return an entry's size in bytes as EventBridge counts it.

    Source: EventBridge User Guide, "Calculating PutEvents event entry size".
    """
    size = 14 if entry.get("Time") is not None else 0
    for name in ("Source", "DetailType", "Detail"):
        size += len(str(entry.get(name) or "").encode())
    return size + sum(len(str(one).encode()) for one in entry.get("Resources") or ())


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
