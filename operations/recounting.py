"""Counting again what lists show, bucket by bucket, and mending the counters that differ.

A counter moves in the very transaction that keeps a change in the audit. So where the audit has the
version of every record that a table holds, the counters have counted all of them. This is read in
an order that nothing slips through: the counters, then the records, each followed by its audit; and
a counter is set on condition that it still is what it was at first. What is told meanwhile moves
the counter, which is then left alone; what is told later moves what was set. So the change stream
may go on, and so may everybody else.
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
"""Where the records of a kind are, and what they are identified by."""
_ENTRIES_PER_TRANSACTION = 100
"""Keys that one BatchGetItem takes."""
_READ = {"#in": "listedIn", "#as": "listedAs", "#version": "version"}


class Fate(StrEnum):
    """What became of a counter that differs."""

    MENDED = "mended"
    FOUND = "found"  # it was only to be named
    MOVING = "moving"  # somebody wrote meanwhile: it is left for the next time
    UNTOLD = "untold"  # there are changes that the stream has yet to tell


@dataclass(frozen=True)
class Numbers:
    """How many records a bucket has, and how many of them are public."""

    records: int = 0
    public_records: int = 0


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A counter that is not what there is."""

    kind: Kind
    bucket_key: str
    kept: Numbers
    counted: Numbers
    fate: Fate


@dataclass(frozen=True, kw_only=True)
class Recount:
    """How many counters there should be, and those that differ."""

    counters: int
    differences: tuple[Difference, ...]


def recount(
    installation: Installation,
    say: Callable[[str], None],
    *,
    dry: bool = False,
    regardless: bool = False,
) -> Recount:
    """Count every list again, and mend the counters that differ, unless it is a `dry` run.

    `regardless` mends also where the audit lacks changes: that is right where nobody will ever tell
    of them, such as after a table was restored, and wrong while the stream is only late.
    """
    counting = _Counting(installation, say, dry=dry, regardless=regardless)
    counters, differences = 0, list[Difference]()
    for kind in TABLES:
        number, found = counting.run(kind)
        counters += number
        differences += found
    return Recount(counters=counters, differences=tuple(differences))


class _Counting:
    def __init__(
        self,
        installation: Installation,
        say: Callable[[str], None],
        *,
        dry: bool,
        regardless: bool,
    ) -> None:
        self._dynamodb = installation.client("dynamodb")
        self._names = installation.names
        self._say = say
        self._dry, self._regardless = dry, regardless
        self._failed = next(failed_batches(installation), None) is not None

    def run(self, kind: Kind) -> tuple[int, list[Difference]]:
        """How many counters a kind has, and those that differ."""
        kept = self._kept(kind)
        counted, untold = self._counted(kind)
        if untold:
            self._say(f"{untold} changes of {kind} records have not been told yet")
        late = bool(untold or self._failed) and not self._regardless
        keys = sorted({*kept, *counted})
        return len(keys), [
            self._settle(kind, key, kept.get(key), counted.get(key, Numbers()), late=late)
            for key in keys
            if kept.get(key, Numbers()) != counted.get(key, Numbers())
        ]

    def _settle(
        self, kind: Kind, key: str, kept: Numbers | None, counted: Numbers, *, late: bool
    ) -> Difference:
        if self._dry:
            fate = Fate.FOUND
        elif late:
            fate = Fate.UNTOLD
        else:
            fate = self._mend(kind, key, kept, counted)
        return Difference(
            kind=kind, bucket_key=key, kept=kept or Numbers(), counted=counted, fate=fate
        )

    def _kept(self, kind: Kind) -> dict[str, Numbers]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._names["CountsTable"],
            KeyConditionExpression="#kind = :kind",
            ExpressionAttributeNames={"#kind": "kind"},
            ExpressionAttributeValues={":kind": {"S": kind.value}},
            ConsistentRead=True,
        )
        return {
            item["bucketKey"]["S"]: Numbers(
                int(item["records"]["N"]), int(item["publicRecords"]["N"])
            )
            for page in pages
            for item in page["Items"]
        }

    def _counted(self, kind: Kind) -> tuple[dict[str, Numbers], int]:
        """What the table holds, by bucket, and how many of its records the audit is behind."""
        records, public, untold, read = Counter[str](), Counter[str](), 0, 0
        for items in self._read(kind):
            untold += len(items) - self._told(kind, items)
            for item in items:
                if "listedIn" in item:
                    keys = IndexKeys(
                        bucket_key=item["listedIn"]["S"], shard=item["listedAs"]["S"], sort_keys={}
                    )
                    records[keys.bucket_key] += 1
                    public[keys.bucket_key] += keys.is_public
            read += len(items)
            if read % 10_000 < len(items):
                self._say(f"{read} {kind} records read")
        return {key: Numbers(records[key], public[key]) for key in records}, untold

    def _read(self, kind: Kind) -> Iterator[list[dict[str, Any]]]:
        """The records that somebody has ever seen, up to a hundred at a time."""
        table, identifier = TABLES[kind]
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._names[table],
            ProjectionExpression=", ".join((*_READ, "#id")),
            ExpressionAttributeNames={**_READ, "#id": identifier},
            ConsistentRead=True,
        )
        for page in pages:
            seen = [item for item in page["Items"] if int(item["version"]["N"]) > 0]
            for at in range(0, len(seen), _ENTRIES_PER_TRANSACTION):
                yield seen[at : at + _ENTRIES_PER_TRANSACTION]

    def _told(self, kind: Kind, items: Sequence[Mapping[str, Any]]) -> int:
        """How many of these records are in the audit as they are now."""
        audit, identifier = self._names["AuditTable"], TABLES[kind][1]
        wanted: Any = {
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
        told = 0
        while wanted:
            answer = self._dynamodb.batch_get_item(RequestItems=wanted)
            told += len(answer["Responses"].get(audit, ()))
            wanted = answer["UnprocessedKeys"]
        return told

    def _mend(self, kind: Kind, key: str, kept: Numbers | None, counted: Numbers) -> Fate:
        """Set a counter, if it still is what it was."""
        values = {":records": counted.records, ":public": counted.public_records}
        same = "attribute_not_exists(#kind)"
        if kept is not None:
            values |= {":was": kept.records, ":wasPublic": kept.public_records}
            same = "#records = :was AND #public = :wasPublic"
        names = {"#records": "records", "#public": "publicRecords"}
        try:
            self._dynamodb.update_item(
                TableName=self._names["CountsTable"],
                Key={"kind": {"S": kind.value}, "bucketKey": {"S": key}},
                UpdateExpression="SET #records = :records, #public = :public",
                ConditionExpression=same,
                ExpressionAttributeNames=names | ({"#kind": "kind"} if kept is None else {}),
                ExpressionAttributeValues={
                    name: {"N": str(number)} for name, number in values.items()
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return Fate.MOVING
        return Fate.MENDED
