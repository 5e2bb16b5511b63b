"""No transaction is larger than DynamoDB accepts, whatever the records hold."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from coffer.domain.callers import Role
from coffer.domain.metadata.delete import Cascade, delete_metadata
from coffer.domain.metadata.record import Metadata
from coffer.domain.transactions.actions import Add
from coffer.domain.transactions.bulk import Attempt, write_in_bulk
from coffer.domain.transactions.commit import PlannedChange, Precondition
from tests.fakes import FrozenClock, InMemoryCatalogue, InMemoryUploads
from tests.fakes.records import METADATA, caller, identifier, metadata, thumbnail

TAGS = ("\U0001f33f" * 250,) * 100
"""Keywords of 100 KB."""


@pytest.fixture
def catalogue() -> InMemoryCatalogue:
    return InMemoryCatalogue(InMemoryUploads())


@pytest.mark.parametrize(
    ("characters", "transactions"),
    [(1000, [30, 30, 30, 10]), (300_000, [11] * 9 + [1]), (340_000, [10] * 10)],
)
def test_large_records_are_written_in_several_transactions(
    catalogue: InMemoryCatalogue, characters: int, transactions: list[int]
) -> None:
    records = [
        metadata(
            identifier=identifier(100 + number),
            file_identifier=None,
            managed_attributes={"note": "x" * characters},
        )
        for number in range(100)
    ]

    def plan(numbers: Sequence[int]) -> list[Attempt[Metadata]]:
        return [PlannedChange(records[number], (Add(records[number]),)) for number in numbers]

    assert write_in_bulk(catalogue, len(records), plan) == records
    assert [len(actions) for actions in catalogue.commits] == transactions


def test_the_deletion_of_large_derivatives_takes_several_transactions(
    catalogue: InMemoryCatalogue,
) -> None:
    catalogue.commit([Add(metadata(file_identifier=None))])
    for number in range(60):
        name = identifier(100 + number)
        record = thumbnail(identifier=name, file_identifier=name, ac_tags=TAGS)
        catalogue.commit([Add(record)])
    catalogue.commits.clear()
    cascade = Cascade(uploads=InMemoryUploads(), catalogue=catalogue, clock=FrozenClock())

    delete_metadata(cascade, caller(Role.SUPER_USER), METADATA, Precondition())

    assert all(one.deleted_on is not None for one in catalogue.derivative_records.values())
    assert len(catalogue.commits) == 2
