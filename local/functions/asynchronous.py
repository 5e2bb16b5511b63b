"""Invoke functions asynchronously: queue events, retry failures, and send dead letters."""

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
"""Lambda waits one minute before the second attempt and two minutes before the third."""


@dataclass
class _Pending:
    function: Function
    event: Mapping[str, Any]
    accepted: float
    attempts: int = 0
    due: float = 0.0


class AsynchronousInvocations:
    """The queues that Lambda keeps for asynchronous events, as one list for all functions."""

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
        """Queue an event; raise `PayloadTooLargeError` above `MAX_ASYNCHRONOUS_BYTES`."""
        size = len(json.dumps(event).encode())
        if size > MAX_ASYNCHRONOUS_BYTES:
            raise PayloadTooLargeError(f"{size} bytes, {MAX_ASYNCHRONOUS_BYTES} allowed")
        fault_point = f"event for {function.logical_id}"
        now = self._clock.seconds()
        for _ in range(2 if self._faults.is_duplicated(fault_point) else 1):
            delay = self._faults.delay_seconds(fault_point)
            with self._lock:
                self._pending.append(_Pending(function, event, now, due=now + delay))
        self._wakeup.notify()

    def reset(self) -> None:
        """Discard all queued events."""
        with self._lock:
            self._pending.clear()

    def next_due_ms(self) -> float | None:
        """Return when the next attempt is due, or None without queued events."""
        with self._lock:
            return min((one.due * 1000 for one in self._pending), default=None)

    def run_once(self) -> bool:
        """Make the first attempt that is due; return False if none is due."""
        now = self._clock.seconds()
        with self._lock:
            due = [one for one in self._pending if one.due <= now]
            if not due:
                return False
            pending = self._faults.reordered(due, self.name)[0]
            # By identity, because two queued events can be equal.
            self._pending = [one for one in self._pending if one is not pending]
        outcome = self._invoker.invoke(pending.function, pending.event)
        pending.attempts += 1
        remark = self._retry_or_give_up(pending, outcome) if outcome.failed else ""
        self._reports.delivery("an event", pending.function, outcome, remark)
        return True

    def _retry_or_give_up(self, pending: _Pending, outcome: Outcome) -> str:
        policy = pending.function.asynchronous
        delay = RETRY_DELAYS_SECONDS[min(pending.attempts, len(RETRY_DELAYS_SECONDS)) - 1]
        due = self._clock.seconds() + delay
        age = due - pending.accepted
        if pending.attempts <= policy.max_retries and age <= policy.max_age_seconds:
            pending.due = due
            with self._lock:
                self._pending.append(pending)
            return f"attempt {pending.attempts} failed, retry in {delay:.0f} s"
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
        return f"no retry after {pending.attempts} attempts"
