"""What the stack says about its work: one line per request, delivery and failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from local.invocation import Outcome
from local.resources import Function


class Reports(Protocol):
    """Told of everything that is worth a line. Never of bodies, queries or tokens."""

    def request(self, method: str, path: str, status: int, milliseconds: float) -> None:
        """A request was answered."""

    def delivery(self, what: str, function: Function, outcome: Outcome, remark: str) -> None:
        """A function was given something; `remark` says what follows (retries, dead letters)."""

    def note(self, text: str) -> None:
        """Something else happened."""

    def output(self, function: Function, line: str) -> None:
        """A handler printed a line."""


class Silence:
    """Says nothing."""

    def request(self, method: str, path: str, status: int, milliseconds: float) -> None:
        """Nothing."""

    def delivery(self, what: str, function: Function, outcome: Outcome, remark: str) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def output(self, function: Function, line: str) -> None:
        """Nothing."""


Printer = Callable[[str], None]
