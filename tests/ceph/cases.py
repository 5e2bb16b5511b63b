"""A request to a store, the change made to it, and whether the store must accept it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.ceph.stores import Store
from tests.local.s3.wire import Reply

BODY = b"the bytes that were announced, and no others"
OTHER = b"other bytes, though as many as were announced"[: len(BODY)]
HELD = "held/a b+c.txt"
"""The key of an object with BODY, which exists before each request."""
FREE = "free/ü.txt"
"""A key without an object."""


@dataclass(frozen=True)
class Case:
    """A request that is sent to both stores."""

    request: str
    change: str
    send: Callable[[Store], Reply]
    is_valid: bool = False
    gap: str = ""
    """The reason why Ceph 16 accepts the request although it is not valid."""

    @property
    def name(self) -> str:
        """The name of the test."""
        return f"{self.request}: {self.change}"


def altered(value: str) -> str:
    """Return another value of the same length, still valid as hexadecimal or base64."""
    return ("b" if value[0] != "b" else "c") + value[1:]
