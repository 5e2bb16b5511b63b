"""Hooks around the calls of a port: kill the process, or act as a concurrent worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar, cast

_Port = TypeVar("_Port")
Hook = Callable[[str], None]


class KilledError(BaseException):
    """The process was killed. It is no Exception, so that no handler catches it."""


def _nothing(_method: str) -> None:
    return


def with_hooks(port: _Port, *, before: Hook = _nothing, after: Hook = _nothing) -> _Port:
    """Return `port` with hooks that get the method's name before and after each call."""
    return cast(_Port, _Hooked(port, before, after))


class _Hooked:
    def __init__(self, port: Any, before: Hook, after: Hook) -> None:
        self._port, self._before, self._after = port, before, after

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._port, name)
        if not callable(attribute):
            return attribute

        def call(*arguments: Any, **named: Any) -> Any:
            self._before(name)
            response = attribute(*arguments, **named)
            self._after(name)
            return response

        return call


def kill_at_call(call: int) -> Hook:
    """Return a hook that raises `KilledError` at call number `call` of all ports that share it."""
    calls = count()

    def happen(method: str) -> None:
        if next(calls) == call:
            raise KilledError(method)

    return happen


def once(method: str, action: Callable[[], object]) -> Hook:
    """Return a hook that runs `action` at the first call of `method`."""
    waiting = [action]

    def happen(called: str) -> None:
        if called == method and waiting:
            waiting.pop()()

    return happen


class Turns:
    """Workers that run one at a time: each waits before every call until its turn."""

    def __init__(self) -> None:
        self._workers: list[_Worker] = []

    def begin(self, work: Callable[[], object]) -> None:
        """Start a worker, which waits before its first call."""
        worker = _Worker(work)
        self._workers.append(worker)
        worker.go_on()

    @property
    def waiting(self) -> list[int]:
        """Numbers of the workers that have not ended."""
        return [number for number, worker in enumerate(self._workers) if worker.is_alive]

    def give(self, number: int) -> None:
        """Let a worker run until its next call."""
        if self._workers[number].is_alive:
            self._workers[number].go_on()

    def wait(self, _method: str) -> None:
        """Wait for the turn of the current worker: a hook."""
        next(worker for worker in self._workers if worker.is_here()).wait()


class _Worker:
    def __init__(self, work: Callable[[], object]) -> None:
        self.is_alive = True
        self._mine, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def is_here(self) -> bool:
        return threading.current_thread() is self._thread

    def go_on(self) -> None:
        self._mine.release()
        self._stopped.acquire()

    def wait(self) -> None:
        self._stopped.release()
        self._mine.acquire()

    def _run(self, work: Callable[[], object]) -> None:
        self._mine.acquire()
        try:
            work()
        finally:
            self.is_alive = False
            self._stopped.release()
