"""How much an owner may keep in the store, and whether a push still fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from coffer.domain.errors import ForbiddenError

PUBLIC_LIMIT, PRIVATE_LIMIT = "max_public_storage_mb", "max_private_storage_mb"
LIMITS = (PUBLIC_LIMIT, PRIVATE_LIMIT)
MEGABYTE = 1_000_000
"""Bytes of the megabytes that the permissions count in, as in the reference."""


class Totals(NamedTuple):
    """The bytes that an owner has in the store."""

    public_bytes: int = 0
    private_bytes: int = 0


class UsageTotals(Protocol):
    """What each owner has in the store, as far as S3 has told."""

    def of(self, owner: str) -> Totals:
        """The owner's totals, as they are now; UnavailableError where they cannot be had."""
        ...


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits in megabytes, which may be fractions."""

    public_mb: float
    private_mb: float

    @classmethod
    def of(cls, permissions: Mapping[str, object]) -> Quota | None:
        """The limits among a token's permissions; None where there is neither.

        Where only one is there the other is 0; so is what is no number.
        """
        if not any(limit in permissions for limit in LIMITS):
            return None
        return cls(_limit(permissions, PUBLIC_LIMIT), _limit(permissions, PRIVATE_LIMIT))

    def require_room(self, totals: Totals, requested_bytes: int, *, private: bool) -> None:
        """Raise ForbiddenError unless so many more bytes fit; exactly full is not too full.

        As in the reference private files count against the private limit, and public ones, private
        ones with them, against the public limit. Who asks for no more is not refused.
        """
        limit_mb = self.private_mb if private else self.public_mb
        used_bytes = totals.private_bytes if private else sum(totals)
        if not requested_bytes or used_bytes + requested_bytes <= limit_mb * MEGABYTE:
            return
        raise ForbiddenError(
            "quota_exceeded",
            # The reference's own sentence, which its clients show, and what it kept to itself.
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
