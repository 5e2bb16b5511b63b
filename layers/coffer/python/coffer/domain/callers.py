"""Callers, their roles in groups, and the checks of what they may do.

Source of the roles and rules: object-store-api and dina-base-api, `DinaRole` and
`GroupAuthorizationService`. Group names are not case-sensitive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from coffer.domain.errors import ForbiddenError, UnauthenticatedError

MAX_USERNAME_LENGTH = 255
"""Characters of a user name. Index keys take 2,048 bytes, and a character has at most 4."""
SYSTEM_GENERATED = "System Generated"
"""The author of records and changes that no user made."""
ORPHAN_REMOVAL = "System Generated (orphan removal)"
"""The user who deletes orphans."""


class Role(IntEnum):
    """A role in a group or in the realm. A role includes the rights of all roles below it."""

    DINA_ADMIN = 0
    SUPER_USER = 1
    USER = 2
    GUEST = 3
    READ_ONLY_ADMIN = 4
    READ_ONLY = 5

    @classmethod
    def parse(cls, text: str) -> Role | None:
        """Return the role of this name, or None. Case and punctuation do not count.

        Letters outside ASCII are refused, because the upper case of some is a letter of ASCII.
        """
        if not text.isascii():
            return None
        name = "".join(char if char.isalpha() else "_" for char in text).upper()
        return cls.__members__.get(name)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An authenticated user, or an anonymous caller.

    `groups` maps each group (in lower case) to the user's roles there; a member may have no role.
    `realm_roles` are valid in all groups.
    """

    username: str
    groups: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    realm_roles: frozenset[Role] = frozenset()
    agent_identifier: str | None = None
    subject: str | None = None
    """The claim `sub`, which never changes. A user may be able to change the user name."""
    is_anonymous: bool = False

    def owns(self, created_by: str, subject: str | None) -> bool:
        """True if this user created a record. The names count only if a subject is missing."""
        if subject is not None and self.subject is not None:
            return subject == self.subject
        return created_by == self.username

    @property
    def is_admin(self) -> bool:
        """True if the caller administers the whole realm."""
        return Role.DINA_ADMIN in self.realm_roles

    def has_role(self, role: Role, group: str) -> bool:
        """True if the caller has `role` or a higher one in `group`."""
        if self.is_admin:
            return True
        return any(held <= role for held in self.groups.get(group_key(group), ()))

    def may_read(self, group: str) -> bool:
        """True if the caller may read the records and files of `group`."""
        return self.has_role(Role.READ_ONLY, group)

    def require_reader(self, group: str) -> None:
        """Raise an error, as `require_role` does, unless the caller `may_read` in `group`."""
        self.require_role(Role.READ_ONLY, group)

    def require_role(self, role: Role, group: str) -> None:
        """Raise ForbiddenError unless the caller has `role` or a higher one in `group`.

        Raises UnauthenticatedError for an anonymous caller, who may have the role with a token.
        """
        if self.is_anonymous:
            raise token_required()
        if not self.has_role(role, group):
            raise ForbiddenError("role_required", self.missing_role(role, group))

    def missing_role(self, role: Role, group: str) -> str:
        """Return a sentence that names the missing role, and the group only to its members."""
        # Naming another group would reveal to whom a record belongs.
        is_member = group_key(group) in self.groups
        where = f"the group {group!r}" if is_member else "the group that this belongs to"
        return f"{self.username} needs the role {role.name} or a stronger one in {where}."

    def require_role_anywhere(self, role: Role) -> None:
        """Raise ForbiddenError unless the caller has `role` or a higher one in any group.

        As in the reference, realm roles do not count here.
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


def group_key(group: str) -> str:
    """Return the form of a group's name that is compared: lower case, without spaces around it.

    A name with characters outside ASCII stays as it is. The lower case of the Kelvin sign is `k`,
    and Python strips a no-break space, so such names would become those of other groups.
    """
    return group.strip(" ").lower() if group.isascii() else group


ANONYMOUS = Caller(username="anonymous", is_anonymous=True)


def token_required() -> UnauthenticatedError:
    """Return the error for a request without a token."""
    return UnauthenticatedError(
        "token_required",
        "A bearer token is required: send the header 'Authorization: Bearer <token>'.",
        header="Authorization",
    )
