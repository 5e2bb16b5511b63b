"""One request: what it is, what was done to it, and whether a store has to take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.ceph.sides import Side
from tests.local.s3.wire import Reply

BODY = b"the bytes that were announced, and no others"
OTHER = b"other bytes, though as many as were announced"[: len(BODY)]
HELD = "held/a b+c.txt"
"""A key that holds BODY before each request."""
FREE = "free/ü.txt"
"""A key that holds nothing."""


@dataclass(frozen=True)
class Case:
    """A request to either store."""

    request: str
    change: str
    send: Callable[[Side], Reply]
    honest: bool = False
    gap: str = ""
    """Why Ceph 16 takes it although it isn't honest."""

    @property
    def name(self) -> str:
        """What the test is called."""
        return f"{self.request}: {self.change}"


def altered(value: str) -> str:
    """Another value of the same length and, for what is hexadecimal or base64, of that alphabet."""
    return ("b" if value[0] != "b" else "c") + value[1:]
