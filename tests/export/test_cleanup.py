"""Expired exports are removed completely, also after interruptions and among other requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from coffer.domain.callers import Caller
from coffer.domain.errors import GoneError, NotFoundError
from coffer.domain.export.access_keys import issue_key, redeem_key
from coffer.domain.export.cleanup import ExportCleanup
from coffer.domain.export.record import RECORD_RETENTION, ExportStatus
from tests.export.scenario import EXPORT, ExportScenario, File
from tests.fakes.bodies import BytesBody
from tests.fakes.hooks import KilledError, kill_at_call, once, with_hooks

ALICE = Caller(username="alice")


def one_file() -> ExportScenario:
    return ExportScenario([File("leaf.jpg", BytesBody(b"leaf"))])


def cleanup(
    scenario: ExportScenario, hook: Callable[[str], None] = lambda _: None
) -> ExportCleanup:
    return ExportCleanup(
        exports=with_hooks(scenario.exports, before=hook),
        archives=with_hooks(scenario.archives, before=hook),
        queue=scenario.queue,
        clock=scenario.clock,
    )


def run(cleanup: ExportCleanup) -> list[str]:
    return [task() for _, task in cleanup.tasks()]


def objects_of(scenario: ExportScenario) -> list[str]:
    return [*scenario.archives.list_keys("exports/"), *scenario.archives.uploads]


def wait(scenario: ExportScenario, minutes: int) -> None:
    scenario.clock.advance(timedelta(minutes=minutes))


def test_an_archive_and_all_its_objects_are_removed_an_hour_after_the_build() -> None:
    scenario = one_file()
    scenario.build()
    scenario.archives.start_upload(f"exports/{EXPORT}/parts/1/7")
    scenario.archives.save(f"exports/{EXPORT}/parts/1/8", b"left by a killed worker")
    wait(scenario, 59)
    assert run(cleanup(scenario)) == []
    wait(scenario, 2)
    assert run(cleanup(scenario)) == ["export_cleared"]
    assert objects_of(scenario) == []
    export = scenario.export
    assert (export.status, export.toa, export.due) == (ExportStatus.EXPIRED, None, None)
    assert export.expires_at == scenario.clock.now() + RECORD_RETENTION
    assert run(cleanup(scenario)) == []
    with pytest.raises(GoneError):
        issue_key(scenario.exports, scenario.clock, ALICE, EXPORT)


def test_the_objects_of_a_failed_export_are_removed() -> None:
    scenario = one_file()
    scenario.archives.remove(scenario.key_of(0))
    scenario.build()
    wait(scenario, 1)
    assert run(cleanup(scenario)) == ["export_cleared"]
    assert objects_of(scenario) == []
    assert scenario.export.status is ExportStatus.ERROR


@pytest.mark.parametrize("call", range(10))
def test_a_cleanup_killed_at_any_call_is_finished_by_the_next(call: int) -> None:
    scenario = one_file()
    scenario.build()
    wait(scenario, 61)
    try:
        run(cleanup(scenario, kill_at_call(call)))
    except KilledError:
        wait(scenario, 1)
        run(cleanup(scenario))
    assert objects_of(scenario) == []
    assert (scenario.export.status, scenario.export.due) == (ExportStatus.EXPIRED, None)


def test_a_key_issued_or_redeemed_meanwhile_keeps_the_archive() -> None:
    scenario = one_file()
    scenario.build()
    wait(scenario, 59)
    access = issue_key(scenario.exports, scenario.clock, ALICE, EXPORT)
    wait(scenario, 30)
    assert run(cleanup(scenario)) == []
    redeem_key(scenario.exports, scenario.exports, scenario.clock, access.key)
    wait(scenario, 59)
    assert run(cleanup(scenario)) == []

    wait(scenario, 2)

    def another_key() -> None:
        issue_key(scenario.exports, scenario.clock, ALICE, EXPORT)

    assert run(cleanup(scenario, once("replace", another_key))) == ["busy"]
    assert scenario.export.archive_key in scenario.archives.objects
    assert scenario.export.has_archive


def test_a_key_redeemed_after_the_expiry_is_not_found() -> None:
    scenario = one_file()
    scenario.build()
    wait(scenario, 30)
    access = issue_key(scenario.exports, scenario.clock, ALICE, EXPORT)
    scenario.exports.replace(scenario.export, scenario.export.expired(scenario.clock.now()))
    with pytest.raises(NotFoundError):
        redeem_key(scenario.exports, scenario.exports, scenario.clock, access.key)


def test_an_export_without_a_worker_is_enqueued_again() -> None:
    scenario = one_file()
    wait(scenario, 16)
    assert run(cleanup(scenario)) == ["export_sent_on"]
    leased = scenario.exports.replace(scenario.export, scenario.export.leased(scenario.clock.now()))
    wait(scenario, 9)
    assert run(cleanup(scenario)) == []
    wait(scenario, 2)
    assert run(cleanup(scenario)) == ["export_sent_on"]
    assert scenario.queue.enqueued == [EXPORT, EXPORT]
    assert replace(leased, revision=0) == replace(scenario.export, revision=0)
