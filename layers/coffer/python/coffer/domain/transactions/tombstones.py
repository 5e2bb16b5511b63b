"""Tombstones: how long the record of a deleted resource is kept."""

from __future__ import annotations

from datetime import datetime, timedelta


def tombstone_expiry(now: datetime) -> datetime:
    """When a tombstone that is made, or confirmed, now is to go: in whole seconds."""
    return (now + TOMBSTONE_LIFETIME).replace(microsecond=0)


TOMBSTONE_LIFETIME = timedelta(days=90)
"""How long a tombstone stays after its object is confirmed gone; then the audit answers."""
