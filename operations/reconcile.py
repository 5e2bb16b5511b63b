"""Compare the object bucket with the table of uploads, and report differences. Deletes nothing.

Both are copied into a database on this machine's disk, so memory does not grow with their size. The
bucket is listed first, because a record is written before its object and deleted after it: a new
upload is no false alarm. A difference is checked once more before it is reported.
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
"""Prefixes whose objects all belong to an upload. `incoming/` and `exports/` are temporary."""
_PROGRESS_STEP = 10_000


@dataclass(frozen=True)
class Differences:
    """Keys of objects without a record, and (record, key) of records without their object."""

    objects: int
    records: int
    without_record: tuple[str, ...]
    without_storage: tuple[tuple[str, str], ...]


def reconcile(installation: Installation, log: Callable[[str], None]) -> Differences:
    """Return the differences between the object bucket and the table of uploads."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "keys.sqlite")
        try:
            return _Comparison(installation, database, log).run()
        finally:
            database.close()


class _Comparison:
    def __init__(
        self, installation: Installation, database: sqlite3.Connection, log: Callable[[str], None]
    ) -> None:
        self._database = database
        self._log = log
        self._s3 = installation.client("s3")
        self._bucket = installation.names["ObjectBucket"]
        self._dynamodb = installation.client("dynamodb")
        self._table = installation.names["UploadsTable"]
        database.execute("CREATE TABLE stored (key TEXT PRIMARY KEY) WITHOUT ROWID")
        database.execute(
            "CREATE TABLE known (key TEXT PRIMARY KEY, record TEXT, needed INTEGER) WITHOUT ROWID"
        )

    def run(self) -> Differences:
        objects = self._fill(
            "INSERT OR IGNORE INTO stored VALUES (?)", self._stored_keys(), "objects"
        )
        records = self._fill(
            "INSERT OR REPLACE INTO known VALUES (?, ?, ?)", self._known_keys(), "keys"
        )
        unknown = self._database.execute(
            "SELECT key FROM stored WHERE key NOT IN (SELECT key FROM known)"
        ).fetchall()
        missing = self._database.execute(
            "SELECT record, key FROM known WHERE needed AND key NOT IN (SELECT key FROM stored)"
        ).fetchall()
        return Differences(
            objects,
            records,
            tuple(key for (key,) in unknown if self._exists(key)),
            tuple((record, key) for record, key in missing if self._is_missing(record, key)),
        )

    def _fill(self, statement: str, rows: Iterable[tuple[Any, ...]], unit: str) -> int:
        count = 0
        for row in rows:
            self._database.execute(statement, row)
            count += 1
            if count % _PROGRESS_STEP == 0:
                self._log(f"{count} {unit} read")
        return count

    def _stored_keys(self) -> Iterator[tuple[str]]:
        pages = self._s3.get_paginator("list_objects_v2")
        for prefix in PREFIXES:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    yield (entry["Key"],)

    def _known_keys(self) -> Iterator[tuple[str, str, bool]]:
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self._table):
            for item in page["Items"]:
                yield from keys_of(_plain(item))

    def _exists(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError:
            return False
        return True

    def _is_missing(self, record: str, key: str) -> bool:
        """Return true if the object is still missing and the record still needs it."""
        response = self._dynamodb.get_item(
            TableName=self._table, Key={"fileIdentifier": {"S": record}}, ConsistentRead=True
        )
        item = _plain(response.get("Item", {}))
        needed = {known for known, _, is_needed in keys_of(item) if is_needed} if item else set()
        return key in needed and not self._exists(key)


def keys_of(item: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yield each key of an upload's item as (key, record, whether the object must exist)."""
    record = item["fileIdentifier"]
    is_readable = item["uploadStatus"] == "AVAILABLE" and "deletedOn" not in item
    if "objectKey" in item:
        yield item["objectKey"], record, is_readable
    if "thumbnailIdentifier" in item:
        key = f"thumbnails/{item['bucketKey']}/{item['thumbnailIdentifier']}.jpg"
        yield key, record, is_readable and item.get("thumbnailStatus") == "READY"


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    """Return a DynamoDB item without the types of its values."""
    return {name: next(iter(value.values())) for name, value in item.items()}
