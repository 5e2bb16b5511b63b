"""Faults on purpose: `CHAOS=duplicate,reorder,delay,throttle,crash`, seeded by CHAOS_SEED.

Each is something that AWS does now and then without anybody's fault, so that a handler has to live
with it:

* duplicate  deliveries at least once: rules, queues, streams and asynchronous invocations twice
* reorder    queues in any order; streams too, but for the changes of one item, which keep theirs
* delay      deliveries come late, on the stack's clock
* throttle   calls of AWS are refused for a moment, as too many or as an error of the service
* crash      a handler's process dies before one of its calls

Decisions are made place by place (a queue, an operation): the n-th at a place is the same for a
seed, whatever happens elsewhere and however fast.
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
    """The words that CHAOS takes."""

    DUPLICATE = "duplicate"
    REORDER = "reorder"
    DELAY = "delay"
    THROTTLE = "throttle"
    CRASH = "crash"


class ChaosError(Exception):
    """What was asked for isn't understood; the message says what is."""


@dataclass(frozen=True)
class Chaos:
    """Which faults happen, and the seed of when."""

    faults: frozenset[Fault] = frozenset()
    seed: int = 0

    @classmethod
    def parse(cls, text: str, seed: int | None = None) -> Chaos:
        """Words separated by commas or space; without a seed, some seed. ChaosError otherwise."""
        words = [word for word in re.split(r"[\s,]+", text) if word]
        known = {str(fault) for fault in Fault}
        for word in words:
            if word not in known:
                raise ChaosError(f"CHAOS knows {', '.join(Fault)}, not {word!r}.")
        if seed is None:
            seed = secrets.randbelow(MAX_SEEDS)
        return cls(frozenset(map(Fault, words)), seed)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Chaos:
        """What CHAOS and CHAOS_SEED ask for; nothing where CHAOS isn't set."""
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
    """Seeded decisions, a sequence of its own for each place. Safe between threads."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._run = ""
        self._sequences: dict[str, random.Random] = {}
        self._lock = threading.Lock()

    def restart(self, run: str = "") -> None:
        """Every place begins again; runs of different names differ."""
        with self._lock:
            self._run = run
            self._sequences.clear()

    def one_in(self, times: int, place: str) -> bool:
        """True as often as one in `times`."""
        with self._lock:
            return self._at(place).randrange(times) == 0

    def pick(self, options: Sequence[_Item], place: str) -> _Item:
        """One of the options."""
        with self._lock:
            return self._at(place).choice(options)

    def shuffled(self, items: Sequence[_Item], place: str) -> list[_Item]:
        """The items in another order, or, by chance, in the same one."""
        with self._lock:
            return self._at(place).sample(items, len(items))

    def _at(self, place: str) -> random.Random:
        if place not in self._sequences:
            name = f"{self._seed} {self._run} {place}"
            self._sequences[place] = random.Random(name)  # noqa: S311 - faults are repeated
        return self._sequences[place]
