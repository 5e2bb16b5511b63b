"""Reports of requests, deliveries and failures, and their output on a terminal."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from local.invocation import Outcome
from local.resources import Function


class Reports:
    """Receives what the stack does; this base class discards it.

    Request bodies, queries and tokens are never passed to it.
    """

    def request(self, method: str, path: str, status: int, milliseconds: float) -> None:
        """Report an HTTP request and the status of its response."""

    def delivery(self, what: str, function: Function, outcome: Outcome, remark: str) -> None:
        """Report a delivery to a function; `remark` names a retry or dead letter that follows."""

    def note(self, text: str) -> None:
        """Report anything else."""

    def output(self, function: Function, line: str) -> None:
        """Report a line that a handler printed."""


HIDDEN_KEYS = frozenset(
    {
        "level", "message", "timestamp", "service", "location", "cold_start", "xray_trace_id",
        "function_name", "function_arn", "function_memory_size", "function_request_id",
        "correlation_id", "sampling_rate", "exception", "exception_name", "stack_trace",
    }
)  # fmt: skip
"""Keys of a structured log line that are constant on one machine or are printed elsewhere."""

MAX_FRAMES = 12


def _print_line(line: str) -> None:
    print(line, flush=True)


class ConsolePrinter(Reports):
    """Reports on a terminal. Threads may call it at the same time."""

    def __init__(self, write: Callable[[str], None] = _print_line) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._silent = False

    def mute(self) -> None:
        """Stop printing: errors during shutdown are of no interest."""
        self._silent = True

    def _print(self, text: str) -> None:
        stamp = datetime.now().astimezone().strftime("%H:%M:%S")
        with self._lock:
            if not self._silent:
                self._write(f"{stamp} {text}")

    def request(self, method: str, path: str, status: int, milliseconds: float) -> None:
        """Print `12:00:00 GET /api/v1/health -> 200 3 ms`."""
        self._print(f"{method} {path} -> {status} {milliseconds:.0f} ms")

    def delivery(self, what: str, function: Function, outcome: Outcome, remark: str) -> None:
        """Print `12:00:00 ProcessUploadFunction <- 1 of coffer-ProcessUploadQueue ok 120 ms`."""
        verdict = "failed" if outcome.failed or remark else "ok"
        after = f"; {remark}" if remark else ""
        self._print(
            f"{function.logical_id} <- {what} {verdict} {outcome.duration_ms:.0f} ms{after}"
        )

    def failure(self, function: str, outcome: Outcome) -> None:
        """Print an error of a handler with the end of its stack trace."""
        self._print(f"{function} failed: {outcome.summary()}")
        frames = "".join(outcome.stack_trace).rstrip().splitlines()[-MAX_FRAMES:]
        for frame in frames:
            self._print(f"{function} | {frame}")

    def note(self, text: str) -> None:
        """Print the text."""
        self._print(text)

    def output(self, function: Function, line: str) -> None:
        """Print a handler's line; a structured line becomes text, a metrics line is omitted."""
        readable = readable_line(line)
        if readable is not None:
            self._print(f"{function.logical_id} | {readable}")


def readable_line(line: str) -> str | None:
    """Return a structured log line as text, or None for a line that only has metrics."""
    if not line.startswith("{"):
        return line or None
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict) or "_aws" in entry:
        return None
    if "message" not in entry:
        return line
    extra = " ".join(f"{name}={_short(entry[name])}" for name in entry if name not in HIDDEN_KEYS)
    text = f"{entry.get('level', 'INFO')} {_short(entry['message'])} {extra}".rstrip()
    return text + _exception(entry)


def _exception(entry: Mapping[str, Any]) -> str:
    exception = entry.get("exception")
    if not isinstance(exception, str):
        return ""
    return "\n" + "\n".join(f"         {line}" for line in exception.splitlines()[-MAX_FRAMES:])


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:197] + "..."
