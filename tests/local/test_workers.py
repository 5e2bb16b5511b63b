"""Handlers in worker processes: their environment, and how they can end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from local.clock import StackClock
from local.functions.workers import WorkerInvoker
from local.invocation import PayloadTooLargeError
from local.resources import Function, RetryPolicy

HANDLER = """
import os, sys, time

print("imported")

def lambda_handler(event, context):
    what = event["do"]
    if what == "env":
        return {
            "variables": dict(os.environ),
            "path": sys.path,
            "context": [context.function_name, context.memory_limit_in_mb,
                        context.invoked_function_arn, bool(context.aws_request_id)],
            "left": context.get_remaining_time_in_millis(),
        }
    if what == "layer":
        import from_layer
        return from_layer.VALUE
    if what == "sleep":
        time.sleep(event["seconds"])
    if what == "exit":
        os._exit(3)
    if what == "raise":
        raise ValueError("no good")
    if what == "large":
        return "x" * 6_400_000
    if what == "set":
        return {1, 2}
    if what == "print":
        print("to stdout")
        print("to stderr", file=sys.stderr)
    return os.getpid()
"""


@pytest.fixture
def function(tmp_path: Path) -> Function:
    code, layer = tmp_path / "code", tmp_path / "layer"
    code.mkdir()
    layer.mkdir()
    (code / "app.py").write_text(HANDLER)
    (layer / "from_layer.py").write_text("VALUE = 'layered'\n")
    return Function(
        logical_id="OneFunction",
        name="one",
        folder=code,
        handler="app.lambda_handler",
        layers=(layer,),
        timeout_seconds=1,
        memory_mb=256,
        environment={"COLOUR": "green"},
        reserved_concurrency=None,
        asynchronous=RetryPolicy(0, 0, None),
    )


class Lines(list[str]):
    def add(self, function: Function, line: str) -> None:
        self.append(f"{function.logical_id}: {line}")


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def invoker(lines: Lines) -> Iterator[WorkerInvoker]:
    made = WorkerInvoker({"AWS_REGION": "us-east-1"}, StackClock(), lines.add)
    yield made
    made.close()


def test_a_handler_has_its_own_environment_only(
    invoker: WorkerInvoker, function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    payload = invoker.invoke(function, {"do": "env"}).payload
    variables = payload["variables"]
    assert variables["COLOUR"] == "green"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "one"
    assert variables["AWS_REGION"] == "us-east-1"
    assert not {"AWS_PROFILE", "LOCAL_WORKER_CHANNEL"} & set(variables)
    assert str(Path(__file__).resolve().parents[2] / "local") not in payload["path"]
    assert payload["context"] == ["one", 256, function.arn, True]
    assert 0 < payload["left"] <= 1000


def test_a_handler_imports_from_its_layers(invoker: WorkerInvoker, function: Function) -> None:
    assert invoker.invoke(function, {"do": "layer"}).payload == "layered"


def test_a_warm_process_is_used_again(
    invoker: WorkerInvoker, function: Function, lines: Lines
) -> None:
    first = invoker.invoke(function, {"do": "pid"}).payload
    assert invoker.invoke(function, {"do": "pid"}).payload == first != os.getpid()


def test_concurrent_invocations_run_in_two_processes(
    invoker: WorkerInvoker, function: Function
) -> None:
    pids: list[int] = []

    def work() -> None:
        pids.append(invoker.invoke(function, {"do": "sleep", "seconds": 0.3}).payload)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 2


def test_a_handler_that_times_out_is_killed_and_replaced(
    invoker: WorkerInvoker, function: Function
) -> None:
    pid = invoker.invoke(function, {"do": "pid"}).payload
    outcome = invoker.invoke(function, {"do": "sleep", "seconds": 60})
    assert outcome.error_type == "Sandbox.Timedout"
    assert "timed out after 1.00 seconds" in outcome.error_message
    assert not is_alive(pid)
    assert invoker.invoke(function, {"do": "pid"}).payload != pid


def test_a_process_that_exits_is_replaced(invoker: WorkerInvoker, function: Function) -> None:
    outcome = invoker.invoke(function, {"do": "exit"})
    assert outcome.error_type == "Runtime.ExitError"
    assert "exit status 3" in outcome.error_message
    assert invoker.invoke(function, {"do": "layer"}).payload == "layered"


def test_an_exception_is_returned_with_its_stack(
    invoker: WorkerInvoker, function: Function
) -> None:
    outcome = invoker.invoke(function, {"do": "raise"})
    assert (outcome.error_type, outcome.error_message) == ("ValueError", "no good")
    assert any("app.py" in line for line in outcome.stack_trace)


def test_a_response_above_the_limit_is_an_error(invoker: WorkerInvoker, function: Function) -> None:
    outcome = invoker.invoke(function, {"do": "large"})
    assert outcome.error_type == "Function.ResponseSizeTooLarge"


def test_a_response_that_is_not_json_is_an_error(
    invoker: WorkerInvoker, function: Function
) -> None:
    assert invoker.invoke(function, {"do": "set"}).error_type == "TypeError"


def test_an_event_above_the_limit_is_refused(invoker: WorkerInvoker, function: Function) -> None:
    with pytest.raises(PayloadTooLargeError):
        invoker.invoke(function, {"do": "pid", "more": "x" * 6_291_556})


def test_a_handler_that_cannot_be_imported_is_an_error(
    invoker: WorkerInvoker, function: Function
) -> None:
    (function.folder / "app.py").write_text("import missing_package\n")
    outcome = invoker.invoke(function, {"do": "pid"})
    assert outcome.error_type == "ModuleNotFoundError"
    assert "missing_package" in outcome.error_message


def test_the_output_of_a_handler_is_printed_with_its_name(
    invoker: WorkerInvoker, function: Function, lines: Lines
) -> None:
    invoker.invoke(function, {"do": "print"})
    deadline = time.monotonic() + 5
    while len(lines) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sorted(lines) == [
        "OneFunction: imported",
        "OneFunction: to stderr",
        "OneFunction: to stdout",
    ]


def test_changed_code_is_run_at_the_next_invocation(
    invoker: WorkerInvoker, function: Function
) -> None:
    pid = invoker.invoke(function, {"do": "pid"}).payload
    layer = function.layers[0] / "from_layer.py"
    layer.write_text("VALUE = 'changed'\n")
    os.utime(layer, (time.time() + 5, time.time() + 5))
    assert invoker.invoke(function, {"do": "layer"}).payload == "changed"
    assert not is_alive(pid)


def test_closing_leaves_no_process(invoker: WorkerInvoker, function: Function) -> None:
    pid = invoker.invoke(function, {"do": "pid"}).payload
    invoker.close()
    assert not is_alive(pid)
    assert invoker.invoke(function, {"do": "pid"}).error_type == "Runtime.Closed"


def test_the_products_clock_moves_with_the_stacks(lines: Lines, function: Function) -> None:
    package = function.layers[0] / "coffer" / "adapters"
    package.mkdir(parents=True)
    (package / "system_clock.py").write_text(
        "from datetime import UTC, datetime\n"
        "class SystemClock:\n"
        "    def now(self):\n"
        "        return datetime.now(UTC)\n"
    )
    (function.folder / "app.py").write_text(
        "from coffer.adapters.system_clock import SystemClock\n"
        "def lambda_handler(event, context):\n"
        "    return SystemClock().now().timestamp()\n"
    )
    clock = StackClock()
    invoker = WorkerInvoker({}, clock, lines.add)
    try:
        assert abs(invoker.invoke(function, {}).payload - time.time()) < 5
        clock.advance(timedelta(days=21))
        ahead = invoker.invoke(function, {}).payload - time.time()
        assert abs(ahead - 21 * 86_400) < 5
    finally:
        invoker.close()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
