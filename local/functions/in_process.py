"""Run handlers in this process, one at a time, for tests that are fast and easy to debug.

Every handler is an `app.py`, so each is imported under a module name of its own. The environment
is the union of all functions' variables, because adapters read their settings once, when they are
imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from weakref import WeakSet

import botocore.endpoint
from botocore.httpsession import URLLib3Session

from local.clock import StackClock
from local.faults.chaos import Fault
from local.faults.fault_injection import FaultInjector
from local.functions.worker import CLOCK, LambdaContext
from local.invocation import (
    MAX_SYNCHRONOUS_BYTES,
    Outcome,
    describe_context,
    encode_event,
    function_environment,
    new_request_id,
)
from local.patching import Patches
from local.resources import Function

SETTINGS_MODULE = "coffer.settings"
PER_FUNCTION_VARIABLES = frozenset(
    {
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
        "TZ",
    }
)
"""Variables that differ between functions; in one process they keep the first function's values."""

Handler = Callable[[Any, Any], Any]


class KilledError(BaseException):
    """Ends an invocation as if its process was killed: with Runtime.ExitError.

    Raise it inside a handler, for example from a botocore hook. It is not an Exception, so
    handlers do not catch it.
    """


class EnvironmentConflictError(Exception):
    """This process cannot have the environment that the handlers need."""


