"""`-p tests.privileges.plugin`: holds the template's policies to the calls that a run makes.

At the end of the run a table says for each function what its role allows and what was needed. A
call that no policy allows fails the run, and so does a grant that nothing needed and that has no
reason written down in `tests.privileges.reasons`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.reading import Reader
from local.resources import DEFAULT_REGION
from local.stack import TEMPLATE, LocalStack
from local.template import read_source, translate
from tests.privileges.calls import Need
from tests.privileges.policies import Grant, grants
from tests.privileges.reasons import reason_for
from tests.privileges.recording import Recorder
from tests.session import STACK

RECORDER = pytest.StashKey[Recorder]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if STACK not in config.stash:
        config.stash[STACK] = LocalStack().start()
    stack = config.stash[STACK]
    recorder = Recorder(bucket.name for bucket in stack.resources.buckets)
    recorder.start()
    config.stash[RECORDER] = recorder


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[RECORDER].stop()


def pytest_sessionfinish(session: pytest.Session) -> None:
    allowed = list(grants(_reader()))
    needed = session.config.stash[RECORDER].needs
    if missing(allowed, needed) or unexplained(allowed, needed):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    allowed = list(grants(_reader()))
    needed = terminalreporter.config.stash[RECORDER].needs
    for line in table(allowed, needed):
        terminalreporter.write_line(line)


def _reader() -> Reader:
    return Reader(translate(read_source(TEMPLATE), {}, DEFAULT_REGION), "coffer", "http://sqs")


def missing(allowed: list[Grant], needed: dict[str, set[Need]]) -> list[tuple[str, Need]]:
    """What functions needed and no policy of theirs allows."""
    return [
        (function, need)
        for function, needs in sorted(needed.items())
        for need in sorted(needs, key=str)
        if not any(grant.function == function and grant.allows(need) for grant in allowed)
    ]


def unused(allowed: list[Grant], needed: dict[str, set[Need]]) -> list[Grant]:
    """Grants that nothing needed."""
    return [
        grant
        for grant in allowed
        if not any(grant.allows(need) for need in needed.get(grant.function, ()))
    ]


def unexplained(allowed: list[Grant], needed: dict[str, set[Need]]) -> list[Grant]:
    """Grants that nothing needed, and nobody has a reason for."""
    return [grant for grant in unused(allowed, needed) if reason_for(grant) is None]


def table(allowed: list[Grant], needed: dict[str, set[Need]]) -> Iterator[str]:
    """The comparison, line by line."""
    idle = set(unused(allowed, needed))
    yield f"{'function':<28} {'grants':>6} {'used':>5} {'calls':>6}"
    for function in sorted({grant.function for grant in allowed} | set(needed)):
        own = [grant for grant in allowed if grant.function == function]
        used = sum(grant not in idle for grant in own)
        yield f"{function:<28} {len(own):>6} {used:>5} {len(needed.get(function, ())):>6}"
    for grant in sorted(idle, key=str):
        reason = reason_for(grant) or "NO REASON IS WRITTEN DOWN"
        yield f"unused: {grant.function} {grant.action} {grant.pattern} ({reason})"
    for function, need in missing(allowed, needed):
        asked = "" if need.prefix is None else f" with the prefix {need.prefix!r}"
        yield f"MISSING: {function} {need.action} {need.arn}{asked}"
    refused = len(missing(allowed, needed))
    yield (
        f"{len(allowed)} grants, {len(allowed) - len(idle)} used, {len(idle)} unused, "
        f"{len(unexplained(allowed, needed))} of them without a reason; {refused} calls not allowed"
    )
