"""A metadata record moves to another group only if nobody loses anything by it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from coffer.domain.callers import Caller, Role
from coffer.domain.errors import ConflictError, ForbiddenError
from coffer.domain.metadata.bulk import BulkMetadata
from coffer.domain.metadata.delete import Cascade, delete_metadata
from coffer.domain.metadata.record import Metadata
from coffer.domain.metadata.update import update_metadata
from coffer.domain.transactions.actions import Add, DeriveFrom
from coffer.domain.transactions.commit import Precondition
from tests.fakes import FrozenClock, InMemoryCatalogue, InMemoryUploads
from tests.fakes.records import METADATA, identifier, metadata, thumbnail

OLD, NEW = "aafc", "cnc"


def mover(old: Role | None, new: Role | None) -> Caller:
    """Return a caller with these roles in the old and in the new group."""
    held = {OLD: old, NEW: new}
    groups = {name: frozenset({role} if role else ()) for name, role in held.items()}
    return Caller(username="gail", groups=groups)


BOTH = mover(Role.SUPER_USER, Role.GUEST)


def external() -> Metadata:
    return metadata(file_identifier=None, resource_external_url="https://museum.example/7")


class World:
    """Tables with the record of an external resource."""

    def __init__(self, *, derivatives: Sequence[str] = ()) -> None:
        self.uploads, self.clock = InMemoryUploads(), FrozenClock()
        self.catalogue = InMemoryCatalogue(self.uploads)
        self.catalogue.commit([Add(external())])
        for number, bucket in enumerate(derivatives):
            name = identifier(50 + number)
            self.catalogue.commit(
                [Add(thumbnail(identifier=name, file_identifier=name, bucket=bucket))]
            )

    def move(self, who: Caller, bucket: str = NEW) -> Metadata:
        return update_metadata(
            self.uploads,
            self.catalogue,
            self.clock,
            who,
            METADATA,
            {"bucket": bucket},
            Precondition(),
        )

    def move_in_bulk(self, who: Caller) -> Metadata:
        bulk = BulkMetadata(uploads=self.uploads, catalogue=self.catalogue, clock=self.clock)
        [record] = bulk.update(who, [(METADATA, {"bucket": NEW})], lambda _records: None)
        return record

    def delete(self, who: Caller) -> None:
        cascade = Cascade(uploads=self.uploads, catalogue=self.catalogue, clock=self.clock)
        delete_metadata(cascade, who, METADATA, Precondition())

    def remaining(self) -> list[str]:
        """Return the buckets of the derivatives that are not deleted."""
        records = self.catalogue.derivative_records.values()
        return [one.bucket for one in records if one.deleted_on is None]


def test_a_record_moves_if_the_caller_may_delete_it_and_create_it_there() -> None:
    assert World().move(BOTH).bucket == NEW
    assert World().move_in_bulk(BOTH).bucket == NEW


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Role.GUEST, Role.SUPER_USER),
        (Role.USER, Role.SUPER_USER),
        (Role.SUPER_USER, Role.READ_ONLY),
        (Role.SUPER_USER, None),
    ],
)
def test_a_record_stays_if_the_caller_lacks_a_right_in_either_group(
    old: Role, new: Role | None
) -> None:
    world = World()
    with pytest.raises(ForbiddenError):
        world.move(mover(old, new))
    with pytest.raises(ForbiddenError):
        world.move_in_bulk(mover(old, new))
    assert world.catalogue.metadata_records[METADATA] == external()


def test_a_record_with_derivatives_does_not_move() -> None:
    world = World(derivatives=[OLD])
    for move in (world.move, world.move_in_bulk):
        with pytest.raises(ConflictError) as raised:
            move(BOTH)
        [problem] = raised.value.problems
        assert problem.code == "record_has_derivatives"
        assert str(problem.pointer).endswith("/attributes/bucket")
    assert world.catalogue.metadata_records[METADATA].bucket == OLD


def test_a_record_does_not_move_if_the_index_lacks_its_latest_derivative(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(derivatives=[OLD])
    entry = DeriveFrom(metadata_identifier=METADATA, bucket=OLD, derivative=identifier(50))
    world.catalogue.commit([entry])
    monkeypatch.setattr(world.catalogue, "derived_from", lambda _: iter(()))
    for move in (world.move, world.move_in_bulk):
        with pytest.raises(ConflictError, match="has derivatives"):
            move(BOTH)
    world.catalogue.derivative_records.clear()
    assert world.move(BOTH).bucket == NEW


def test_another_spelling_of_the_bucket_is_no_move() -> None:
    assert World(derivatives=[OLD]).move(mover(Role.GUEST, None), bucket="AAFC").bucket == "AAFC"


def test_the_deletion_of_a_record_spares_derivatives_of_other_groups() -> None:
    world = World(derivatives=[NEW, *[OLD] * 60, NEW])
    world.delete(mover(Role.SUPER_USER, None))
    assert world.remaining() == [NEW, NEW]


def test_the_deletion_of_a_record_ignores_the_case_of_buckets() -> None:
    world = World(derivatives=["AAFC"])
    world.delete(mover(Role.SUPER_USER, None))
    assert world.remaining() == []
