"""Run the stack on its ports until it is interrupted: `python -m local`, `make start`."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from coffer.domain.rawstore.keys import KeyPattern
from local.aws.moto_server import HOST
from local.control.server import Control
from local.faults.chaos import Chaos, ChaosError
from local.functions.queue_poller import QueuePoller
from local.gateway.api import HandledRequest, Request, Response
from local.gateway.console import Console
from local.gateway.http_server import ApiServer
from local.hosts import parse_hosts
from local.reports import ConsolePrinter
from local.stack import DEVELOPMENT, LocalStack, Poller
from local.storage.external import ExternalStorage, ExternalStorageError
from local.storage.polling import POLL_INTERVAL_SECONDS
from local.template.source import TemplateError
from local.tokens import DISCOVERY_PATH

API_PORT = 8081
S3_PORT = 9000
MAX_CONCURRENT_BATCHES = 2
SWEEP_SECONDS = 10.0
IDLE_SECONDS = 1.0
RAWSTORE_VARIABLES = (
    "SERVICE_NAME", "DATAHUB_PUBLIC_KEY", "STORAGE_ACCESS_KEY_ID", "STORAGE_SECRET_ACCESS_KEY",
    "STORAGE_HOSTNAME", "STORAGE_BUCKET_NAME", "STORAGE_PATH_PATTERN", "POWERTOOLS_LOG_LEVEL",
)  # fmt: skip
"""Variables of the old rawstore service, which are passed on under the same names."""


class StartError(Exception):
    """The stack cannot start; the message says why and what to do."""


@dataclass(frozen=True)
class Options:
    """The options in the environment."""

    api_port: int
    s3_port: int
    parameters: Mapping[str, str]
    environment: Mapping[str, str]
    external_storage: ExternalStorage | None
    chaos: Chaos
    tokens_required: bool
    allowed_hosts: frozenset[str]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Options:
        """Parse the environment; raise `StartError` for a variable that is not valid."""
        tokens_required = _tokens_required(environment)
        rawstore = _rawstore_variables(environment)
        return cls(
            _port(environment, "PORT", API_PORT),
            _port(environment, "S3_PORT", S3_PORT),
            _parameters(environment.get("PARAMETERS", "")),
            {**({} if tokens_required else DEVELOPMENT), **rawstore},
            _external_storage(environment),
            _chaos(environment),
            tokens_required,
            _allowed_hosts(environment),
        )


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise StartError(f"{name} is a port from 1 to 65535, not {text!r}.")
    return int(text)


def _allowed_hosts(environment: Mapping[str, str]) -> frozenset[str]:
    try:
        return parse_hosts(environment.get("ALLOWED_HOSTS", ""))
    except ValueError as error:
        raise StartError(
            "ALLOWED_HOSTS is a list of host names without ports, separated by commas; "
            f"{str(error)!r} is none."
        ) from error


def _parameters(text: str) -> dict[str, str]:
    parameters = {}
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise StartError(f"PARAMETERS cannot be parsed: {error}.") from error
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            raise StartError(f"PARAMETERS is a list of Name=Value, but {part!r} has no '='.")
        parameters[name] = value
    return parameters


def _rawstore_variables(environment: Mapping[str, str]) -> dict[str, str]:
    given = {name: environment[name] for name in RAWSTORE_VARIABLES if environment.get(name)}
    try:
        if pattern := given.get("STORAGE_PATH_PATTERN"):
            KeyPattern.parse(pattern)
    except ValueError as error:
        raise StartError(str(error)) from error
    return given


def _external_storage(environment: Mapping[str, str]) -> ExternalStorage | None:
    try:
        return ExternalStorage.from_environment(environment)
    except ExternalStorageError as error:
        raise StartError(str(error)) from error


def _chaos(environment: Mapping[str, str]) -> Chaos:
    try:
        return Chaos.from_environment(environment)
    except ChaosError as error:
        raise StartError(str(error)) from error


def _tokens_required(environment: Mapping[str, str]) -> bool:
    value = environment.get("AUTH") or "none"
    if value not in ("none", "jwt"):
        raise StartError(f"AUTH is jwt, for bearer tokens, or not set; it cannot be {value!r}.")
    return value == "jwt"


def _listen(port: int, allowed_hosts: frozenset[str]) -> ApiServer:
    try:
        return ApiServer(HOST, port, allowed_hosts)
    except OSError as error:
        raise _port_error("The API", port, "PORT", error) from error


def _check_s3_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError as error:
            raise _port_error("S3", port, "S3_PORT", error) from error


def _port_error(service: str, port: int, variable: str, error: OSError) -> StartError:
    return StartError(
        f"{service} cannot listen on {HOST}:{port} ({error.strerror}). Stop the process that uses "
        f"the port, or choose another port: {variable}={port + 1} make start"
    )


class Foreground:
    """A started stack with the API's port and the threads that run its pollers."""

    def __init__(self, stack: LocalStack, server: ApiServer, printer: ConsolePrinter) -> None:
        self._stack = stack
        self._server = server
        self._printer = printer
        self._console = Console(stack.resources.routes, stack.storage.url)
        self.stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads, and accept requests."""
        self._stack.clock.on_change(self._stack.wakeup.notify)
        for poller in self._stack.pollers:
            count = 1
            if isinstance(poller, QueuePoller):
                count = min(
                    poller.max_concurrency or MAX_CONCURRENT_BATCHES, MAX_CONCURRENT_BATCHES
                )
            for _ in range(count):
                self._run(poller.name, partial(self._deliver, poller))
        self._run("schedules", self._run_schedules)
        self._server.on_refused = self._report_refused
        self._server.serve(self._handle, Control(self._stack, self.stopping))

    def _run(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=f"local-{name}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        """Stop the stack and its threads."""
        self.stopping.set()
        self._printer.mute()
        self._stack.wakeup.notify()
        self._server.close()
        self._stack.stop()
        for thread in self._threads:
            thread.join(1)

    def _handle(self, request: Request) -> Response:
        file = self._console.find(request)
        if file is not None:
            return file
        started = time.monotonic()
        handled = self._stack.handle(request)
        milliseconds = (time.monotonic() - started) * 1000
        outcome = handled.outcome
        if outcome is not None and outcome.failed and handled.function is not None:
            self._printer.failure(handled.function, outcome)
        path = logged_path(request, handled)
        self._printer.request(request.method, path, handled.response.status, milliseconds)
        return handled.response

    def _report_refused(self, method: str, target: str, status: int) -> None:
        self._printer.request(method, target.partition("?")[0], status, 0)

    def _deliver(self, poller: Poller) -> None:
        while not self.stopping.is_set():
            seen = self._stack.wakeup.count
            try:
                if poller.run_once():
                    continue
            except Exception as error:
                if self.stopping.is_set():
                    return
                self._printer.note(f"{poller.name}: {type(error).__name__}: {error}")
                self.stopping.wait(IDLE_SECONDS)
            self._stack.wakeup.wait(seen, IDLE_SECONDS)

    def _run_schedules(self) -> None:
        swept = time.monotonic()
        while not self.stopping.is_set():
            seen = self._stack.wakeup.count
            self._stack.scheduler.run_once()
            if time.monotonic() - swept >= SWEEP_SECONDS:
                swept = time.monotonic()
                self._stack.sweep_expired()
            self._stack.wakeup.wait(seen, IDLE_SECONDS)


def logged_path(request: Request, handled: HandledRequest) -> str:
    """Return the path for the log, or the route's path if it has the secret variable `key`."""
    route_path = handled.route_key.partition(" ")[2]
    return route_path if "{key}" in route_path else request.raw_path


