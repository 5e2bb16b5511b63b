"""What the stack says about its work: one line per request, delivery and failure."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

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


class NoReports:
    """Says nothing."""

    def request(self, method: str, path: str, status: int, milliseconds: float) -> None:
        """Nothing."""

    def delivery(self, what: str, function: Function, outcome: Outcome, remark: str) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def output(self, function: Function, line: str) -> None:
        """Nothing."""


HIDDEN_KEYS = frozenset(
    {
        "level", "message", "timestamp", "service", "location", "cold_start", "xray_trace_id",
        "function_name", "function_arn", "function_memory_size", "function_request_id",
        "correlation_id", "sampling_rate", "exception", "exception_name", "stack_trace",
    }
)  # fmt: skip
"""Keys of a structured log line that say nothing new on one machine, or are shown apart."""

LAST_FRAMES = 12


def _print(line: str) -> None:
    print(line, flush=True)


class ConsolePrinter:
    """Reports for a terminal. One line at a time, whoever speaks."""

    def __init__(self, write: Callable[[str], None] = _print) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._silent = False

    def mute(self) -> None:
        """Says nothing more: what breaks while everything ends isn't worth a line."""
        self._silent = True

    def _say(self, text: str) -> None:
        stamp = datetime.now().astimezone().strftime("%H:%M:%S")
        with self._lock:
            if not self._silent:
                self._write(f"{stamp} {text}")

    def request(self, method: str, path: str, status: int, milliseconds: float) -> None:
        """`12:00:00 GET /api/v1/health -> 200 3 ms`."""
        self._say(f"{method} {path} -> {status} {milliseconds:.0f} ms")

    def delivery(self, what: str, function: Function, outcome: Outcome, remark: str) -> None:
        """`12:00:00 ProcessUploadFunction <- 1 of coffer-ProcessUploadQueue ok 120 ms`."""
        verdict = "failed" if outcome.failed or remark else "ok"
        after = f"; {remark}" if remark else ""
        self._say(f"{function.logical_id} <- {what} {verdict} {outcome.duration_ms:.0f} ms{after}")

    def failure(self, function: str, outcome: Outcome) -> None:
        """What went wrong in a handler, with the end of its stack."""
        self._say(f"{function} failed: {outcome.summary()}")
        frames = "".join(outcome.stack_trace).rstrip().splitlines()[-LAST_FRAMES:]
        for frame in frames:
            self._say(f"{function} | {frame}")

    def note(self, text: str) -> None:
        """Something else happened."""
        self._say(text)

    def output(self, function: Function, line: str) -> None:
        """A handler's own line; structured ones are made readable, metrics are left out."""
        readable = readable_line(line)
        if readable is not None:
            self._say(f"{function.logical_id} | {readable}")


def readable_line(line: str) -> str | None:
    """A structured log line as text; None for one that only carries metrics."""
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
    more = " ".join(f"{name}={_short(entry[name])}" for name in entry if name not in HIDDEN_KEYS)
    text = f"{entry.get('level', 'INFO')} {_short(entry['message'])} {more}".rstrip()
    return text + _exception(entry)


def _exception(entry: Mapping[str, Any]) -> str:
    exception = entry.get("exception")
    if not isinstance(exception, str):
        return ""
    return "\n" + "\n".join(f"         {line}" for line in exception.splitlines()[-LAST_FRAMES:])


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:197] + "..."
