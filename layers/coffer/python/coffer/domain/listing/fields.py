"""The attribute tables of the records that have lists, and what filters see of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
from coffer.domain.fields import RecordFields
from coffer.domain.listing.index_keys import Kind, ListedRecord, SortOrder, kind_of
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS

FIELDS: Mapping[Kind, RecordFields] = {
    Kind.METADATA: METADATA_FIELDS,
    Kind.DERIVATIVE: DERIVATIVE_FIELDS,
    Kind.OBJECT_UPLOAD: OBJECT_UPLOAD_FIELDS,
}
SORT_ORDERS: Mapping[Kind, tuple[SortOrder, ...]] = {
    kind: tuple(
        order for order in SortOrder if (field := fields.by_name.get(order)) and field.sortable
    )
    for kind, fields in FIELDS.items()
}
"""The orders of each type's lists. Each has an index by bucket and an index by shard."""


def fields_of(record: ListedRecord) -> RecordFields:
    """Return the attribute table of a record."""
    return FIELDS[kind_of(record)]


def related_ids(record: ListedRecord) -> dict[str, str]:
    """Return the ids of related records, by the names of the relationships to one record."""
    return {
        one.name: identifier
        for one in fields_of(record).relationships
        if not one.is_many and (identifier := getattr(record, one.attribute))
    }


def filter_values(record: ListedRecord) -> dict[str, Any]:
    """Return what filters compare: id, attributes, and `{"id": …}` by relationship."""
    related = {name: {"id": identifier} for name, identifier in related_ids(record).items()}
    fields = fields_of(record)
    return {"id": getattr(record, fields.identifier)} | fields.present(record) | related