def banner(stack: LocalStack, api_url: str) -> Iterator[str]:
    """Yield the lines with the addresses, keys and names of a started stack."""
    key, secret = stack.storage.keys
    external = stack.storage if isinstance(stack.storage, ExternalStorage) else None
    yield f"API        {api_url}  ({describe_callers(stack)})"
    yield f"console    {api_url}/"
    if stack.issuer is not None:
        yield f"issuer     {stack.issuer.url}{DISCOVERY_PATH}"
    yield f"S3         {stack.storage.url}"
    yield f"DynamoDB   {stack.server.url}  (SQS and EventBridge too)"
    yield f"keys       {f'those of {key}' if external else f'{key} / {secret}'}"
    yield "buckets    " + " ".join(bucket.name for bucket in stack.resources.buckets)
    if external is not None:
        yield from describe_storage(stack, external)
    yield "tables     " + " ".join(table.name for table in stack.resources.tables)
    if stack.faults.chaos:
        yield f"chaos      {stack.faults.chaos}"


def describe_callers(stack: LocalStack) -> str:
    """Return whether callers need a token, and where it comes from."""
    if not stack.tokens_required:
        return "no token needed: the caller is dev, with every right"
    if stack.issuer is None:
        return "tokens needed, of the issuer that OidcIssuer names"
    return "tokens needed: make -s token prints one"


def describe_storage(stack: LocalStack, storage: ExternalStorage) -> Iterator[str]:
    """Yield the lines about an external store."""
    for note in storage.notes:
        yield f"           {note}"
    for poller in stack.bucket_pollers:
        interval = f"{POLL_INTERVAL_SECONDS:.0f} s or less often"
        yield f"events     from the {poller.name}, every {interval}"
    capabilities = storage.capabilities
    if capabilities is not None and not capabilities.copy_conditions:
        yield "copies     it ignores conditions on copies, so COPY_CONDITIONS=false"
    if capabilities is not None and not capabilities.checksums:
        yield "checksums  it checks none, also not in forms; files are read once to hash them"


def run(environment: Mapping[str, str] | None = None) -> int:
    """Run the stack until it is interrupted, and return the exit code."""
    printer = ConsolePrinter()
    try:
        options = Options.from_environment(os.environ if environment is None else environment)
        with _interruption() as interrupted:
            return _run(options, printer, interrupted)
    except (StartError, TemplateError, ExternalStorageError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _run(options: Options, printer: ConsolePrinter, interrupted: threading.Event) -> int:
    server = _listen(options.api_port, options.allowed_hosts)
    if options.external_storage is None:
        _check_s3_port(options.s3_port)
    stack = LocalStack(
        parameters=options.parameters,
        environment=options.environment,
        in_process=False,
        s3_port=options.s3_port,
        external_storage=options.external_storage,
        reports=printer,
        chaos=options.chaos,
        tokens_required=options.tokens_required,
        allowed_hosts=options.allowed_hosts,
    )
    try:
        stack.start()
    except BaseException:
        server.close()
        raise
    foreground = Foreground(stack, server, printer)
    try:
        foreground.start()
        api_url = f"http://localhost:{options.api_port}"
        for line in banner(stack, api_url):
            sys.stdout.write(line + "\n")
        sys.stdout.write(f"ready: {api_url}\n")
        sys.stdout.flush()
        while not interrupted.is_set():
            interrupted.wait(3600)
    finally:
        foreground.stop()
    return 0


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """Yield an event that is set by Ctrl-C, SIGTERM or a closed terminal."""
    interrupted = threading.Event()

    def interrupt(_number: int, _frame: Any) -> None:
        interrupted.set()

    previous = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield interrupted
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
