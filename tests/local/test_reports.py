"""Log lines are short and readable, and contain no secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.foreground import logged_path
from local.gateway.api import HandledRequest, Request, gateway_error
from local.invocation import Outcome
from local.reports import ConsolePrinter, readable_line
from local.resources import Function, RetryPolicy

FUNCTION = Function(
    "OneFunction", "one", Path(), "app.handler", (), 3, 128, {}, None, RetryPolicy(0, 0, None)
)


@pytest.mark.parametrize(
    ("line", "readable"),
    [
        ("plain", "plain"),
        ("", None),
        ('{"level": "INFO", "message": "served", "status": 200}', "INFO served status=200"),
        ('{"_aws": {}, "Uploads": 1}', None),
        ('{"message": {"a": 1}}', 'INFO {"a": 1}'),
        ('{"no": "message"}', '{"no": "message"}'),
        ("{broken", "{broken"),
        ("[1]", "[1]"),
    ],
)
def test_structured_lines_become_readable(line: str, readable: str | None) -> None:
    assert readable_line(line) == readable


def test_uninformative_lines_are_omitted() -> None:
    entry = {"level": "ERROR", "message": "x", "timestamp": "now", "service": "s", "more": "y"}
    assert readable_line(json.dumps(entry)) == "ERROR x more=y"


def test_an_exception_is_shown_under_its_line() -> None:
    entry = {"level": "ERROR", "message": "x", "exception": "Traceback\n  a\nKeyError: b"}
    shown = readable_line(json.dumps(entry))
    assert shown is not None
    assert shown.splitlines()[-1].strip() == "KeyError: b"


def test_each_report_is_a_line_with_its_time() -> None:
    lines: list[str] = []
    printer = ConsolePrinter(lines.append)
    printer.request("GET", "/api", 200, 12.3)
    printer.delivery("2 of queue", FUNCTION, Outcome(duration_ms=5), "")
    failed = Outcome(error_type="KeyError", error_message="a\nb", stack_trace=("one\n", "two\n"))
    printer.delivery("1 of queue", FUNCTION, failed, "visible again in 30 s")
    printer.failure("OneFunction", failed)
    printer.output(FUNCTION, "hello")
    printer.mute()
    printer.note("unheard")
    assert [line[9:] for line in lines] == [
        "GET /api -> 200 12 ms",
        "OneFunction <- 2 of queue ok 5 ms",
        "OneFunction <- 1 of queue failed 0 ms; visible again in 30 s",
        "OneFunction failed: KeyError: a",
        "OneFunction | one",
        "OneFunction | two",
        "OneFunction | hello",
    ]


def test_paths_are_shown_without_queries_and_keys() -> None:
    request = Request("GET", "/toa/abcdef?jwt=secret")
    assert (
        logged_path(request, HandledRequest(gateway_error(404), "GET /toa/{key}")) == "/toa/{key}"
    )
    assert logged_path(request, HandledRequest(gateway_error(404), "GET /{a}/{b}")) == "/toa/abcdef"
