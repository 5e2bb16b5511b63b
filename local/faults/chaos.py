"""Which faults are injected: `CHAOS=duplicate,reorder,delay,throttle,crash`, seeded by CHAOS_SEED.

AWS shows each of these faults at times, so handlers must cope with them:

* duplicate  a rule, queue, stream or asynchronous invocation delivers twice
* reorder    a queue delivers in any order; a stream keeps the order of the changes of one item
* delay      a delivery comes late, on the stack's clock
* throttle   AWS calls fail for a moment, with a throttling error or an error of the service
* crash      a handler's process dies before one of its AWS calls

Each fault point, such as a queue or an operation, has its own random sequence. So the n-th decision
at a fault point depends only on the seed, not on the timing or on other fault points.
"""

from __future__ import annotations

import random
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

MAX_SEEDS = 1_000_000

_Item = TypeVar("_Item")


class Fault(StrEnum):
    """A fault that CHAOS can name."""

    DUPLICATE = "duplicate"
    REORDER = "reorder"
    DELAY = "delay"
    THROTTLE = "throttle"
    CRASH = "crash"


class ChaosError(Exception):
    """CHAOS or CHAOS_SEED is not valid."""


@dataclass(frozen=True)
class Chaos:
    """The faults to inject, and the seed that decides when."""

    faults: frozenset[Fault] = frozenset()
    seed: int = 0

    @classmethod
    def parse(cls, text: str, seed: int | None = None) -> Chaos:
        """Parse the value of CHAOS: words, separated by commas or spaces.

        Choose a random seed if none is given. Raise `ChaosError` for an unknown word.
        """
        words = [word for word in re.split(r"[\s,]+", text) if word]
        known = {str(fault) for fault in Fault}
        for word in words:
            if word not in known:
                raise ChaosError(f"CHAOS accepts {', '.join(Fault)}, not {word!r}.")
        if seed is None:
            seed = secrets.randbelow(MAX_SEEDS)
        return cls(frozenset(map(Fault, words)), seed)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Chaos:
        """Parse CHAOS and CHAOS_SEED; return `NO_FAULTS` if CHAOS is not set."""
        text = environment.get("CHAOS", "")
        seed = environment.get("CHAOS_SEED", "")
        if seed and not (seed.isascii() and seed.isdigit()):
            raise ChaosError(f"CHAOS_SEED is a whole number, not {seed!r}.")
        if not text.strip(" ,"):
            return NO_FAULTS
        return cls.parse(text, int(seed) if seed else None)

    def __str__(self) -> str:
        words = ",".join(fault for fault in Fault if fault in self.faults)
        return f"CHAOS={words} CHAOS_SEED={self.seed}"

    def __contains__(self, fault: Fault) -> bool:
        return fault in self.faults

    def __bool__(self) -> bool:
        return bool(self.faults)


NO_FAULTS = Chaos()


class SeededRandom:
    """Seeded random decisions with one sequence per name. Thread-safe."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._run = ""
        self._sequences: dict[str, random.Random] = {}
        self._lock = threading.Lock()

    def restart(self, run: str = "") -> None:
        """Start every sequence again; runs with different names have different sequences."""
        with self._lock:
            self._run = run
            self._sequences.clear()

    def one_in(self, times: int, name: str) -> bool:
        """Return True with a probability of 1 / `times`."""
        with self._lock:
            return self._sequence(name).randrange(times) == 0

    def choose(self, options: Sequence[_Item], name: str) -> _Item:
        """Return one of the options."""
        with self._lock:
            return self._sequence(name).choice(options)

    def shuffled(self, items: Sequence[_Item], name: str) -> list[_Item]:
        """Return the items in random order."""
        with self._lock:
            return self._sequence(name).sample(items, len(items))

    def _sequence(self, name: str) -> random.Random:
        if name not in self._sequences:
            seed = f"{self._seed} {self._run} {name}"
            self._sequences[name] = random.Random(seed)  # noqa: S311 - faults must be repeatable
        return self._sequences[name]
