"""The lifetime of tombstones, the records of deleted resources."""

from __future__ import annotations

from datetime import datetime, timedelta

from coffer.domain.identifiers import is_created_here

TOMBSTONE_LIFETIME = timedelta(days=90)
"""Time after the removal of the bytes. Later, only the audit says that the record was deleted."""


def tombstone_expiry(identifier: str, now: datetime) -> datetime | None:
    """Return the time, in whole seconds, when a tombstone that is complete now expires.

    None if a client chose the identifier. That tombstone stays, because a new record with the same
    identifier and versions would be taken for a repetition: it would get no audit.
    """
    if not is_created_here(identifier):
        return None
    return (now + TOMBSTONE_LIFETIME).replace(microsecond=0)
