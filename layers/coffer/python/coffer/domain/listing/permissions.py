"""Permissions: which changes of a record its reader may make (the reference's matrix)."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.domain.callers import Caller, Role
from coffer.domain.derivatives.record import Derivative
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import ObjectUpload

PROVIDER = "coffer"
"""Who decided, as the reference's answers name it."""

_METADATA = {"create": Role.GUEST, "update": Role.GUEST, "delete": Role.SUPER_USER}
_DERIVATIVE = {"create": Role.GUEST, "update": Role.GUEST, "delete": Role.USER}


def permissions_of(caller: Caller, record: ObjectUpload | Metadata | Derivative) -> list[str]:
    """What the caller may do to the record, of create, update and delete.

    Uploads are created by uploading, so nobody may create their records.
    """
    match record:
        case ObjectUpload():
            return ["update", "delete"] if caller.is_admin else []
        case Metadata():
            needed: Mapping[str, Role] = _METADATA
        case Derivative():
            needed = _DERIVATIVE
    return [name for name, role in needed.items() if caller.has_role(role, record.bucket)]
