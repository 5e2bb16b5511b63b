"""Who the permission token says is asking, and what that allows.

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
class Permit:
    """What a verified permission token says."""

    user_id: str
    service: str | None
    permissions: Mapping[str, object]

    @classmethod
    def parse(cls, claims: Mapping[str, object]) -> Permit:
        """Read the claims of a verified token; UnauthenticatedError where they name no user.

        A user id is printable ASCII: it becomes a header's value and part of addresses.
        """
        user_id = claims.get("userid")
        if not isinstance(user_id, str) or not is_header_value(user_id):
            raise UnauthenticatedError(
                "token_without_user",
                f"The token's userid must be 1 to {MAX_LENGTH} printable ASCII characters.",
            )
        service, permissions = claims.get("service"), claims.get("permissions")
        return cls(
            user_id=user_id,
            service=service if isinstance(service, str) else None,
            permissions=permissions if isinstance(permissions, dict) else {},
        )

    def require_service(self, *services: str) -> None:
        """Raise ForbiddenError unless the token was issued for one of `services`."""
        if self.service not in services:
            named = " or ".join(repr(service) for service in services)
            raise ForbiddenError(
                "wrong_service", f"The token was not issued for the service {named}."
            )

    def require_owner(self, owner: str) -> None:
        """Raise UnauthenticatedError unless the token's user is `owner`, as the reference does."""
        if self.user_id != owner:
            raise UnauthenticatedError(
                "wrong_owner", "The token's userid is not the owner that the request names."
            )

    @property
    def quota(self) -> Quota | None:
        """How much the user may keep; None where the permissions set no limit."""
        return Quota.of(self.permissions)

    def require_upload(self) -> None:
        """Raise ForbiddenError unless the permissions let the user upload."""
        if self.quota is None and self.permissions.get(UPLOAD_PERMISSION) is not True:
            raise ForbiddenError(
                "no_upload_permission",
                f"The token's permissions hold neither {UPLOAD_PERMISSION} nor a storage limit.",
            )


class PermissionTokens(Protocol):
    """What verifies permission tokens."""

    def verify(self, token: str) -> Mapping[str, object]:
        """The claims of a token that the auth server signed and that is valid now.

        Raises UnauthenticatedError for any other text.
        """
        ...
