"""The process in which a handler runs: `python worker.py`, started by `local.functions.workers`.

Reads one JSON line per invocation from the file descriptor in LOCAL_WORKER_CHANNEL and writes one
back. Standard output and error belong to the handler. Imports nothing of the stack, so that a
function meets only its own code, its layers and what is installed.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

CLOCK = ("coffer.adapters.system_clock", "SystemClock")
CRASH_ONE_IN = 50
CRASHED = 137
"""What a process killed for its memory exits with."""


class Identity:
    """The pretended identity of whoever invoked (none, outside mobile SDKs)."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class LambdaContext:
    """The context object as Lambda's own runtime makes it."""

    function_version = "$LATEST"
    client_context = None
    log_stream_name = "local"

    def __init__(self, description: dict[str, Any]) -> None:
        self.function_name = description["function_name"]
        self.memory_limit_in_mb = description["memory_mb"]
        self.invoked_function_arn = description["arn"]
        self.aws_request_id = description["request_id"]
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.identity = Identity()
        self._deadline = time.monotonic() + description["timeout_seconds"]

    def get_remaining_time_in_millis(self) -> int:
        """What is left until the timeout."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class MovableClock:
    """Shifts the product's clock by what the stack says with each invocation."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def install(self) -> None:
        """Wraps SystemClock.now, where the layers have it."""
        module_name, class_name = CLOCK
        try:
            clock = getattr(importlib.import_module(module_name), class_name)
        except ModuleNotFoundError as error:
            if error.name is not None and module_name.startswith(error.name):
                return
            raise
        original = clock.now

        def now(itself: Any) -> datetime:
            moved: datetime = original(itself) + self.offset
            return moved

        clock.now = now


def crash_now_and_then(seed: str) -> None:
    """Before a call of AWS, by chance, the process ends. Every call begins at that method."""
    import random
    from http.client import HTTPConnection

    rng = random.Random(seed)  # noqa: S311 - faults want to be repeated
    original = HTTPConnection.putrequest

    def putrequest(connection: HTTPConnection, *args: Any, **kwargs: Any) -> None:
        if rng.randrange(CRASH_ONE_IN) == 0:
            sys.stdout.flush()
            os._exit(CRASHED)
        original(connection, *args, **kwargs)

    setattr(HTTPConnection, "putrequest", putrequest)  # noqa: B010 - as a profiler would


def load_handler(handler: str) -> Callable[[Any, Any], Any]:
    """`app.lambda_handler` as a function."""
    module_name, _, function_name = handler.rpartition(".")
    module = importlib.import_module(module_name.replace("/", "."))
    function: Callable[[Any, Any], Any] = getattr(module, function_name)
    return function


def describe_error(error: BaseException) -> dict[str, Any]:
    """An error in the shape that Lambda answers it."""
    return {
        "errorType": type(error).__name__,
        "errorMessage": str(error),
        "stackTrace": traceback.format_exception(error),
    }


def run(handler: Callable[[Any, Any], Any], request: dict[str, Any]) -> bytes:
    """One invocation, as the line to answer."""
    try:
        payload = handler(request["event"], LambdaContext(request["context"]))
        return json.dumps({"payload": payload}, ensure_ascii=False).encode()
    except Exception as error:
        return json.dumps({"error": describe_error(error)}).encode()


def main() -> None:
    """Loads the handler, says so, then serves until the channel closes."""
    channel = socket.socket(fileno=int(os.environ.pop("LOCAL_WORKER_CHANNEL")))
    crashes = os.environ.pop("LOCAL_WORKER_CRASHES", None)
    clock = MovableClock()
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    with channel, channel.makefile("rb") as requests, channel.makefile("wb") as answers:

        def answer(line: bytes) -> None:
            sys.stdout.flush()
            sys.stderr.flush()
            answers.write(line + b"\n")
            answers.flush()

        try:
            clock.install()
            handler = load_handler(os.environ["_HANDLER"])
            if crashes is not None:
                crash_now_and_then(crashes)
        except Exception as error:
            answer(json.dumps({"error": describe_error(error)}).encode())
            return
        answer(b'{"ready": true}')
        for line in requests:
            request = json.loads(line)
            clock.offset = timedelta(seconds=request["clock_offset_seconds"])
            answer(run(handler, request))


if __name__ == "__main__":
    # This script's own folder would make the stack's modules importable by short names.
    sys.path.pop(0)
    main()
