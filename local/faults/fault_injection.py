"""Where deliveries and calls are disturbed. At rest each delivery goes once, oldest first, at once.

Tests set `copies` and `newest_first` to hold handlers to what AWS promises, which is at least once
and, for queues, no order; `Chaos` decides on the same and more by its seed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from local.faults.chaos import NO_FAULTS, Chaos, Fault, SeededRandom
from local.faults.throttling import ServiceError, Throttling

TWICE_ONE_IN = 3
LATE_ONE_IN = 3
LATE_SECONDS = (1, 2, 5, 10, 30)
FAILED_ENTRY_ONE_IN = 10
KILLED_ONE_IN = 25
SPARED_INVOCATIONS = 3
"""So many invocations of a function live after one that was killed: it is tried again less often
than a queue gives a message up."""
MAX_REMEMBERED = 10_000

Tell = Callable[[str], None]
_Item = TypeVar("_Item")


def _tell_nobody(_: str) -> None:
    return None


class FaultInjector:
    """Asked at each place where something may go differently; tells of each time it does."""

    def __init__(self, chaos: Chaos = NO_FAULTS, tell: Tell = _tell_nobody) -> None:
        self.copies = 1
        """How often each delivery of a rule and each batch of a stream is made."""
        self.newest_first = False
        """Whether queues hand out what came last."""
        self.run = ""
        """A name that tells this run of a seed from others, each of which can be repeated alone."""
        self.chaos = chaos
        self._tell = tell
        self._rng = SeededRandom(chaos.seed)
        self._throttling = Throttling(self._rng)
        self._spared: dict[str, int] = {}
        self._injected: deque[str] = deque(maxlen=MAX_REMEMBERED)

    @property
    def injected(self) -> list[str]:
        """What was disturbed since the last reset, oldest first."""
        return list(self._injected)

    def reset(self) -> None:
        """Back to rest, and to the beginning of the run."""
        self.copies, self.newest_first = 1, False
        self._rng.restart(self.run)
        self._throttling.reset()
        self._spared.clear()
        self._injected.clear()

    def delivery_count(self, place: str) -> int:
        """How often to make a delivery."""
        return max(2, self.copies) if self.is_duplicated(place) else self.copies

    def is_duplicated(self, place: str) -> bool:
        """Whether chaos makes a delivery once more."""
        if Fault.DUPLICATE not in self.chaos:
            return False
        again = self._rng.one_in(TWICE_ONE_IN, f"twice {place}")
        if again:
            self._note(f"{place}: twice")
        return again

    def delay_seconds(self, place: str) -> int:
        """How long to hold a delivery back."""
        if Fault.DELAY not in self.chaos or not self._rng.one_in(LATE_ONE_IN, f"late {place}"):
            return 0
        seconds = self._rng.pick(LATE_SECONDS, f"how late {place}")
        self._note(f"{place}: {seconds} s late")
        return seconds

    def reordered(self, items: Sequence[_Item], place: str) -> list[_Item]:
        """The items as they are handed out, for a place that promises no order."""
        ordered = list(reversed(items)) if self.newest_first else list(items)
        if Fault.REORDER not in self.chaos or len(ordered) < 2:
            return ordered
        shuffled = self._rng.shuffled(ordered, f"order {place}")
        if shuffled != ordered:
            self._note(f"{place}: out of order")
        return shuffled

    def reordered_pollers(self, pollers: Sequence[_Item]) -> list[_Item]:
        """Who delivers first: nothing orders what one source delivers and another."""
        if Fault.REORDER not in self.chaos:
            return list(pollers)
        return self._rng.shuffled(pollers, "feeds")

    def reordered_by_key(
        self, items: Sequence[_Item], key: Callable[[_Item], Hashable], place: str
    ) -> list[_Item]:
        """The items in another order, in which those of one key keep theirs."""
        queues: dict[Hashable, deque[_Item]] = {}
        for item in items:
            queues.setdefault(key(item), deque()).append(item)
        whose_turn = [key(item) for item in items]
        if Fault.REORDER in self.chaos and len(queues) > 1:
            whose_turn = self._rng.shuffled(whose_turn, f"order {place}")
            self._note(f"{place}: items out of order")
        return [queues[one].popleft() for one in whose_turn]

    def service_error(self, service: str, operation: str) -> ServiceError | None:
        """How a call of AWS is refused, or None where it may go on."""
        if Fault.THROTTLE not in self.chaos:
            return None
        error = self._throttling.next_error(service, operation)
        if error is not None:
            self._note(f"{service} {operation}: {error.code}")
        return error

    def rejects_entry(self, place: str) -> bool:
        """Whether one entry of an accepted call isn't taken."""
        if Fault.THROTTLE not in self.chaos:
            return False
        fails = self._rng.one_in(FAILED_ENTRY_ONE_IN, f"entry {place}")
        if fails:
            self._note(f"{place}: an entry not taken")
        return fails

    def invocation_started(self, function: str) -> None:
        """An invocation of a function begins."""
        if self._spared.get(function):
            self._spared[function] -= 1

    def kills_process(self, function: str) -> bool:
        """Whether a function's process dies before the call that it is about to make."""
        if Fault.CRASH not in self.chaos or self._spared.get(function):
            return False
        killed = self._rng.one_in(KILLED_ONE_IN, f"killed {function}")
        if killed:
            self._spared[function] = SPARED_INVOCATIONS + 1
            self._note(f"{function}: killed")
        return killed

    def _note(self, text: str) -> None:
        self._injected.append(text)
        self._tell(f"chaos: {text}")
