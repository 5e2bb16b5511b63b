"""Housekeeping of exports: what is over goes altogether, whoever comes in between, whoever dies."""

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


def scenario() -> ExportScenario:
    return ExportScenario([File("leaf.jpg", BytesBody(b"leaf"))])


def clearing(
    world: ExportScenario, happen: Callable[[str], None] = lambda _: None
) -> ExportCleanup:
    return ExportCleanup(
        exports=with_hooks(world.exports, before=happen),
        archives=with_hooks(world.archives, before=happen),
        queue=world.queue,
        clock=world.clock,
    )


def keep(house: ExportCleanup) -> list[str]:
    return [step() for _, step in house.steps()]


def left(world: ExportScenario) -> list[str]:
    return [*world.archives.list_keys("exports/"), *world.archives.uploads]


def later(world: ExportScenario, minutes: int) -> None:
    world.clock.advance(timedelta(minutes=minutes))


def test_an_archive_goes_an_hour_after_it_was_finished_and_all_that_belongs_to_it() -> None:
    world = scenario()
    world.build()
    world.archives.start_upload(f"exports/{EXPORT}/parts/1/7")
    world.archives.save(f"exports/{EXPORT}/parts/1/8", b"left by a worker that was killed")
    later(world, 59)
    assert keep(clearing(world)) == []
    later(world, 2)
    assert keep(clearing(world)) == ["export_cleared"]
    assert left(world) == []
    export = world.export
    assert (export.status, export.toa, export.due) == (ExportStatus.EXPIRED, None, None)
    assert export.expires_at == world.clock.now() + RECORD_RETENTION
    assert keep(clearing(world)) == []
    with pytest.raises(GoneError):
        issue_key(world.exports, world.clock, ALICE, EXPORT)


def test_what_an_export_left_that_failed_goes_too() -> None:
    world = scenario()
    world.archives.remove(world.key_of(0))
    world.build()
    later(world, 1)
    assert keep(clearing(world)) == ["export_cleared"]
    assert left(world) == []
    assert world.export.status is ExportStatus.ERROR


@pytest.mark.parametrize("call", range(10))
def test_who_is_killed_at_it_is_followed_by_one_who_ends_it(call: int) -> None:
    world = scenario()
    world.build()
    later(world, 61)
    try:
        keep(clearing(world, kill_at_call(call)))
    except KilledError:
        later(world, 1)
        keep(clearing(world))
    assert left(world) == []
    assert (world.export.status, world.export.due) == (ExportStatus.EXPIRED, None)


def test_a_key_that_is_made_or_taken_meanwhile_keeps_the_archive() -> None:
    world = scenario()
    world.build()
    later(world, 59)
    access = issue_key(world.exports, world.clock, ALICE, EXPORT)
    later(world, 30)
    assert keep(clearing(world)) == []
    redeem_key(world.exports, world.exports, world.clock, access.key)
    later(world, 59)
    assert keep(clearing(world)) == []

    later(world, 2)

    def another_key() -> None:
        issue_key(world.exports, world.clock, ALICE, EXPORT)

    assert keep(clearing(world, once("replace", another_key))) == ["busy"]
    assert world.export.archive_key in world.archives.objects
    assert world.export.has_archive


def test_a_key_that_comes_behind_the_end_opens_nothing() -> None:
    world = scenario()
    world.build()
    later(world, 30)
    access = issue_key(world.exports, world.clock, ALICE, EXPORT)
    world.exports.replace(world.export, world.export.expired(world.clock.now()))
    with pytest.raises(NotFoundError):
        redeem_key(world.exports, world.exports, world.clock, access.key)


def test_an_export_that_nobody_took_up_or_whose_worker_died_is_sent_on() -> None:
    world = scenario()
    later(world, 16)
    assert keep(clearing(world)) == ["export_sent_on"]
    leased = world.exports.replace(world.export, world.export.leased(world.clock.now()))
    later(world, 9)
    assert keep(clearing(world)) == []
    later(world, 2)
    assert keep(clearing(world)) == ["export_sent_on"]
    assert world.queue.enqueued == [EXPORT, EXPORT]
    assert replace(leased, revision=0) == replace(world.export, revision=0)
