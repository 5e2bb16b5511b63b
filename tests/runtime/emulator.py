"""Run one function in the Lambda runtime interface emulator, with Lambda's own Python runtime."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.invocation import function_environment
from local.resources import Function
from tests.runtime.observation import Observation
from tests.runtime.tools import Tools

HOST = "127.0.0.1"
INVOCATIONS = "/2015-03-31/functions/function/invocations"
RUNTIME = Path(__file__).with_name("observed_runtime.py")
START_SECONDS = 60.0
LOG_SECONDS = 20.0
INIT_SECONDS = 60.0
"""More than Lambda's 10 s, because two busy cores take longer."""

LAMBDAS_OWN = {
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_LAMBDA_LOG_LEVEL": "INFO",
    "LANG": "en_US.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}
_INIT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)\)")
_INVOKE = re.compile(r"INVOKE RTDONE\(.*duration: ([0-9.]+)ms\)")


class EmulatorError(Exception):
    """The emulator failed. The message ends with its log."""


@dataclass(frozen=True)
class Answer:
    """The response of an invocation. A failed invocation has a document with `errorType`."""

    payload: Any
    invoke_ms: float
    """Milliseconds of the runtime, without the emulator and without INIT."""

    @property
    def error(self) -> str:
        """Type and message of the error, or an empty string."""
        if isinstance(self.payload, dict) and "errorType" in self.payload:
            return f"{self.payload['errorType']}: {self.payload.get('errorMessage', '')}"
        return ""


class Emulator:
    """Runs one function, one invocation at a time: the emulator crashes at concurrent ones.

    Its environment is the function's own, and its path is the function's folder, its layers and the
    packages of the runtime's Python.
    """

    def __init__(
        self,
        tools: Tools,
        function: Function,
        endpoints: Mapping[str, str],
        scratch: Path,
        more_path: tuple[Path, ...] = (),
    ) -> None:
        self._function = function
        self._port = free_port()
        self._log = scratch / f"{function.logical_id}-{self._port}.log"
        self._report = scratch / f"{function.logical_id}-{self._port}.json"
        self._environment = {
            **LAMBDAS_OWN,
            **function_environment(function, endpoints),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout_seconds),
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "OBSERVED_REPORT": str(self._report),
            "PYTHONPATH": ":".join(
                str(folder) for folder in (function.folder, *function.layers, *more_path)
            ),
            # Lambda's disk is read-only. Here Python could write .pyc files beside the code.
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONNOUSERSITE": "1",
        }
        self._command = [
            str(tools.emulator),
            *("--runtime-interface-emulator-address", f"{HOST}:{self._port}"),
            *("--runtime-api-address", f"{HOST}:{free_port()}"),
            *("--log-level", "info"),
            *(str(tools.python), str(RUNTIME), function.handler),
        ]

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the emulator, with our own words
                self._command,
                cwd=self._function.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection((HOST, self._port), 1).close()
            except ConnectionRefusedError:
                time.sleep(0.02)
            else:
                return
        raise EmulatorError(f"it doesn't start\n{self.log()}")

    def invoke(self, event: Any) -> Answer:
        """Invoke the function and return its response. The first invocation starts the runtime."""
        done = len(_INVOKE.findall(self.log()))
        seconds = self._function.timeout_seconds + INIT_SECONDS
        with closing(http.client.HTTPConnection(HOST, self._port, timeout=seconds)) as connection:
            try:
                connection.request("POST", INVOCATIONS, json.dumps(event).encode())
                text = connection.getresponse().read().decode()
            except (OSError, http.client.HTTPException) as error:
                raise EmulatorError(f"{type(error).__name__}: {error}\n{self.log()}") from error
        try:
            payload = json.loads(text)
        except ValueError:
            # `Task timed out after 3.00 seconds` is not JSON.
            payload = {"errorType": "Sandbox.Failure", "errorMessage": text}
        if isinstance(payload, dict) and "errorType" in payload:
            return Answer(payload, 0.0)
        return Answer(payload, self._logged(_INVOKE, done))

    def observe(self, event: Any) -> tuple[Answer, Observation]:
        """Invoke the function and return its response and a description of its process."""
        self._report.touch()
        response = self.invoke(event)
        if response.error:
            raise EmulatorError(f"nothing to observe: {response.error}\n{self.log()}")
        observation = Observation.read(self._report)
        self._report.unlink()
        return response, observation

    @property
    def init_ms(self) -> float:
        """Return the milliseconds from the runtime's start until it requested its first event."""
        return self._logged(_INIT, 0)

    def _logged(self, pattern: re.Pattern[str], skip: int) -> float:
        """Return a number from the log, which may be written after the response."""
        deadline = time.monotonic() + LOG_SECONDS
        while True:
            found = pattern.findall(self.log())
            if len(found) > skip:
                return float(found[skip])
            if time.monotonic() > deadline:
                raise EmulatorError(f"its log has no {pattern.pattern}\n{self.log()}")
            time.sleep(0.01)

    def log(self) -> str:
        """Return the output of emulator and function."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def processes(self) -> list[int]:
        """Return the process ids of the emulator and of all its children."""
        found = [self._process.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in _read(children).split()]
        return found

    def stop(self) -> None:
        """End the emulator and its runtime. May be called again."""
        started = self.processes() if self._process.poll() is None else []
        self._process.terminate()  # it kills its runtime, which has its own process group
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in started[1:]:
            _kill(pid, str(RUNTIME))


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _kill(pid: int, marked_by: str) -> None:
    """Kill a process if it still has our mark: its id may have been reused."""
    if marked_by in _read(Path(f"/proc/{pid}/cmdline")):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
