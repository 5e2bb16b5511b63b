"""The rights to each type of resource: the role that a permission takes, and where.

Use cases require these rights, and permission-check reports them. Use cases also let callers read
what is public. The table is the reference's matrix, and has the types that only Coffer has.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from coffer.domain.callers import Caller, Role
from coffer.domain.errors import ForbiddenError

METADATA, DERIVATIVE, OBJECT_UPLOAD = "metadata", "derivative", "object-upload"
PROVIDER = "coffer"
"""The `permissionsProvider` in responses: the service that decided."""
DERIVATIVE_GENERATION, INDEX_REFRESH = "derivative-generation", "index-refresh"


class Permission(StrEnum):
    """What a caller may do with a resource."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Scope(StrEnum):
    """Where a caller needs the role of a right."""

    GROUP = "in the group of the resource"
    ANY_GROUP = "in any group"
    REALM = "in the realm"
    OWNER = "nowhere, but the caller created the resource"
    NOWHERE = "nowhere: every user has the right"


class Right(NamedTuple):
    """The role that a permission takes, and where."""

    scope: Scope
    role: Role = Role.READ_ONLY


def _in_group(**roles: Role) -> dict[Permission, Right]:
    return {Permission(name): Right(Scope.GROUP, role) for name, role in roles.items()}


_EVERY_CHANGE = (Permission.CREATE, Permission.UPDATE, Permission.DELETE)
_ADMIN, _EVERYBODY = Right(Scope.REALM, Role.DINA_ADMIN), Right(Scope.NOWHERE)
_READ_BY_EVERYBODY = {Permission.READ: _EVERYBODY}
RIGHTS: Mapping[str, Mapping[Permission, Right]] = {
    METADATA: _in_group(
        read=Role.READ_ONLY, create=Role.GUEST, update=Role.GUEST, delete=Role.SUPER_USER
    ),
    DERIVATIVE: _in_group(
        read=Role.READ_ONLY, create=Role.GUEST, update=Role.GUEST, delete=Role.USER
    ),
    # An upload of a file creates its record.
    OBJECT_UPLOAD: _in_group(read=Role.READ_ONLY, create=Role.GUEST)
    | {Permission.UPDATE: _ADMIN, Permission.DELETE: _ADMIN},
    "managed-attribute": _READ_BY_EVERYBODY
    | dict.fromkeys(_EVERY_CHANGE, Right(Scope.ANY_GROUP, Role.SUPER_USER)),
    "object-subtype": _READ_BY_EVERYBODY | dict.fromkeys(_EVERY_CHANGE, _ADMIN),
    # Every user may export what the user may read.
    "object-export": {Permission.READ: Right(Scope.OWNER), Permission.CREATE: _EVERYBODY},
    "resource-name-identifier": _in_group(read=Role.READ_ONLY),
    "media-type": _READ_BY_EVERYBODY,
    "license": _READ_BY_EVERYBODY,
    "config": _READ_BY_EVERYBODY,
    DERIVATIVE_GENERATION: {Permission.CREATE: _ADMIN},
    INDEX_REFRESH: {Permission.CREATE: _ADMIN},
}


def require_right(
    caller: Caller,
    resource_type: str,
    permission: Permission,
    *,
    group: str = "",
    created_by: str = "",
) -> None:
    """Raise ForbiddenError unless the caller has this permission on a resource.

    `group` and `created_by` are the group and the owner of the resource, if they count. Raises
    UnauthenticatedError for an anonymous caller.
    """
    right = RIGHTS[resource_type][permission]
    if right.scope is Scope.GROUP:
        caller.require_role(right.role, group)
    elif right.scope is Scope.ANY_GROUP:
        caller.require_role_anywhere(right.role)
    elif right.scope is Scope.REALM:
        caller.require_admin()
    elif right.scope is Scope.OWNER and not caller.owns(created_by, None):
        raise ForbiddenError("role_required", f"Only its owner may {permission} this.")


def permissions_on(
    caller: Caller, resource_type: str, *, group: str = "", created_by: str = ""
) -> list[Permission]:
    """Return the permissions of the caller on a resource that is not public."""

    def has(permission: Permission) -> bool:
        try:
            require_right(caller, resource_type, permission, group=group, created_by=created_by)
        except ForbiddenError:
            return False
        return True

    return [permission for permission in RIGHTS[resource_type] if has(permission)]


def decisive_attributes(resource_type: str) -> list[str]:
    """Return the names of the attributes of a resource on which its permissions depend."""
    scopes = {right.scope for right in RIGHTS[resource_type].values()}
    of_group = ["group", "bucket"] if Scope.GROUP in scopes else []
    return of_group + (["createdBy"] if Scope.OWNER in scopes else [])
