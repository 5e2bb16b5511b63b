"""Correct moto's DynamoDB (5.2.5) where it differs from DynamoDB in a way that matters here.

Each of these faults has a test with and without the fix:

* A rolled-back transaction leaves its stream records behind. It also replaces the table by a copy,
  so that older shard iterators see no new record.
* Every transaction deep-copies the tables that it writes to, which takes seconds with 10,000 items.
* An update that creates an item writes two INSERT records into the stream, the first of which only
  has the key. An update that fails in the middle keeps the changes before the failure.
* Writing an item that equals the stored one emits MODIFY; DynamoDB emits nothing.
* TTL has no effect: nothing is deleted.
* A value with another type than the index key is accepted, and so is a batch of any size.
* A query on an index scans the whole table, sorts and copies: see `local.aws.dynamodb_indexes`.
* Checking a condition and writing are not atomic, so another thread can write in between.

The fix restores only the items of a failed transaction, in place. One lock covers writes and reads
of streams.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodb.responses import DynamoHandler
from moto.dynamodbstreams.models import DynamoDBStreamsBackend

from local.aws.dynamodb_indexes import SortedIndexes
from local.patching import Patches

TOO_OLD_TO_EXPIRE = timedelta(days=5 * 365)
"""DynamoDB ignores a TTL value that is more than five years in the past."""

MAX_BATCH_WRITES = 25


@dataclass
class _SavedItem:
    """An item before a write, or that it did not exist."""

    table: Table
    hash_key: DynamoType
    range_key: DynamoType | None
    item: Item | None

    @classmethod
    def of(cls, table: Table, key: Mapping[str, Any]) -> _SavedItem | None:
        """Save the item with this key; return None if the key does not fit the table."""
        if table.hash_key_attr not in key:
            return None
        if table.range_key_attr is not None and table.range_key_attr not in key:
            return None
        hash_key = DynamoType(key[table.hash_key_attr])
        range_key = DynamoType(key[table.range_key_attr]) if table.range_key_attr else None
        return cls(table, hash_key, range_key, copy.deepcopy(table.get_item(hash_key, range_key)))

    def restore(self) -> None:
        items: Any = self.table.items
        if self.range_key is None:
            if self.item is None:
                items.pop(self.hash_key, None)
            else:
                items[self.hash_key] = self.item
        elif self.item is None:
            items[self.hash_key].pop(self.range_key, None)
        else:
            items[self.hash_key][self.range_key] = self.item


class DynamoDBFixes:
    """The fixes between `install` and `remove`. `on_record` is called for each stream record."""

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_record: Callable[[], None] = lambda: None,
    ) -> None:
        self.lock = threading.RLock()
        self._now = now
        self._on_record = on_record
        self._patches = Patches()
        self._indexes = SortedIndexes()

    def install(self) -> None:
        """Replace methods of moto's backend."""
        backend = DynamoDBBackend
        self._transact = self._wrap(backend, "transact_write_items", self._transact_write)
        self._update = self._wrap(backend, "update_item", self._update_item)
        self._add = self._wrap(StreamShard, "add", self._add_record)
        self._put_in = self._wrap(Table, "put_item", self._put_into_table)
        self._delete = self._wrap(Table, "delete_item", self._delete_from_table)
        self._query = self._wrap(Table, "query", self._query_table)
        # moto only copies a table as the backup of a transaction, which `_SavedItem` replaces.
        self._patches.replace(Table, "__deepcopy__", lambda table, _memo: table)
        self._put = self._wrap(backend, "put_item", self._put_item)
        self._batch_write = self._wrap(DynamoHandler, "batch_write_item", self._write_batch)
        for owner, name in (
            (backend, "delete_item"),
            (DynamoDBStreamsBackend, "get_records"),
            (DynamoDBStreamsBackend, "get_shard_iterator"),
        ):
            self._wrap(owner, name, vars(owner)[name])

    def remove(self) -> None:
        """Restore moto's methods."""
        self._patches.undo()

    def forget(self, table: Table) -> None:
        """Discard the sorted indexes of a table, after its items were deleted directly."""
        with self.lock:
            self._indexes.forget(table)

    def _wrap(self, owner: Any, name: str, fixed: Callable[..., Any]) -> Callable[..., Any]:
        """Replace a method by `fixed`, called under the lock, and return the original."""
        original: Callable[..., Any] = vars(owner)[name]

        @wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            with self.lock:
                return fixed(*args, **kwargs)

        self._patches.replace(owner, name, method)
        return original

    def _transact_write(self, backend: DynamoDBBackend, transact_items: list[Any]) -> None:
        saved = [one for item in transact_items if (one := _save(backend, item)) is not None]
        with _Rollback(saved):
            self._transact(backend, transact_items)

    def _put_item(
        self, backend: DynamoDBBackend, table_name: str, item: dict[str, Any], *args: Any,
        **kwargs: Any,
    ) -> Item:  # fmt: skip
        types = {name: next(iter(value)) for name, value in item.items() if isinstance(value, dict)}
        _check_index_keys(backend.get_table(table_name), types)
        put: Item = self._put(backend, table_name, item, *args, **kwargs)
        return put

    def _write_batch(self, handler: DynamoHandler) -> ActionResult:
        if sum(map(len, handler.body["RequestItems"].values())) > MAX_BATCH_WRITES:
            raise MockValidationException("Too many items requested for the BatchWriteItem call")
        written: ActionResult = self._batch_write(handler)
        return written

    def _update_item(
        self, backend: DynamoDBBackend, table_name: str, key: Mapping[str, Any], *args: Any,
        **kwargs: Any,
    ) -> Item:  # fmt: skip
        table = backend.get_table(table_name)
        if table.hash_key_attr in key:
            self._indexes.mark_changed(table, DynamoType(key[table.hash_key_attr]))
        shard = table.stream_shard
        before = 0 if shard is None else len(shard.items)
        saved = _SavedItem.of(table, key)
        with _Rollback([] if saved is None else [saved]):
            item: Item = self._update(backend, table_name, key, *args, **kwargs)
            _check_index_keys(table, {name: value.type for name, value in item.attrs.items()})
        if shard is not None and len(shard.items) > before + 1:
            last = shard.items[-1]
            last.record["dynamodb"]["SequenceNumber"] = str(shard.starting_sequence_number + before)
            shard.items[before:] = [last]
        return item

    def _put_into_table(
        self, table: Table, item_attrs: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Item:
        item: Item = self._put_in(table, item_attrs, *args, **kwargs)
        self._indexes.mark_changed(table, item.hash_key)
        return item

    def _delete_from_table(
        self, table: Table, hash_key: DynamoType, range_key: DynamoType | None
    ) -> Item | None:
        self._indexes.mark_changed(table, hash_key)
        item: Item | None = self._delete(table, hash_key, range_key)
        return item

    def _query_table(
        self, table: Table, *args: Any, **kwargs: Any
    ) -> tuple[list[Item], int, dict[str, Any] | None]:
        return self._indexes.query(self._query, table, *args, **kwargs)

    def _add_record(self, shard: StreamShard, old: Item | None, new: Item | None) -> None:
        if old is not None and new is not None and old == new:
            return
        self._add(shard, old, new)
        # moto's record shares nested values with the stored item, which later updates change.
        record = copy.deepcopy(shard.items[-1].record)
        record["dynamodb"]["ApproximateCreationDateTime"] = self._now()
        shard.items[-1].record = record
        self._on_record()

    def sweep_expired(self, backend: DynamoDBBackend) -> int:
        """Delete expired items, as DynamoDB's background process does, and return how many."""
        now = self._now()
        oldest = (now - TOO_OLD_TO_EXPIRE).timestamp()
        swept = 0
        with self.lock:
            for table in list(backend.tables.values()):
                if table.ttl.get("TimeToLiveStatus") != "ENABLED":
                    continue
                attribute = table.ttl["AttributeName"]
                for item in list(table.all_items()):
                    value = item.attrs.get(attribute)
                    if value is None or value.type != "N":
                        continue
                    if oldest < float(value.value) <= now.timestamp():
                        self._expire(table, item)
                        swept += 1
        return swept

    def _expire(self, table: Table, item: Item) -> None:
        table.delete_item(item.hash_key, item.range_key)
        if table.stream_shard is not None:
            # Marks a removal by TTL. Source: "DynamoDB Streams and Time to Live".
            table.stream_shard.items[-1].record["userIdentity"] = {
                "PrincipalId": "dynamodb.amazonaws.com",
                "Type": "Service",
            }


def _check_index_keys(table: Table, types: Mapping[str, str]) -> None:
    """Raise moto's validation error if an index key has another type than the table declares."""
    declared = {one["AttributeName"]: one["AttributeType"] for one in table.attr}
    for index in table.global_indexes:
        for name in index.schema_key_attrs:
            found = types.get(name, declared[name])
            if found != declared[name]:
                raise MockValidationException(
                    "One or more parameter values were invalid: Type mismatch for Index Key "
                    f"{name} Expected: {declared[name]} Actual: {found} IndexName: {index.name}"
                )


class _Rollback:
    """Restores items and streams if the `with` block raises."""

    def __init__(self, saved: list[_SavedItem]) -> None:
        self._saved = saved
        shards = (one.table.stream_shard for one in saved)
        self._lengths = {
            id(shard): (shard, len(shard.items)) for shard in shards if shard is not None
        }

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None:
            return
        for saved in reversed(self._saved):
            saved.restore()
        for shard, length in self._lengths.values():
            del shard.items[length:]


def _save(backend: DynamoDBBackend, item: Mapping[str, Any]) -> _SavedItem | None:
    kind, operation = next(iter(item.items()))
    table = backend.tables.get(operation.get("TableName", ""))
    key = operation.get("Item" if kind == "Put" else "Key")
    if table is None or not isinstance(key, dict):
        return None
    return _SavedItem.of(table, key)
