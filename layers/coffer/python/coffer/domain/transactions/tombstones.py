"""The lifetime of tombstones, the records of deleted resources."""

from __future__ import annotations

from datetime import datetime, timedelta

TOMBSTONE_LIFETIME = timedelta(days=90)
"""Time after the removal of the bytes. Later, only the audit says that the record was deleted."""


def tombstone_expiry(now: datetime) -> datetime:
    """Return the time, in whole seconds, when a tombstone that is complete now expires."""
    return (now + TOMBSTONE_LIFETIME).replace(microsecond=0)
