"""Permissions of a caller on records: reading them, and the changes of the reference's matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from coffer.domain.callers import Caller
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.release import readable_ids
from coffer.domain.listing.fields import fields_of
from coffer.domain.listing.index_keys import ListedRecord
from coffer.domain.listing.ports import RangePage
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.record import Metadata
from coffer.domain.permissions.rights import Permission, permissions_on
from coffer.domain.uploads.record import ObjectUpload


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
    permissions = permissions_on(caller, fields_of(record).type, group=record.bucket)
    if isinstance(record, ObjectUpload):
        permissions = [one for one in permissions if one is not Permission.CREATE]
    return [str(one) for one in permissions if one is not Permission.READ]


def hide_unreadable_derivatives(
    catalogue: Catalogue, caller: Caller, pages: Sequence[RangePage]
) -> list[RangePage]:
    """Return the pages with all sort keys, and only the records that the caller may read."""
    derivatives = [
        entry.record
        for page in pages
        for entry in page.entries
        if isinstance(entry.record, Derivative)
    ]
    readable = readable_ids(catalogue, caller, derivatives)
    return [_without_others(page, readable) for page in pages]


def _without_others(page: RangePage, readable: frozenset[str]) -> RangePage:
    entries = (
        entry
        if entry.record is None or entry.record.identifier in readable
        else replace(entry, record=None)
        for entry in page.entries
    )
    return replace(page, entries=tuple(entries))
