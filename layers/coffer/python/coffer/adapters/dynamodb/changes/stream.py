"""What a DynamoDB stream record says happened to a record of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from coffer.adapters.dynamodb.derivatives import DerivativeItem
from coffer.adapters.dynamodb.export.items import ExportItem
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.adapters.dynamodb.uploads.items import UploadItem
from coffer.adapters.dynamodb.vocabulary.items import TermItem
from coffer.domain.changes.publish import Record
from coffer.settings import table_settings

RecordItem = (
    type[UploadItem] | type[MetadataItem] | type[DerivativeItem] | type[TermItem] | type[ExportItem]
)

_ITEMS: Mapping[str, RecordItem] = {
    table_settings.uploads_table: UploadItem,
    table_settings.metadata_table: MetadataItem,
    table_settings.derivatives_table: DerivativeItem,
    # The mapping of its stream lets only terms through.
    table_settings.vocabulary_table: TermItem,
    table_settings.exports_table: ExportItem,
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A record before and after somebody wrote it; None where it was not, or is not, there."""

    before: Record | None
    after: Record | None
    occurred_on: datetime


def read_change(record: Mapping[str, Any]) -> Change:
    """The change that a stream record of one of our tables is about.

    The table is named in the record's ARN: `…:table/<name>/stream/<label>`.
    """
    table = str(record["eventSourceARN"]).partition(":table/")[2].partition("/")[0]
    kind = _ITEMS[table]
    body = record["dynamodb"]
    return Change(
        before=_record(kind, body.get("OldImage")),
        after=_record(kind, body.get("NewImage")),
        occurred_on=datetime.fromtimestamp(float(body["ApproximateCreationDateTime"]), UTC),
    )


def _record(kind: RecordItem, image: Mapping[str, Any] | None) -> Record | None:
    """The record of an image, which is in DynamoDB's own JSON."""
    if not image:
        return None
    item = kind()
    item.from_dynamodb_dict(dict(image))
    return item.record()
