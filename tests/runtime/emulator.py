"""One function under the Lambda runtime interface emulator, with Lambda's own Python runtime."""

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
"""More than Lambda's 10: two busy cores are no reason to fail."""

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
    """The emulator itself doesn't work; the message ends with its log."""


@dataclass(frozen=True)
class Answer:
    """What an invocation answered. A failed one is a document with `errorType`."""

    payload: Any
    invoke_ms: float
    """The runtime's own time, without the emulator's and, in a cold one, without INIT."""

    @property
    def error(self) -> str:
        """Type and message of a function that failed; empty for one that answered."""
        if isinstance(self.payload, dict) and "errorType" in self.payload:
            return f"{self.payload['errorType']}: {self.payload.get('errorMessage', '')}"
        return ""


class Emulator:
    """Runs one function. One invocation at a time: a second one at once crashes the emulator.

    Nothing of this process reaches the function: its environment is the function's own, and its
    path is the function's folder, its layers and what the runtime's Python has.
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
            # Lambda's disk is read-only; here only Python could write beside the code.
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
        """Invokes and waits. The first one starts the runtime: INIT is lazy here."""
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
            # `Task timed out after 3.00 seconds` is no JSON.
            payload = {"errorType": "Sandbox.Failure", "errorMessage": text}
        if isinstance(payload, dict) and "errorType" in payload:
            return Answer(payload, 0.0)
        return Answer(payload, self._logged(_INVOKE, done))

    def observe(self, event: Any) -> tuple[Answer, Observation]:
        """Invokes, and says how the function's process looks afterwards."""
        self._report.touch()
        response = self.invoke(event)
        if response.error:
            raise EmulatorError(f"nothing to observe: {response.error}\n{self.log()}")
        observation = Observation.read(self._report)
        self._report.unlink()
        return response, observation

    @property
    def init_ms(self) -> float:
        """How long the runtime took from its start until it asked for its first event."""
        return self._logged(_INIT, 0)

    def _logged(self, pattern: re.Pattern[str], skip: int) -> float:
        """A number from the log, which may come a little later than the answer."""
        deadline = time.monotonic() + LOG_SECONDS
        while True:
            found = pattern.findall(self.log())
            if len(found) > skip:
                return float(found[skip])
            if time.monotonic() > deadline:
                raise EmulatorError(f"its log has no {pattern.pattern}\n{self.log()}")
            time.sleep(0.01)

    def log(self) -> str:
        """What emulator and function have printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def processes(self) -> list[int]:
        """The emulator's id and those of all that it started."""
        found = [self._process.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in _read(children).split()]
        return found

    def stop(self) -> None:
        """Ends the emulator and its runtime; may be called again."""
        started = self.processes() if self._process.poll() is None else []
        self._process.terminate()  # it kills its runtime, which has a process group of its own
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in started[1:]:
            _kill(pid, str(RUNTIME))


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _kill(pid: int, marked_by: str) -> None:
    """Kills what is left of ours; the mark tells it from a stranger with the same id."""
    if marked_by in _read(Path(f"/proc/{pid}/cmdline")):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
