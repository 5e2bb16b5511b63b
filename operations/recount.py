"""Count the records of each bucket again, and correct the counters that differ.

A counter changes in the transaction that writes a snapshot into the audit. So if the audit has the
current version of every record of a table, the counters include all of them. The order of reading
makes this safe while the change stream runs: first the counters, then each page of records with its
snapshots. A counter is corrected on condition that it has not changed since. A change that is
published meanwhile changes the counter, which is then left alone. A later one changes the corrected
counter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from coffer.domain.listing.index_keys import IndexKeys, Kind
from operations.failed_changes import failed_batches
from operations.installation import Installation

TABLES: Mapping[Kind, tuple[str, str]] = {
    Kind.METADATA: ("MetadataTable", "id"),
    Kind.DERIVATIVE: ("DerivativesTable", "id"),
    Kind.OBJECT_UPLOAD: ("UploadsTable", "fileIdentifier"),
}
"""Table and partition key of each kind of record."""
_MAX_BATCH_SIZE = 100
"""Keys of one BatchGetItem call."""
_PROGRESS_STEP = 10_000
_ATTRIBUTES = {"#in": "listedIn", "#as": "listedAs", "#version": "version"}


class CounterStatus(StrEnum):
    """The result for a counter that differs."""

    CORRECTED = "corrected"
    FOUND = "found"  # a dry run
    CHANGED = "changed"  # it changed meanwhile and was left alone
    UNPUBLISHED = "unpublished"  # the change stream has not published all changes


@dataclass(frozen=True)
class RecordCounts:
    """The records of a bucket, and how many of them are public."""

    records: int = 0
    public_records: int = 0


@dataclass(frozen=True, kw_only=True)
class CounterDifference:
    """A counter that differs from the number of records."""

    kind: Kind
    bucket_key: str
    counter: RecordCounts
    counted: RecordCounts
    status: CounterStatus


@dataclass(frozen=True, kw_only=True)
class Recount:
    """The number of counters, and those that differ."""

    counters: int
    differences: tuple[CounterDifference, ...]


def recount(
    installation: Installation,
    log: Callable[[str], None],
    *,
    dry_run: bool = False,
    regardless: bool = False,
) -> Recount:
    """Count all records and correct the counters that differ, unless it is a dry run.

    `regardless` also corrects counters if the audit lacks changes. That is right if those changes
    will never be published, such as after a restore, and wrong if the change stream is only late.
    """
    counting = _Counting(installation, log, dry_run=dry_run, regardless=regardless)
    counters, differences = 0, list[CounterDifference]()
    for kind in TABLES:
        number, different = counting.run(kind)
        counters += number
        differences += different
    return Recount(counters=counters, differences=tuple(differences))


class _Counting:
    def __init__(
        self,
        installation: Installation,
        log: Callable[[str], None],
        *,
        dry_run: bool,
        regardless: bool,
    ) -> None:
        self._dynamodb = installation.client("dynamodb")
        self._names = installation.names
        self._log = log
        self._dry_run, self._regardless = dry_run, regardless
        self._has_failed_batches = next(failed_batches(installation), None) is not None

    def run(self, kind: Kind) -> tuple[int, list[CounterDifference]]:
        """Return the number of counters of a kind, and those that differ."""
        counters = self._read_counters(kind)
        counted, unpublished = self._count_records(kind)
        if unpublished:
            self._log(f"{unpublished} changes of {kind} records have not been published yet")
        is_late = bool(unpublished or self._has_failed_batches) and not self._regardless
        keys = sorted({*counters, *counted})
        return len(keys), [
            self._settle(
                kind, key, counters.get(key), counted.get(key, RecordCounts()), is_late=is_late
            )
            for key in keys
            if counters.get(key, RecordCounts()) != counted.get(key, RecordCounts())
        ]

    def _settle(
        self,
        kind: Kind,
        key: str,
        counter: RecordCounts | None,
        counted: RecordCounts,
        *,
        is_late: bool,
    ) -> CounterDifference:
        if self._dry_run:
            status = CounterStatus.FOUND
        elif is_late:
            status = CounterStatus.UNPUBLISHED
        else:
            status = self._correct(kind, key, counter, counted)
        return CounterDifference(
            kind=kind,
            bucket_key=key,
            counter=counter or RecordCounts(),
            counted=counted,
            status=status,
        )

    def _read_counters(self, kind: Kind) -> dict[str, RecordCounts]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._names["CountsTable"],
            KeyConditionExpression="#kind = :kind",
            ExpressionAttributeNames={"#kind": "kind"},
            ExpressionAttributeValues={":kind": {"S": kind.value}},
            ConsistentRead=True,
        )
        return {
            item["bucketKey"]["S"]: RecordCounts(
                int(item["records"]["N"]), int(item["publicRecords"]["N"])
            )
            for page in pages
            for item in page["Items"]
        }

    def _count_records(self, kind: Kind) -> tuple[dict[str, RecordCounts], int]:
        """Return the records by bucket, and how many of them the audit lacks."""
        records, public, unpublished, read = Counter[str](), Counter[str](), 0, 0
        for items in self._read_records(kind):
            unpublished += len(items) - self._published(kind, items)
            for item in items:
                if "listedIn" in item:
                    keys = IndexKeys(
                        bucket_key=item["listedIn"]["S"], shard=item["listedAs"]["S"], sort_keys={}
                    )
                    records[keys.bucket_key] += 1
                    public[keys.bucket_key] += keys.is_public
            read += len(items)
            if read % _PROGRESS_STEP < len(items):
                self._log(f"{read} {kind} records read")
        return {key: RecordCounts(records[key], public[key]) for key in records}, unpublished

    def _read_records(self, kind: Kind) -> Iterator[list[dict[str, Any]]]:
        """Yield the records that readers have ever seen, up to a hundred at a time."""
        table, identifier = TABLES[kind]
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._names[table],
            ProjectionExpression=", ".join((*_ATTRIBUTES, "#id")),
            ExpressionAttributeNames={**_ATTRIBUTES, "#id": identifier},
            ConsistentRead=True,
        )
        for page in pages:
            visible = [item for item in page["Items"] if int(item["version"]["N"]) > 0]
            for start in range(0, len(visible), _MAX_BATCH_SIZE):
                yield visible[start : start + _MAX_BATCH_SIZE]

    def _published(self, kind: Kind, items: Sequence[Mapping[str, Any]]) -> int:
        """Return how many of these records have their current version in the audit."""
        audit, identifier = self._names["AuditTable"], TABLES[kind][1]
        requested: Any = {
            audit: {
                "Keys": [
                    {
                        "instanceId": {"S": f"{kind}/{item[identifier]['S']}"},
                        "version": item["version"],
                    }
                    for item in items
                ],
                "ProjectionExpression": "instanceId",
                "ConsistentRead": True,
            }
        }
        published = 0
        while requested:
            response = self._dynamodb.batch_get_item(RequestItems=requested)
            published += len(response["Responses"].get(audit, ()))
            requested = response["UnprocessedKeys"]
        return published

    def _correct(
        self, kind: Kind, key: str, counter: RecordCounts | None, counted: RecordCounts
    ) -> CounterStatus:
        """Set a counter if it is unchanged."""
        values = {":records": counted.records, ":public": counted.public_records}
        is_unchanged = "attribute_not_exists(#kind)"
        if counter is not None:
            values |= {":was": counter.records, ":wasPublic": counter.public_records}
            is_unchanged = "#records = :was AND #public = :wasPublic"
        names = {"#records": "records", "#public": "publicRecords"}
        try:
            self._dynamodb.update_item(
                TableName=self._names["CountsTable"],
                Key={"kind": {"S": kind.value}, "bucketKey": {"S": key}},
                UpdateExpression="SET #records = :records, #public = :public",
                ConditionExpression=is_unchanged,
                ExpressionAttributeNames=names | ({"#kind": "kind"} if counter is None else {}),
                ExpressionAttributeValues={
                    name: {"N": str(number)} for name, number in values.items()
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return CounterStatus.CHANGED
        return CounterStatus.CORRECTED
