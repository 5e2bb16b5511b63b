"""Storage limits of an owner, and the check that an upload request fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from coffer.domain.errors import ForbiddenError

PUBLIC_LIMIT, PRIVATE_LIMIT = "max_public_storage_mb", "max_private_storage_mb"
LIMITS = (PUBLIC_LIMIT, PRIVATE_LIMIT)
MEGABYTE = 1_000_000
"""The bytes of a megabyte in the limits, as in the reference."""


class Totals(NamedTuple):
    """The bytes of an owner's files in the store."""

    public_bytes: int = 0
    private_bytes: int = 0


class UsageTotals(Protocol):
    """The totals of each owner, according to the S3 events so far."""

    def of(self, owner: str) -> Totals:
        """Return the current totals of an owner; raises UnavailableError."""
        ...


@dataclass(frozen=True, slots=True)
class Quota:
    """Storage limits in megabytes; fractions are allowed."""

    public_mb: float
    private_mb: float

    @classmethod
    def of(cls, permissions: Mapping[str, object]) -> Quota | None:
        """Return the limits of a token, or None if it has neither.

        A limit that is missing or not a number is 0.
        """
        if not any(limit in permissions for limit in LIMITS):
            return None
        return cls(_limit(permissions, PUBLIC_LIMIT), _limit(permissions, PRIVATE_LIMIT))

    def require_room(self, totals: Totals, requested_bytes: int, *, private: bool) -> None:
        """Raise ForbiddenError if more bytes are requested than fit the limit.

        As in the reference, private files count against the private limit, and all files against
        the public limit. A request for 0 bytes always fits.
        """
        limit_mb = self.private_mb if private else self.public_mb
        used_bytes = totals.private_bytes if private else sum(totals)
        if not requested_bytes or used_bytes + requested_bytes <= limit_mb * MEGABYTE:
            return
        raise ForbiddenError(
            "quota_exceeded",
            # The first part is the reference's text, which its clients show.
            f"Max {'private ' if private else ''}storage for user exceeded plan limit "
            f"({_number(limit_mb)}MB): {used_bytes} bytes are used, {requested_bytes} more bytes "
            "were requested.",
        )


def _limit(permissions: Mapping[str, object], name: str) -> float:
    limit = permissions.get(name)
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        return 0
    return max(limit, 0)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
