"""The exports that a user has running, for the fake of the StartedExports port and for DynamoDB."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from coffer.adapters.dynamodb.export.started import DynamoStartedExports
from coffer.domain.callers import Caller
from coffer.domain.errors import ConflictError, RecordChangedError, TooManyRequestsError
from coffer.domain.export.create import RunningExports
from coffer.domain.export.ports import StartedExports
from coffer.domain.export.record import Export, ExportStatus
from tests.fakes import FrozenClock
from tests.fakes.clocks import NOON
from tests.fakes.exports import InMemoryExports, InMemoryStartedExports
from tests.fakes.records import identifier

ALICE = Caller(username="alice", subject="s1")


@pytest.fixture(params=["in memory", "DynamoDB"])
def started(request: pytest.FixtureRequest) -> StartedExports:
    if request.param == "in memory":
        return InMemoryStartedExports()
    request.getfixturevalue("stack")
    return DynamoStartedExports()


@pytest.fixture
def running(started: StartedExports) -> RunningExports:
    return RunningExports(
        exports=InMemoryExports(), started=started, clock=FrozenClock(), maximum=2
    )


def start(running: RunningExports, number: int, caller: Caller = ALICE) -> Export:
    """Add an export to the user's list, then write its record."""
    running.add(caller, identifier(number))
    return running.exports.add(
        Export(
            identifier=identifier(number),
            created_by=caller.username,
            created_on=NOON,
            name=None,
            status=ExportStatus.NEW,
            entries=1,
            bytes_total=1,
        )
    )


def test_a_user_who_has_the_maximum_waits_until_one_is_finished(running: RunningExports) -> None:
    first, _ = start(running, 1), start(running, 2)
    with pytest.raises(TooManyRequestsError) as refusal:
        start(running, 3)
    [problem] = refusal.value.problems
    assert problem.code == "too_many_exports"
    assert "You have 2 exports that are not finished; at most 2 are allowed" in problem.detail
    assert "Wait until one of them is finished" in problem.detail
    running.exports.replace(first, replace(first, status=ExportStatus.ERROR))
    start(running, 3)
    with pytest.raises(TooManyRequestsError):
        start(running, 4)


def test_each_user_has_a_limit_also_under_another_name(running: RunningExports) -> None:
    for number in (1, 2):
        start(running, number)
    with pytest.raises(TooManyRequestsError):
        start(running, 3, Caller(username="renamed", subject="s1"))
    start(running, 3, Caller(username="alice", subject="s2"))
    start(running, 4, Caller(username="alice"))


def test_a_repeated_request_counts_once(running: RunningExports) -> None:
    for _ in range(3):
        running.add(ALICE, identifier(1))
    start(running, 2)


def test_an_export_that_was_never_written_counts_for_a_minute(started: StartedExports) -> None:
    clock = FrozenClock()
    running = RunningExports(exports=InMemoryExports(), started=started, clock=clock, maximum=1)
    running.add(ALICE, identifier(1))
    with pytest.raises(TooManyRequestsError):
        running.add(ALICE, identifier(2))
    clock.advance(timedelta(minutes=1))
    running.add(ALICE, identifier(2))


def test_a_list_that_was_replaced_meanwhile_is_not_replaced(started: StartedExports) -> None:
    before = started.get("x")
    started.replace(before, {identifier(1): NOON})
    with pytest.raises(RecordChangedError):
        started.replace(before, {identifier(2): NOON})
    assert started.get("x").times == {identifier(1): NOON}


def test_simultaneous_requests_do_not_exceed_the_maximum(running: RunningExports) -> None:
    def attempt(number: int) -> bool:
        try:
            running.add(ALICE, identifier(number))
        except (TooManyRequestsError, ConflictError):
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(1, 30)))
    assert 1 <= won.count(True) <= 2
