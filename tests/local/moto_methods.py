"""Switch between moto's own DynamoDB methods and the fixed ones, for tests of both."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodb.responses import DynamoHandler
from moto.dynamodbstreams.models import DynamoDBStreamsBackend

from local.aws.dynamodb_fixes import DynamoDBFixes
from local.patching import Patches
from local.resources import ACCOUNT

REGION = "eu-north-1"  # not the stack's region, whose tables are in the same process
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@contextmanager
def without_fixes() -> Iterator[None]:
    """Use moto's own methods in a `with` block."""
    with Patches() as patches:
        for owner, name in ORIGINALS:
            patches.replace(owner, name, ORIGINALS[owner, name])
        yield


@contextmanager
def with_fixes(now: datetime = NOW) -> Iterator[DynamoDBFixes]:
    """Use the fixed methods in a `with` block."""
    with without_fixes():
        fixes = DynamoDBFixes(lambda: now)
        fixes.install()
        try:
            yield fixes
        finally:
            fixes.remove()


def backend() -> DynamoDBBackend:
    return dynamodb_backends[ACCOUNT][REGION]


def deep_copy(table: Table, memo: dict[int, Any]) -> Table:
    """Copy a table as copy.deepcopy does without `__deepcopy__`."""
    copied = copy.copy(table)
    memo[id(table)] = copied
    copied.__dict__.update(copy.deepcopy(table.__dict__, memo))
    return copied


def find_originals() -> dict[tuple[Any, str], Any]:
    """Return moto's own methods, which a stack in this process has wrapped."""
    wrapped = [
        (DynamoDBBackend, "transact_write_items"),
        (DynamoDBBackend, "update_item"),
        (DynamoDBBackend, "put_item"),
        (DynamoDBBackend, "delete_item"),
        (StreamShard, "add"),
        (DynamoDBStreamsBackend, "get_records"),
        (DynamoDBStreamsBackend, "get_shard_iterator"),
        (DynamoHandler, "batch_write_item"),
        (Table, "put_item"),
        (Table, "delete_item"),
        (Table, "query"),
    ]
    found: dict[tuple[Any, str], Any] = {}
    for owner, name in wrapped:
        method = vars(owner)[name]
        found[owner, name] = inspect.unwrap(method)
    found[Table, "__deepcopy__"] = deep_copy
    return found


ORIGINALS = find_originals()
