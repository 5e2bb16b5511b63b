"""Something happens between two calls: a kill, or what somebody else does at that moment."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar, cast

_Port = TypeVar("_Port")
Happening = Callable[[str], None]


class KilledError(BaseException):
    """The process was killed: like a kill, it is no Exception that anything would handle."""


def _nothing(_method: str) -> None:
    return


def watched(port: _Port, *, before: Happening = _nothing, after: Happening = _nothing) -> _Port:
    """`port`, of which each call is told, by its method's name, before and after it is done."""
    return cast(_Port, _Watched(port, before, after))


class _Watched:
    def __init__(self, port: Any, before: Happening, after: Happening) -> None:
        self._port, self._before, self._after = port, before, after

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._port, name)
        if not callable(attribute):
            return attribute

        def call(*arguments: Any, **named: Any) -> Any:
            self._before(name)
            answer = attribute(*arguments, **named)
            self._after(name)
            return answer

        return call


def killed_at(call: int) -> Happening:
    """What kills at the `call`-th call (from 0) of all the ports that share it."""
    calls = count()

    def happen(method: str) -> None:
        if next(calls) == call:
            raise KilledError(method)

    return happen


def once(method: str, action: Callable[[], object]) -> Happening:
    """What does `action` at the first call of `method` only."""
    waiting = [action]

    def happen(called: str) -> None:
        if called == method and waiting:
            waiting.pop()()

    return happen
