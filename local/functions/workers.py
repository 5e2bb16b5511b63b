"""Run handlers in worker processes: one pool per function, started at the first invocation."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from local.clock import StackClock
from local.faults.chaos import NO_FAULTS, Chaos, Fault
from local.invocation import (
    MAX_SYNCHRONOUS_BYTES,
    Outcome,
    describe_context,
    encode_event,
    function_environment,
    new_request_id,
)
from local.resources import Function

WORKER = Path(__file__).with_name("worker.py")
INIT_TIMEOUT_SECONDS = 30
"""Lambda allows 10 s. A laptop that starts several workers at once can need more."""
MAX_PER_FUNCTION = 4
INHERITED_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")
"""Environment variables that workers inherit. None of them can point to a real AWS account."""

LogLine = Callable[[Function, str], None]


class _WorkerDiedError(Exception):
    """The worker ended or did not respond in time; `outcome` has the details."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.error_message)
        self.outcome = outcome


class Worker:
    """A process that runs the handler of one function, one invocation at a time."""

    def __init__(
        self,
        function: Function,
        environment: Mapping[str, str],
        log_line: LogLine,
        code_changed: float,
    ) -> None:
        self.code_changed = code_changed
        """When the worker's code was last changed. Newer code needs a new process."""
        self._function = function
        ours, theirs = socket.socketpair()
        self._channel = ours
        self._buffer = b""
        inherited = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own script
            [sys.executable, str(WORKER)],
            env={
                **inherited,
                **environment,
                "PYTHONPATH": os.pathsep.join(str(layer) for layer in function.layers),
                "PYTHONUNBUFFERED": "1",
                "LOCAL_WORKER_CHANNEL": str(theirs.fileno()),
            },
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=function.folder,
            # Ctrl-C must only reach the stack, which then ends its workers.
            start_new_session=True,
        )
        theirs.close()
        self._readers = [
            threading.Thread(target=_pump, args=(stream, function, log_line), daemon=True)
            for stream in (self._process.stdout, self._process.stderr)
            if stream is not None
        ]
        for reader in self._readers:
            reader.start()

    def initialise(self) -> None:
        """Wait until the handler is imported; raise `_WorkerDiedError` if the import fails."""
        response = self._read(INIT_TIMEOUT_SECONDS)
        if "error" in response:
            raise _WorkerDiedError(_failure(response["error"], "", 0.0))

    def invoke(self, line: bytes, request_id: str) -> Outcome:
        """Run one invocation; raise `_WorkerDiedError` if the process dies or times out."""
        started = time.monotonic()
        with contextlib.suppress(OSError):  # `_read` raises if the process has died
            self._channel.settimeout(self._function.timeout_seconds)
            self._channel.sendall(line + b"\n")
        try:
            response = self._read(self._function.timeout_seconds)
        except _WorkerDiedError as error:
            raise _WorkerDiedError(
                Outcome(
                    error_type=error.outcome.error_type,
                    error_message=f"RequestId: {request_id} {error.outcome.error_message}",
                    duration_ms=(time.monotonic() - started) * 1000,
                    request_id=request_id,
                )
            ) from error
        duration_ms = (time.monotonic() - started) * 1000
        if "error" in response:
            return _failure(response["error"], request_id, duration_ms)
        return Outcome(response["payload"], duration_ms=duration_ms, request_id=request_id)

    def _read(self, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        chunks = [self._buffer]
        while b"\n" not in chunks[-1]:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _WorkerDiedError(_timed_out(seconds))
            self._channel.settimeout(left)
            try:
                chunk = self._channel.recv(1 << 20)
            except TimeoutError:
                raise _WorkerDiedError(_timed_out(seconds)) from None
            except OSError:
                chunk = b""
            if not chunk:
                raise _WorkerDiedError(self._exited())
            chunks.append(chunk)
        line, self._buffer = b"".join(chunks).split(b"\n", 1)
        if len(line) > MAX_SYNCHRONOUS_BYTES + len('{"payload": }'):
            return {"error": _too_large(len(line))}
        response: dict[str, Any] = json.loads(line)
        return response

    def _exited(self) -> Outcome:
        try:
            code = self._process.wait(2)
        except subprocess.TimeoutExpired:
            return Outcome(error_type="Runtime.ExitError", error_message="channel closed")
        reason = f"exit status {code}" if code >= 0 else f"signal {-code}"
        message = f"Error: Runtime exited with error: {reason}"
        return Outcome(error_type="Runtime.ExitError", error_message=message)

    def end(self) -> None:
        """Kill the process and pass on what it has printed."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(1)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._channel.close()


def _pump(stream: IO[bytes], function: Function, log_line: LogLine) -> None:
    for raw in stream:
        log_line(function, raw.decode(errors="replace").rstrip("\n"))


def _timed_out(seconds: float) -> Outcome:
    message = f"Error: Task timed out after {seconds:.2f} seconds"
    return Outcome(error_type="Sandbox.Timedout", error_message=message)


def _too_large(size: int) -> dict[str, Any]:
    return {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": f"Response payload size ({size} bytes) exceeded maximum allowed payload "
        f"size ({MAX_SYNCHRONOUS_BYTES} bytes).",
    }


def _failure(error: Mapping[str, Any], request_id: str, duration_ms: float) -> Outcome:
    return Outcome(
        error_type=str(error["errorType"]),
        error_message=str(error["errorMessage"]),
        stack_trace=tuple(error.get("stackTrace", ())),
        duration_ms=duration_ms,
        request_id=request_id,
    )


def _newest_change(function: Function) -> float:
    """Return when the code of the handler or of its layers was last changed."""
    folders = (function.folder, *function.layers)
    return max(
        (path.stat().st_mtime for folder in folders for path in folder.rglob("*.py")), default=0.0
    )


class _Pool:
    """The idle workers of one function, and a semaphore that limits its invocations."""

    def __init__(self, max_workers: int) -> None:
        self.slots = threading.BoundedSemaphore(max_workers)
        self.idle: list[Worker] = []


class WorkerInvoker:
    """Invokes handlers in worker processes, at most `MAX_PER_FUNCTION` per function at a time."""

    def __init__(
        self,
        endpoints: Mapping[str, str],
        clock: StackClock,
        log_line: LogLine,
        chaos: Chaos = NO_FAULTS,
    ) -> None:
        self._endpoints = endpoints
        self._chaos = chaos
        self._started_count = 0
        self._clock = clock
        self._log_line = log_line
        self._lock = threading.Lock()
        self._pools: dict[str, _Pool] = {}
        self._alive: set[Worker] = set()
        self._closed = False

    def invoke(self, function: Function, event: Any) -> Outcome:
        """Invoke a function and return the outcome.

        Raise `PayloadTooLargeError` for an event above `MAX_SYNCHRONOUS_BYTES`.
        """
        request_id = new_request_id()
        line = b'{"clock_offset_seconds":%r,"context":%s,"event":%s}' % (
            self._clock.offset.total_seconds(),
            json.dumps(describe_context(function, request_id)).encode(),
            encode_event(event),
        )
        pool = self._pool(function)
        with pool.slots:
            try:
                worker = self._take(pool, function)
            except _WorkerDiedError as error:
                return error.outcome
            try:
                outcome = worker.invoke(line, request_id)
            except _WorkerDiedError as error:
                self._end(worker)
                return error.outcome
            with self._lock:
                pool.idle.append(worker)
            return outcome

    def _pool(self, function: Function) -> _Pool:
        with self._lock:
            if function.logical_id not in self._pools:
                limit = function.reserved_concurrency or MAX_PER_FUNCTION
                self._pools[function.logical_id] = _Pool(min(limit, MAX_PER_FUNCTION))
            return self._pools[function.logical_id]

    def _take(self, pool: _Pool, function: Function) -> Worker:
        with self._lock:
            if self._closed:
                closed = Outcome(error_type="Runtime.Closed", error_message="the stack is ending")
                raise _WorkerDiedError(closed)
            changed = _newest_change(function)
            stale = [worker for worker in pool.idle if worker.code_changed != changed]
            pool.idle = [worker for worker in pool.idle if worker.code_changed == changed]
            self._alive.difference_update(stale)
            found = pool.idle.pop() if pool.idle else None
            if found is None:
                self._started_count += 1
                environment = {
                    **function_environment(function, self._endpoints),
                    **self._crashes(function),
                }
                worker = Worker(function, environment, self._log_line, changed)
                self._alive.add(worker)
        for old in stale:
            old.end()
        if found is not None:
            return found
        try:
            worker.initialise()
        except _WorkerDiedError:
            self._end(worker)
            raise
        return worker

    def _crashes(self, function: Function) -> dict[str, str]:
        """Return the variable that makes a worker crash at random, with a different seed each."""
        if Fault.CRASH not in self._chaos:
            return {}
        seed = f"{self._chaos.seed} {function.logical_id} {self._started_count}"
        return {"LOCAL_WORKER_CRASHES": seed}

    def _end(self, worker: Worker) -> None:
        with self._lock:
            self._alive.discard(worker)
        worker.end()

    def close(self) -> None:
        """End all worker processes."""
        with self._lock:
            self._closed = True
            workers = list(self._alive)
            self._alive.clear()
        for worker in workers:
            worker.end()
