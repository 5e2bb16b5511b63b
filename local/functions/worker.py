"""The process that runs one handler: `python worker.py`, started by `local.functions.workers`.

It reads one JSON line per invocation from the file descriptor in LOCAL_WORKER_CHANNEL and writes
one back. Standard output and error belong to the handler. It imports no module of the local stack,
so that a handler can only import its own code, its layers and installed packages.
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
CRASH_EXIT_STATUS = 137
"""The exit status of a process that was killed because it used too much memory."""


class Identity:
    """The Cognito identity of the caller; only mobile SDKs send one."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class LambdaContext:
    """The context object that Lambda's runtime passes to a handler."""

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
        """Return the milliseconds until the timeout."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class ClockOffset:
    """Adds an offset to the handler's clock; the stack sends it with each invocation."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def install(self) -> None:
        """Wrap `SystemClock.now`, if the layers contain it."""
        module_name, class_name = CLOCK
        try:
            clock = getattr(importlib.import_module(module_name), class_name)
        except ModuleNotFoundError as error:
            if error.name is not None and module_name.startswith(error.name):
                return
            raise
        original = clock.now

        def now(system_clock: Any) -> datetime:
            moved: datetime = original(system_clock) + self.offset
            return moved

        clock.now = now


def crash_at_random(seed: str) -> None:
    """Make the process exit before some of its AWS calls; every call begins with `putrequest`."""
    import random
    from http.client import HTTPConnection

    rng = random.Random(seed)  # noqa: S311 - the same seed repeats the same faults
    original = HTTPConnection.putrequest

    def putrequest(connection: HTTPConnection, *args: Any, **kwargs: Any) -> None:
        if rng.randrange(CRASH_ONE_IN) == 0:
            sys.stdout.flush()
            os._exit(CRASH_EXIT_STATUS)
        original(connection, *args, **kwargs)

    setattr(HTTPConnection, "putrequest", putrequest)  # noqa: B010 - as a profiler would


def load_handler(handler: str) -> Callable[[Any, Any], Any]:
    """Return the function that a name such as `app.lambda_handler` refers to."""
    module_name, _, function_name = handler.rpartition(".")
    module = importlib.import_module(module_name.replace("/", "."))
    function: Callable[[Any, Any], Any] = getattr(module, function_name)
    return function


def describe_error(error: BaseException) -> dict[str, Any]:
    """Return an error in the form of Lambda's error responses."""
    return {
        "errorType": type(error).__name__,
        "errorMessage": str(error),
        "stackTrace": traceback.format_exception(error),
    }


def run(handler: Callable[[Any, Any], Any], request: dict[str, Any]) -> bytes:
    """Run the handler and return the response line."""
    try:
        payload = handler(request["event"], LambdaContext(request["context"]))
        return json.dumps({"payload": payload}, ensure_ascii=False).encode()
    except Exception as error:
        return json.dumps({"error": describe_error(error)}).encode()


def main() -> None:
    """Load the handler, report that it is ready, and serve invocations until the channel closes."""
    channel = socket.socket(fileno=int(os.environ.pop("LOCAL_WORKER_CHANNEL")))
    crashes = os.environ.pop("LOCAL_WORKER_CRASHES", None)
    clock = ClockOffset()
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    with channel, channel.makefile("rb") as requests, channel.makefile("wb") as responses:

        def respond(line: bytes) -> None:
            sys.stdout.flush()
            sys.stderr.flush()
            responses.write(line + b"\n")
            responses.flush()

        try:
            clock.install()
            handler = load_handler(os.environ["_HANDLER"])
            if crashes is not None:
                crash_at_random(crashes)
        except Exception as error:
            respond(json.dumps({"error": describe_error(error)}).encode())
            return
        respond(b'{"ready": true}')
        for line in requests:
            request = json.loads(line)
            clock.offset = timedelta(seconds=request["clock_offset_seconds"])
            respond(run(handler, request))


if __name__ == "__main__":
    # Python put this script's folder on the path; handlers must not import from it.
    sys.path.pop(0)
    main()
