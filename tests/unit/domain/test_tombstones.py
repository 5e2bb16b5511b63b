"""When the tombstone of a deleted record expires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from coffer.domain.identifiers import new_identifier
from coffer.domain.transactions.tombstones import tombstone_expiry
from tests.fakes import FrozenClock

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_a_tombstone_expires_after_90_days() -> None:
    assert tombstone_expiry(new_identifier(FrozenClock()), NOW) == NOW + timedelta(days=90)


def test_the_tombstone_of_an_identifier_that_a_client_chose_stays() -> None:
    """A record with the same identifier would repeat the versions of the first in the audit."""
    assert tombstone_expiry("0b0e7a3f-8f0c-4c4e-9a43-5a0d1f7b2c11", NOW) is None
