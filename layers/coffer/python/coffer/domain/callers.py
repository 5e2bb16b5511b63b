"""Who is calling, and what they may do: the reference's roles and their hierarchy.

Source of the roles and of the rules: object-store-api and dina-base-api, `DinaRole` and
`GroupAuthorizationService`. Groups compare without case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from coffer.domain.errors import ForbiddenError, UnauthenticatedError


class Role(IntEnum):
    """A role in a group or in the realm; the lower number is the stronger."""

    DINA_ADMIN = 0
    SUPER_USER = 1
    USER = 2
    GUEST = 3
    READ_ONLY_ADMIN = 4
    READ_ONLY = 5

    @classmethod
    def parse(cls, text: str) -> Role | None:
        """The role that `text` names: case and punctuation do not count; None if it names none."""
        name = "".join(char if char.isalpha() else "_" for char in text).upper()
        return cls.__members__.get(name)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A verified user, or anybody.

    `groups` maps each group, in lower case, to the user's roles there (possibly none: a plain
    member). `realm_roles` hold everywhere.
    """

    username: str
    groups: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    realm_roles: frozenset[Role] = frozenset()
    agent_identifier: str | None = None
    is_anonymous: bool = False
    """Whether nothing is known of them, because they need not say who they are."""

    @property
    def is_admin(self) -> bool:
        """Whether the caller administers the whole realm."""
        return Role.DINA_ADMIN in self.realm_roles

    def has_role(self, role: Role, group: str) -> bool:
        """Whether the caller has `role` or a stronger one in `group`."""
        if self.is_admin:
            return True
        return any(held <= role for held in self.groups.get(group.strip().lower(), ()))

    def may_read(self, group: str) -> bool:
        """Whether the caller may read what belongs to `group`."""
        return self.has_role(Role.READ_ONLY, group)

    def require_role(self, role: Role, group: str) -> None:
        """Raise ForbiddenError unless the caller has `role` or a stronger one in `group`.

        UnauthenticatedError where nobody knows who they are: with a token they may have it.
        """
        if self.is_anonymous:
            raise token_required()
        if not self.has_role(role, group):
            raise ForbiddenError(
                "role_required",
                f"{self.username} needs the role {role.name} or a stronger one in the group "
                f"{group!r}.",
            )

    def require_role_anywhere(self, role: Role) -> None:
        """Raise ForbiddenError unless the caller has `role` or a stronger one in some group.

        Only groups count, as in the reference: what somebody administers is not what he works on.
        """
        if not any(held <= role for roles in self.groups.values() for held in roles):
            raise ForbiddenError(
                "role_required",
                f"{self.username} needs the role {role.name} or a stronger one in any group.",
            )

    def require_admin(self) -> None:
        """Raise ForbiddenError unless the caller administers the whole realm."""
        if not self.is_admin:
            raise ForbiddenError(
                "role_required",
                f"{self.username} needs the role {Role.DINA_ADMIN.name} in the realm.",
            )


ANONYMOUS = Caller(username="anonymous", is_anonymous=True)


def token_required() -> UnauthenticatedError:
    """What whoever did not say who they are is told."""
    return UnauthenticatedError(
        "token_required",
        "This needs a bearer token: send the header 'Authorization: Bearer <token>'.",
        header="Authorization",
    )
