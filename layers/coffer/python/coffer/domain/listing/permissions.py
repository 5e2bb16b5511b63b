"""Permissions of a caller on a record: reading it, and the changes of the reference's matrix."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.domain.callers import Caller, Role
from coffer.domain.listing.index_keys import ListedRecord
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import ObjectUpload

PROVIDER = "coffer"
"""The `permissionsProvider` in responses: the service that decided."""

_METADATA = {"create": Role.GUEST, "update": Role.GUEST, "delete": Role.SUPER_USER}
_DERIVATIVE = {"create": Role.GUEST, "update": Role.GUEST, "delete": Role.USER}


def may_read(caller: Caller, record: Metadata | ObjectUpload) -> bool:
    """Return True if the record is public or belongs to a group of the caller.

    For derivatives, `derivatives.release` decides, because their sources count, too.
    """
    is_public = isinstance(record, Metadata) and record.publicly_releasable
    return is_public or caller.may_read(record.bucket)


def permissions_of(caller: Caller, record: ListedRecord) -> list[str]:
    """Return the caller's permissions on the record, of `create`, `update` and `delete`.

    The record of an upload is created by uploading the file, not by a request.
    """
    if isinstance(record, ObjectUpload):
        return ["update", "delete"] if caller.is_admin else []
    required: Mapping[str, Role] = _METADATA if isinstance(record, Metadata) else _DERIVATIVE
    return [name for name, role in required.items() if caller.has_role(role, record.bucket)]
