"""Holding the records against the store: what is there without the other. Deletes nothing.

The whole bucket is listed, then the whole table read, into a database on this machine's disk: so
it takes no memory, however much there is. A record is written before its object and outlives it,
so listing first makes no false alarm of an upload that comes meanwhile; what still looks wrong
is looked at once more, one by one, before it is reported.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from operations.installation import Installation

PREFIXES = ("objects/", "derivatives/", "thumbnails/")
"""Where every object belongs to an upload. What arrives, and exports, have lives of their own."""
_PROGRESS = 10_000


@dataclass(frozen=True)
class Differences:
    """Keys of objects that no record knows, and (record, key) of records whose object is gone."""

    objects: int
    records: int
    without_record: tuple[str, ...]
    without_storage: tuple[tuple[str, str], ...]


def reconcile(installation: Installation, say: Callable[[str], None]) -> Differences:
    """Compare the object bucket with the table of uploads."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "keys.sqlite")
        try:
            return _Comparison(installation, database, say).run()
        finally:
            database.close()


class _Comparison:
    def __init__(
        self, installation: Installation, database: sqlite3.Connection, say: Callable[[str], None]
    ) -> None:
        self._database = database
        self._say = say
        self._s3 = installation.client("s3")
        self._bucket = installation.names["ObjectBucket"]
        self._dynamodb = installation.client("dynamodb")
        self._table = installation.names["UploadsTable"]
        database.execute("CREATE TABLE stored (key TEXT PRIMARY KEY) WITHOUT ROWID")
        database.execute(
            "CREATE TABLE known (key TEXT PRIMARY KEY, record TEXT, needed INTEGER) WITHOUT ROWID"
        )

    def run(self) -> Differences:
        objects = self._fill("INSERT OR IGNORE INTO stored VALUES (?)", self._listed(), "objects")
        records = self._fill("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", self._known(), "keys")
        unknown = self._database.execute(
            "SELECT key FROM stored WHERE key NOT IN (SELECT key FROM known)"
        ).fetchall()
        missing = self._database.execute(
            "SELECT record, key FROM known WHERE needed AND key NOT IN (SELECT key FROM stored)"
        ).fetchall()
        return Differences(
            objects,
            records,
            tuple(key for (key,) in unknown if self._is_there(key)),
            tuple((record, key) for record, key in missing if self._is_missed(record, key)),
        )

    def _fill(self, statement: str, rows: Iterable[tuple[Any, ...]], what: str) -> int:
        count = 0
        for row in rows:
            self._database.execute(statement, row)
            count += 1
            if count % _PROGRESS == 0:
                self._say(f"{count} {what} read")
        return count

    def _listed(self) -> Iterator[tuple[str]]:
        pages = self._s3.get_paginator("list_objects_v2")
        for prefix in PREFIXES:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for found in page.get("Contents", ()):
                    yield (found["Key"],)

    def _known(self) -> Iterator[tuple[str, str, bool]]:
        """Every key that a record speaks of, the record, and whether the object has to be there."""
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self._table):
            for item in page["Items"]:
                yield from keys_of({name: next(iter(it.values())) for name, it in item.items()})

    def _is_there(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError:
            return False
        return True

    def _is_missed(self, record: str, key: str) -> bool:
        """Whether the object is missing still, and the record still needs it."""
        found = self._dynamodb.get_item(
            TableName=self._table, Key={"fileIdentifier": {"S": record}}, ConsistentRead=True
        )
        item = {name: next(iter(it.values())) for name, it in found.get("Item", {}).items()}
        needed = {known for known, _, is_needed in keys_of(item) if is_needed} if item else set()
        return key in needed and not self._is_there(key)


def keys_of(item: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """The keys that an item of the table speaks of: (key, record, has to be there)."""
    record = item["fileIdentifier"]
    is_readable = item["uploadStatus"] == "AVAILABLE" and "deletedOn" not in item
    if "objectKey" in item:
        yield item["objectKey"], record, is_readable
    if "thumbnailIdentifier" in item:
        key = f"thumbnails/{item['bucketKey']}/{item['thumbnailIdentifier']}.jpg"
        yield key, record, is_readable and item.get("thumbnailStatus") == "READY"
