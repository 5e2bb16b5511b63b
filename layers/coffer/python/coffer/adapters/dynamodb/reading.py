"""Reading items by their keys, consistently, and passing over those whose time is up.

DynamoDB removes an expired item within days, not at once (AWS, "Time to Live"); until then it is
read like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

from pynamodb.exceptions import DoesNotExist
from pynamodb.models import Model

from coffer.adapters.dynamodb.connection import overload_is_unavailable
from coffer.domain.clock import Clock
from coffer.domain.derivatives.record import Derivative
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import ObjectUpload

_Item = TypeVar("_Item", bound=Model)
_Record = TypeVar("_Record", ObjectUpload, Metadata, Derivative)


def read_item(kind: type[_Item], identifier: str) -> _Item | None:
    """The item with this key, if there is one."""
    with overload_is_unavailable():
        try:
            return kind.get(identifier, consistent_read=True)
        except DoesNotExist:
            return None


def read_items(kind: type[_Item], identifiers: Collection[str]) -> Iterator[_Item]:
    """Those of the items with these keys that are there, by one BatchGetItem a hundred."""
    with overload_is_unavailable():
        yield from kind.batch_get(dict.fromkeys(identifiers), consistent_read=True)


def unexpired(record: _Record, clock: Clock) -> _Record | None:
    """The record, unless DynamoDB was to have removed it by now."""
    expired = record.expires_at is not None and record.expires_at <= clock.now()
    return None if expired else record
