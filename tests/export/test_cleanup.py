"""Expired exports are removed completely, also after interruptions and among other requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from coffer.domain.callers import Caller, Role
from coffer.domain.errors import ForbiddenError, GoneError, NotFoundError
from coffer.domain.export.cleanup import ExportCleanup
from coffer.domain.export.record import ARCHIVE_LIFETIME, RECORD_RETENTION, ExportStatus, key_digest
from tests.export.scenario import EXPORT, ExportScenario, File
from tests.fakes.bodies import BytesBody
from tests.fakes.hooks import KilledError, kill_at_call, once, with_hooks
from tests.fakes.records import identifier, metadata, upload


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
    assert (export.status, export.due) == (ExportStatus.EXPIRED, None)
    assert export.expires_at == scenario.clock.now() + RECORD_RETENTION
    assert run(cleanup(scenario)) == []
    with pytest.raises(GoneError):
        scenario.issue_key()


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
    key = scenario.issue_key()
    wait(scenario, 30)
    assert run(cleanup(scenario)) == []
    scenario.redeem(key)
    wait(scenario, 59)
    assert run(cleanup(scenario)) == []

    wait(scenario, 2)

    def another_key() -> None:
        scenario.issue_key()

    assert run(cleanup(scenario, once("replace", another_key))) == ["busy"]
    assert scenario.export.archive_key in scenario.archives.objects
    assert scenario.export.has_archive


def test_a_key_redeemed_after_the_expiry_is_not_found() -> None:
    scenario = one_file()
    scenario.build()
    wait(scenario, 30)
    key = scenario.issue_key()
    scenario.exports.replace(scenario.export, scenario.export.expired(scenario.clock.now()))
    with pytest.raises(NotFoundError):
        scenario.redeem(key)


def test_no_key_and_no_download_keep_an_archive_for_more_than_a_day() -> None:
    scenario = one_file()
    scenario.build()
    end = scenario.clock.now() + ARCHIVE_LIFETIME
    while scenario.clock.now() < end - timedelta(minutes=30):
        assert run(cleanup(scenario)) == []
        wait(scenario, 30)
        key, used = scenario.issue_key(), scenario.issue_key()
        scenario.redeem(used)
    assert scenario.export.available_until == end
    assert scenario.keys.stored[key_digest(key)].expires_on == end
    wait(scenario, 30)
    with pytest.raises(NotFoundError):
        scenario.redeem(key)
    with pytest.raises(GoneError, match="at most 24 hours"):
        scenario.issue_key()
    wait(scenario, 1)
    assert run(cleanup(scenario)) == ["export_cleared"]
    assert objects_of(scenario) == []


def test_a_member_who_left_the_group_gets_no_new_key() -> None:
    scenario = one_file()
    scenario.build()
    available_until = scenario.export.available_until
    wait(scenario, 30)
    for groups in ({}, {"bicoe": frozenset({Role.SUPER_USER})}):
        with pytest.raises(ForbiddenError, match="1 of the 1 files") as refusal:
            scenario.issue_key(Caller(username="alice", groups=groups))
        assert refusal.value.problems[0].code == "export_not_readable"
        assert "aafc" not in str(refusal.value)
    assert scenario.keys.stored == {}
    assert scenario.export.available_until == available_until
    scenario.issue_key()


@pytest.mark.parametrize("is_public", [True, False])
def test_a_file_of_another_group_gets_a_key_while_it_is_public(is_public: bool) -> None:
    scenario = one_file()
    scenario.build()
    record = metadata(file_identifier=identifier(0), publicly_releasable=is_public)
    scenario.uploads.add(
        upload(file_identifier=identifier(0), claimed_by=f"metadata/{record.identifier}")
    )
    scenario.catalogue.metadata_records[record.identifier] = record
    stranger = Caller(username="alice")
    if is_public:
        scenario.issue_key(stranger)
    else:
        with pytest.raises(ForbiddenError):
            scenario.issue_key(stranger)


def test_a_file_that_is_not_in_the_archive_needs_no_right() -> None:
    scenario = one_file()
    scenario.build()
    left_out = scenario.export.finished(
        scenario.clock.now(), {"file_not_public": [identifier(0)]}, 0, 22
    )
    scenario.exports.replace(scenario.export, left_out)
    assert scenario.issue_key(Caller(username="alice"))


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
