"""Asynchronous invocations: accepted at once, tried again on errors, then given up."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.clock import StackClock, WakeupSignal
from local.faults.fault_injection import FaultInjector
from local.invocation import MAX_ASYNCHRONOUS_BYTES, Invoker, Outcome, PayloadTooLargeError
from local.reports import Reports
from local.resources import Function, name_of_arn

RETRY_DELAYS_SECONDS = (60.0, 120.0)
"""Lambda waits a minute before the second attempt and two before the third."""


@dataclass
class _Pending:
    function: Function
    event: Mapping[str, Any]
    accepted: float
    attempts: int = 0
    due: float = 0.0


class AsynchronousInvocations:
    """The queue that Lambda keeps for each function, as one list."""

    def __init__(
        self,
        invoker: Invoker,
        send: Callable[[str, str], object],
        clock: StackClock,
        reports: Reports,
        wakeup: WakeupSignal,
        faults: FaultInjector,
    ) -> None:
        self._invoker = invoker
        self._send = send
        self._clock = clock
        self._reports = reports
        self._wakeup = wakeup
        self._faults = faults
        self._pending: list[_Pending] = []
        self._lock = threading.Lock()
        self.name = "asynchronous invocations"

    def accept(self, function: Function, event: Mapping[str, Any]) -> None:
        """Takes an event; PayloadTooLargeError beyond the limit of asynchronous payloads."""
        size = len(json.dumps(event).encode())
        if size > MAX_ASYNCHRONOUS_BYTES:
            raise PayloadTooLargeError(f"{size} bytes, {MAX_ASYNCHRONOUS_BYTES} allowed")
        place = f"event for {function.logical_id}"
        now = self._clock.seconds()
        for _ in range(2 if self._faults.is_duplicated(place) else 1):
            late = self._faults.delay_seconds(place)
            with self._lock:
                self._pending.append(_Pending(function, event, now, due=now + late))
        self._wakeup.notify()

    def reset(self) -> None:
        """Forgets what waits."""
        with self._lock:
            self._pending.clear()

    def next_due_ms(self) -> float | None:
        """When the next attempt is due; None when nothing waits."""
        with self._lock:
            return min((one.due * 1000 for one in self._pending), default=None)

    def run_once(self) -> bool:
        """Makes the first attempt that is due; False when none is."""
        now = self._clock.seconds()
        with self._lock:
            due = [one for one in self._pending if one.due <= now]
            if not due:
                return False
            pending = self._faults.reordered(due, self.name)[0]
            # By identity: of two equal ones either may be under way.
            self._pending = [one for one in self._pending if one is not pending]
        outcome = self._invoker.invoke(pending.function, pending.event)
        pending.attempts += 1
        remark = self._retry_or_give_up(pending, outcome) if outcome.failed else ""
        self._reports.delivery("an event", pending.function, outcome, remark)
        return True

    def _retry_or_give_up(self, pending: _Pending, outcome: Outcome) -> str:
        policy = pending.function.asynchronous
        pause = RETRY_DELAYS_SECONDS[min(pending.attempts, len(RETRY_DELAYS_SECONDS)) - 1]
        due = self._clock.seconds() + pause
        if pending.attempts <= policy.attempts and due - pending.accepted <= policy.age_seconds:
            pending.due = due
            with self._lock:
                self._pending.append(pending)
            return f"failed at try {pending.attempts}, again in {pause:.0f} s"
        if policy.dead_letter_arn is not None and ":sqs:" in policy.dead_letter_arn:
            document = {
                "version": "1.0",
                "requestContext": {
                    "requestId": outcome.request_id,
                    "functionArn": f"{pending.function.arn}:$LATEST",
                    "condition": "RetriesExhausted",
                    "approximateInvokeCount": pending.attempts,
                },
                "requestPayload": pending.event,
                "responsePayload": {
                    "errorType": outcome.error_type,
                    "errorMessage": outcome.error_message,
                },
            }
            self._send(name_of_arn(policy.dead_letter_arn), json.dumps(document))
        return f"given up after {pending.attempts} tries"