class InProcessInvoker:
    """Invokes handlers by calling them. The context has the timeout, but it is not enforced."""

    def __init__(self, clock: StackClock, faults: FaultInjector | None = None) -> None:
        self._clock = clock
        self._faults = faults or FaultInjector()
        self._running: tuple[int, str] | None = None
        self._patches = Patches()
        self._handlers: dict[str, Handler] = {}
        self._environment: dict[str, str | None] = {}
        self._sessions: WeakSet[URLLib3Session] = WeakSet()

    def prepare(self, functions: Sequence[Function], endpoints: Mapping[str, str]) -> None:
        """Set the environment and replace the handlers' clock, before a handler is imported.

        Raise `EnvironmentConflictError` if two functions need different values of a variable, or
        if the settings were imported with other values.
        """
        environment = _union([function_environment(function, endpoints) for function in functions])
        changed = {name for name, value in environment.items() if os.environ.get(name) != value}
        if _has_read_settings(functions) and changed - PER_FUNCTION_VARIABLES:
            raise EnvironmentConflictError(
                f"{SETTINGS_MODULE} was imported before the stack started, with other values of "
                f"{', '.join(sorted(changed - PER_FUNCTION_VARIABLES))}. Start the LocalStack "
                "first, in pytest_configure of the conftest."
            )
        for name in environment:
            self._environment[name] = os.environ.get(name)
        os.environ.update(environment)
        for layer in {layer for function in functions for layer in function.layers}:
            if str(layer) not in sys.path:
                sys.path.append(str(layer))
        self._replace_clock()
        self._record_sessions()
        if Fault.THROTTLE in self._faults.chaos:
            # The SDK does not wait between its retries, so that tests stay fast.
            self._patches.replace(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
        if Fault.CRASH in self._faults.chaos:
            self._kill_before_calls()

    def _kill_before_calls(self) -> None:
        """Patch `putrequest`, with which every AWS call begins, of the SDK or signed by us."""
        original = vars(HTTPConnection)["putrequest"]

        def putrequest(connection: HTTPConnection, *args: Any, **kwargs: Any) -> None:
            thread, function = self._running or (None, "")
            if thread == threading.get_ident() and self._faults.kills_process(function):
                raise KilledError("by chaos, before a call")
            original(connection, *args, **kwargs)

        self._patches.replace(HTTPConnection, "putrequest", putrequest)

    def _record_sessions(self) -> None:
        """Record the HTTP session of each AWS client, so that `close` can close it."""
        sessions = self._sessions
        original = vars(URLLib3Session)["__init__"]

        @wraps(original)
        def initialise(session: URLLib3Session, *args: Any, **kwargs: Any) -> None:
            original(session, *args, **kwargs)
            sessions.add(session)

        self._patches.replace(URLLib3Session, "__init__", initialise)

    def _replace_clock(self) -> None:
        module_name, class_name = CLOCK
        try:
            found = importlib.util.find_spec(module_name)
        except ModuleNotFoundError:  # the parent packages do not exist
            return
        if found is None:
            return
        clock_class = getattr(importlib.import_module(module_name), class_name)
        clock = self._clock

        def now(_system_clock: Any) -> datetime:
            return clock.now()

        self._patches.replace(clock_class, "now", now)

    def handler(self, function: Function) -> Handler:
        """Return the function's handler; import it at the first call."""
        if function.logical_id not in self._handlers:
            self._handlers[function.logical_id] = _load(function)
        return self._handlers[function.logical_id]

    def invoke(self, function: Function, event: Any) -> Outcome:
        """Call the handler with a JSON copy of the event, as a separate process would get it."""
        request_id = new_request_id()
        encoded = encode_event(event)
        started = time.monotonic()
        try:
            handler = self.handler(function)
            context = LambdaContext(describe_context(function, request_id))
            response = self._run(function, handler, json.loads(encoded), context)
            payload = json.dumps(response, ensure_ascii=False)
        except (Exception, SystemExit, KilledError) as error:
            return _failure(error, request_id, started)
        duration_ms = (time.monotonic() - started) * 1000
        if len(payload.encode()) > MAX_SYNCHRONOUS_BYTES:
            return Outcome(
                error_type="Function.ResponseSizeTooLarge",
                error_message=f"more than {MAX_SYNCHRONOUS_BYTES} bytes",
                duration_ms=duration_ms,
                request_id=request_id,
            )
        return Outcome(json.loads(payload), duration_ms=duration_ms, request_id=request_id)

    def _run(self, function: Function, handler: Handler, event: Any, context: Any) -> Any:
        self._faults.invocation_started(function.logical_id)
        invoked_by = self._running  # a function can invoke another one and wait for it
        self._running = (threading.get_ident(), function.logical_id)
        try:
            return handler(event, context)
        finally:
            self._running = invoked_by

    def close(self) -> None:
        """Restore the environment and the clock, and close the handlers' connections."""
        self._patches.undo()
        for session in list(self._sessions):
            session.close()
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._environment.clear()


def _failure(error: BaseException, request_id: str, started: float) -> Outcome:
    return Outcome(
        error_type=type(error).__name__ if isinstance(error, Exception) else "Runtime.ExitError",
        error_message=str(error),
        stack_trace=tuple(traceback.format_exception(error)),
        duration_ms=(time.monotonic() - started) * 1000,
        request_id=request_id,
    )


def _has_read_settings(functions: Sequence[Function]) -> bool:
    """True if `coffer.settings` from these functions' layers is imported already."""
    source = getattr(sys.modules.get(SETTINGS_MODULE), "__file__", None)
    if source is None:
        return False
    layers = {layer for function in functions for layer in function.layers}
    return any(Path(source).resolve().is_relative_to(layer) for layer in layers)


def _union(environments: Sequence[Mapping[str, str]]) -> dict[str, str]:
    union: dict[str, str] = {}
    for environment in environments:
        for name, value in environment.items():
            if name not in PER_FUNCTION_VARIABLES and union.setdefault(name, value) != value:
                raise EnvironmentConflictError(
                    f"{name} differs between functions, but one process has one environment"
                )
            union.setdefault(name, value)
    return union


def _load(function: Function) -> Handler:
    module_name, _, name = function.handler.rpartition(".")
    path = function.folder / (module_name + ".py")
    unique = f"local_function_{function.folder.name}_{module_name}"
    spec = importlib.util.spec_from_file_location(unique, path)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module {module_name} in {function.folder}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    spec.loader.exec_module(module)
    handler: Handler = getattr(module, name)
    return handler
