"""Decide at each fault point of the stack whether a delivery or an AWS call is disturbed.

Without faults each delivery is made once, in order and at once. Tests set `copies` and
`newest_first`, because AWS only guarantees at-least-once delivery, and no order for queues. `Chaos`
injects the same faults, and more, by its seed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from local.faults.chaos import NO_FAULTS, Chaos, Fault, SeededRandom
from local.faults.throttling import ServiceError, Throttling

DUPLICATE_ONE_IN = 3
DELAY_ONE_IN = 3
DELAYS_SECONDS = (1, 2, 5, 10, 30)
FAILED_ENTRY_ONE_IN = 10
KILL_ONE_IN = 25
MIN_INVOCATIONS_BETWEEN_KILLS = 3
"""Retries of a message therefore succeed before it becomes a dead letter."""
MAX_RECORDED = 10_000

_Item = TypeVar("_Item")


class FaultInjector:
    """Decides which faults happen, and records and reports each of them.

    `fault_point` names a queue, stream, rule or operation; each has its own random sequence.
    """

    def __init__(
        self, chaos: Chaos = NO_FAULTS, report: Callable[[str], None] = lambda _: None
    ) -> None:
        self.copies = 1
        """How often a rule delivers each event, and a stream each batch."""
        self.newest_first = False
        """True if queues deliver the newest message first."""
        self.run = ""
        """Name of a run; runs of one seed with different names get different faults."""
        self.chaos = chaos
        self._report = report
        self._rng = SeededRandom(chaos.seed)
        self._throttling = Throttling(self._rng)
        self._spared: dict[str, int] = {}
        self._injected: deque[str] = deque(maxlen=MAX_RECORDED)

    @property
    def injected(self) -> list[str]:
        """Descriptions of the faults since the last reset, oldest first."""
        return list(self._injected)

    def reset(self) -> None:
        """Set `copies` and `newest_first` back, and start the random sequences again."""
        self.copies, self.newest_first = 1, False
        self._rng.restart(self.run)
        self._throttling.reset()
        self._spared.clear()
        self._injected.clear()

    def delivery_count(self, fault_point: str) -> int:
        """Return how often to make a delivery."""
        return max(2, self.copies) if self.is_duplicated(fault_point) else self.copies

    def is_duplicated(self, fault_point: str) -> bool:
        """Return True if the delivery is made twice."""
        if Fault.DUPLICATE not in self.chaos:
            return False
        duplicated = self._rng.one_in(DUPLICATE_ONE_IN, f"twice {fault_point}")
        if duplicated:
            self._record(f"{fault_point}: twice")
        return duplicated

    def delay_seconds(self, fault_point: str) -> int:
        """Return by how many seconds to delay a delivery."""
        if Fault.DELAY not in self.chaos:
            return 0
        if not self._rng.one_in(DELAY_ONE_IN, f"late {fault_point}"):
            return 0
        seconds = self._rng.choose(DELAYS_SECONDS, f"how late {fault_point}")
        self._record(f"{fault_point}: {seconds} s late")
        return seconds

    def reordered(self, items: Sequence[_Item], fault_point: str) -> list[_Item]:
        """Return the items in the order of their delivery, where AWS guarantees no order."""
        ordered = list(reversed(items)) if self.newest_first else list(items)
        if Fault.REORDER not in self.chaos or len(ordered) < 2:
            return ordered
        shuffled = self._rng.shuffled(ordered, f"order {fault_point}")
        if shuffled != ordered:
            self._record(f"{fault_point}: out of order")
        return shuffled

    def reordered_pollers(self, pollers: Sequence[_Item]) -> list[_Item]:
        """Return the pollers in the order in which they deliver."""
        if Fault.REORDER not in self.chaos:
            return list(pollers)
        return self._rng.shuffled(pollers, "feeds")

    def reordered_by_key(
        self, items: Sequence[_Item], key: Callable[[_Item], Hashable], fault_point: str
    ) -> list[_Item]:
        """Return the items in another order; items with the same key keep theirs."""
        queues: dict[Hashable, deque[_Item]] = {}
        for item in items:
            queues.setdefault(key(item), deque()).append(item)
        keys = [key(item) for item in items]
        if Fault.REORDER in self.chaos and len(queues) > 1:
            keys = self._rng.shuffled(keys, f"order {fault_point}")
            self._record(f"{fault_point}: items out of order")
        return [queues[one].popleft() for one in keys]

    def service_error(self, service: str, operation: str) -> ServiceError | None:
        """Return the error for an AWS call, or None if the call succeeds."""
        if Fault.THROTTLE not in self.chaos:
            return None
        error = self._throttling.next_error(service, operation)
        if error is not None:
            self._record(f"{service} {operation}: {error.code}")
        return error

    def rejects_entry(self, fault_point: str) -> bool:
        """Return True if one entry of an accepted PutEvents call fails."""
        if Fault.THROTTLE not in self.chaos:
            return False
        fails = self._rng.one_in(FAILED_ENTRY_ONE_IN, f"entry {fault_point}")
        if fails:
            self._record(f"{fault_point}: an entry not taken")
        return fails

    def invocation_started(self, function: str) -> None:
        """Count an invocation of a function for `MIN_INVOCATIONS_BETWEEN_KILLS`."""
        if self._spared.get(function):
            self._spared[function] -= 1

    def kills_process(self, function: str) -> bool:
        """Return True if the function's process dies before its next AWS call."""
        if Fault.CRASH not in self.chaos or self._spared.get(function):
            return False
        killed = self._rng.one_in(KILL_ONE_IN, f"killed {function}")
        if killed:
            self._spared[function] = MIN_INVOCATIONS_BETWEEN_KILLS + 1
            self._record(f"{function}: killed")
        return killed

    def _record(self, text: str) -> None:
        self._injected.append(text)
        self._report(f"chaos: {text}")
