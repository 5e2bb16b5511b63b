"""Kills handlers between two of their AWS calls.

Every call of every botocore client passes through one method, PynamoDB's too. A plan says before
which call of a function's run the process dies; the call is then not made, as if the machine had
gone away. Hand-signed requests are not counted: only readers make them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient

from local.functions.in_process import KilledError


class AwsCalls:
    """Counts the AWS calls that handlers make, and dies before the chosen one, once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[str] = []
        self._fatal: int | None = None
        self._armed = False
        self._interruption: tuple[int, Callable[[], None]] | None = None
        original: Callable[..., Any] = BaseClient._make_api_call  # type: ignore[attr-defined]  # botocore is untyped

        def call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
            if self._armed:
                if self._fatal == len(self.made):
                    self._fatal = None
                    raise KilledError
                if self._interruption and self._interruption[0] == len(self.made):
                    interrupt, self._interruption = self._interruption[1], None
                    interrupt()
                self.made.append(operation)
            return original(client, operation, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", call)

    def count(self) -> None:
        """Begin to count, without killing anything."""
        self.made.clear()
        self._armed, self._fatal, self._interruption = True, None, None

    def kill_before(self, number: int) -> None:
        """Begin to count, and die before the call with this number, counted from 0."""
        self.count()
        self._fatal = number

    def interrupt_before(self, number: int, act: Callable[[], Any]) -> list[Any]:
        """Begin to count, and do something else before the call with this number.

        What it gave is in the answered list once it has been done.
        """
        self.count()
        done: list[Any] = []

        def interrupt() -> None:
            with self.uncounted():
                done.append(act())

        self._interruption = (number, interrupt)
        return done

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """Lets calls through within the block: somebody else than a handler makes them."""
        armed, self._armed = self._armed, False
        try:
            yield
        finally:
            self._armed = armed

    def stop(self) -> None:
        """Let every call through uncounted: the test itself is calling."""
        self._armed, self._fatal, self._interruption = False, None, None

    @property
    def killed(self) -> bool:
        """Whether the chosen call was reached."""
        return self._armed and self._fatal is None


@pytest.fixture
def aws_calls(monkeypatch: pytest.MonkeyPatch) -> AwsCalls:
    """The counter and killer of AWS calls."""
    return AwsCalls(monkeypatch)
