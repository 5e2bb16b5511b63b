"""Exports belong to the subject of a token, for the fake of the Exports port and for DynamoDB."""

from __future__ import annotations

import pytest

from coffer.adapters.dynamodb.export.exports import DynamoExports
from coffer.domain.callers import Caller
from coffer.domain.changes.history import may_read_snapshot
from coffer.domain.changes.publish import describe_change
from coffer.domain.errors import NotFoundError
from coffer.domain.export.access_keys import own_export
from coffer.domain.export.ports import Exports
from coffer.domain.export.record import Export, ExportStatus
from tests.fakes.clocks import NOON
from tests.fakes.exports import InMemoryExports
from tests.fakes.records import identifier

OWNER = Caller(username="alice", subject="s1")
RENAMED = Caller(username="alice2", subject="s1")
IMPOSTOR = Caller(username="alice", subject="s2")
WITHOUT_SUBJECT = Caller(username="alice")


@pytest.fixture(params=["in memory", "DynamoDB"])
def exports(request: pytest.FixtureRequest) -> Exports:
    if request.param == "in memory":
        return InMemoryExports()
    request.getfixturevalue("stack")
    return DynamoExports()


def export(number: int, owner_subject: str | None) -> Export:
    return Export(
        identifier=identifier(number),
        created_by="alice",
        owner_subject=owner_subject,
        created_on=NOON,
        name=None,
        status=ExportStatus.NEW,
        entries=1,
        bytes_total=1,
    )


def test_another_user_with_the_same_name_gets_no_export(exports: Exports) -> None:
    owned = exports.add(export(1, "s1"))
    old = exports.add(export(2, None))
    for reader in (OWNER, RENAMED, WITHOUT_SUBJECT):
        assert own_export(exports, reader, owned.identifier) == owned
    with pytest.raises(NotFoundError):
        own_export(exports, IMPOSTOR, owned.identifier)
    assert [one.identifier for one in exports.of(IMPOSTOR, 10, None)] == [old.identifier]
    assert exports.count_of(IMPOSTOR) == 1
    assert exports.count_of(OWNER) == exports.count_of(WITHOUT_SUBJECT) == 2


def test_the_snapshots_of_an_export_are_for_its_subject() -> None:
    change = describe_change(None, export(1, "s1"), NOON)
    assert change is not None
    assert may_read_snapshot(RENAMED, change.snapshot)
    assert not may_read_snapshot(IMPOSTOR, change.snapshot)
    assert "s1" not in str(change.messages)
