"""Count the AWS calls of handlers, and kill a handler before one of them.

Every call of a botocore client, and so of PynamoDB, passes through one method. A call before which
the handler is killed is not made. Requests that are signed by hand only read and are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient

from local.functions.in_process import KilledError


class AwsCalls:
    """The AWS calls that handlers made. Raises `KilledError` once, before the chosen call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[str] = []
        self._fatal: int | None = None
        self._armed = False
        self._interruption: tuple[int | str, Callable[[], None]] | None = None
        original: Callable[..., Any] = BaseClient._make_api_call  # type: ignore[attr-defined]  # botocore is untyped

        def call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
            if self._armed:
                if self._fatal == len(self.made):
                    self._fatal = None
                    raise KilledError
                if self._interruption and self._interruption[0] in (len(self.made), operation):
                    interrupt, self._interruption = self._interruption[1], None
                    interrupt()
                self.made.append(operation)
            return original(client, operation, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", call)

    def count(self) -> None:
        """Start to count calls."""
        self.made.clear()
        self._armed, self._fatal, self._interruption = True, None, None

    def kill_before(self, number: int) -> None:
        """Start to count, and kill the handler before call `number`, counted from 0."""
        self.count()
        self._fatal = number

    def interrupt_before(self, which: int | str, act: Callable[[], Any]) -> list[Any]:
        """Start to count, and call `act` before a call: its number, or the first of an operation.

        The returned list holds what `act` returned, once it has run.
        """
        self.count()
        done: list[Any] = []

        def interrupt() -> None:
            with self.uncounted():
                done.append(act())

        self._interruption = (which, interrupt)
        return done

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """Do not count calls in the block: no handler makes them."""
        armed, self._armed = self._armed, False
        try:
            yield
        finally:
            self._armed = armed

    def stop(self) -> None:
        """Stop to count: the test itself makes the calls that follow."""
        self._armed, self._fatal, self._interruption = False, None, None

    @property
    def killed(self) -> bool:
        """True if the chosen call was reached."""
        return self._armed and self._fatal is None


@pytest.fixture
def aws_calls(monkeypatch: pytest.MonkeyPatch) -> AwsCalls:
    """Return an object that counts AWS calls and can kill handlers."""
    return AwsCalls(monkeypatch)
