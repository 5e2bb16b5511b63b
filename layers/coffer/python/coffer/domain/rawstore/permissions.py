"""The permissions that a token grants to its user.

The auth server's claims are `userid`, `service` and `permissions`: `{"datapackage-upload": true}`
in its first generation, `{"max_public_storage_mb", "max_private_storage_mb", …}` in its last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from coffer.domain.errors import ForbiddenError, UnauthenticatedError
from coffer.domain.rawstore.quotas import Quota
from coffer.domain.rawstore.validation import MAX_LENGTH, is_header_value

UPLOAD_PERMISSION = "datapackage-upload"


@dataclass(frozen=True, slots=True)
class Permissions:
    """The user and the permissions of a verified permission token."""

    user_id: str
    service: str | None
    granted: Mapping[str, object]

    @classmethod
    def parse(cls, claims: Mapping[str, object]) -> Permissions:
        """Return the permissions of verified claims; raises UnauthenticatedError without a user.

        A user id must be printable ASCII, because it becomes a header value and part of URLs.
        """
        user_id = claims.get("userid")
        if not isinstance(user_id, str) or not is_header_value(user_id):
            raise UnauthenticatedError(
                "token_without_user",
                f"The token's userid must be 1 to {MAX_LENGTH} printable ASCII characters.",
            )
        service, granted = claims.get("service"), claims.get("permissions")
        return cls(
            user_id=user_id,
            service=service if isinstance(service, str) else None,
            granted=granted if isinstance(granted, dict) else {},
        )

    def require_service(self, *services: str) -> None:
        """Raise ForbiddenError unless the token was issued for one of `services`."""
        if self.service not in services:
            named = " or ".join(repr(service) for service in services)
            raise ForbiddenError(
                "wrong_service", f"The token was not issued for the service {named}."
            )

    def require_owner(self, owner: str) -> None:
        """Raise UnauthenticatedError (as in the reference) unless the token's user is `owner`."""
        if self.user_id != owner:
            raise UnauthenticatedError(
                "wrong_owner", "The token's userid is not the owner that the request names."
            )

    @property
    def quota(self) -> Quota | None:
        """The user's storage limits, or None if the token has none."""
        return Quota.of(self.granted)

    def require_upload(self) -> None:
        """Raise ForbiddenError unless the user may upload."""
        if self.quota is None and self.granted.get(UPLOAD_PERMISSION) is not True:
            raise ForbiddenError(
                "no_upload_permission",
                f"The token has neither the permission {UPLOAD_PERMISSION} nor a storage limit.",
            )


class PermissionTokens(Protocol):
    """Verifies permission tokens."""

    def verify(self, token: str) -> Mapping[str, object]:
        """Return the claims of a valid token; raises UnauthenticatedError for any other text."""
        ...
