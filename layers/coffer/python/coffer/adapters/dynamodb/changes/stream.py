"""Parse records of the tables' DynamoDB streams into changes of our records."""

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
from coffer.domain.changes.snapshots import AuditedRecord
from coffer.domain.errors import ChangeRefusedError
from coffer.settings import table_settings

RecordItem = (
    type[UploadItem] | type[MetadataItem] | type[DerivativeItem] | type[TermItem] | type[ExportItem]
)

_ITEMS: Mapping[str, RecordItem] = {
    table_settings.uploads_table: UploadItem,
    table_settings.metadata_table: MetadataItem,
    table_settings.derivatives_table: DerivativeItem,
    # Its event source mapping passes changes of terms only.
    table_settings.vocabulary_table: TermItem,
    table_settings.exports_table: ExportItem,
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A record before and after a write; None if it did not exist, or does not exist any more."""

    before: AuditedRecord | None
    after: AuditedRecord | None
    occurred_on: datetime


def parse_stream_record(record: Mapping[str, Any]) -> Change:
    """Return the change that a stream record describes; raise ChangeRefusedError if it has none."""
    item_type = _ITEMS[table_of(record)]
    try:
        body = record["dynamodb"]
        return Change(
            before=_record(item_type, body.get("OldImage")),
            after=_record(item_type, body.get("NewImage")),
            occurred_on=datetime.fromtimestamp(float(body["ApproximateCreationDateTime"]), UTC),
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Parsing depends on nothing but the record, so another attempt has the same result.
        raise ChangeRefusedError(f"The stream record cannot be parsed: {error!r}") from error


def table_of(record: Mapping[str, Any]) -> str:
    """Return the table in the ARN of a stream record: `…:table/<name>/stream/<label>`."""
    return str(record["eventSourceARN"]).partition(":table/")[2].partition("/")[0]


def _record(item_type: RecordItem, image: Mapping[str, Any] | None) -> AuditedRecord | None:
    """Return the record of an image in DynamoDB's JSON."""
    if not image:
        return None
    item = item_type()
    item.from_dynamodb_dict(dict(image))
    return item.record()
