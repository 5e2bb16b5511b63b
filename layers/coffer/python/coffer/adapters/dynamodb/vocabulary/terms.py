"""Terms of the vocabulary as metadata needs them: found by name, and their uses counted."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from typing import TypeVar, cast

from pynamodb.transactions import TransactWrite

from coffer.adapters.dynamodb.connection import overload_is_unavailable
from coffer.adapters.dynamodb.vocabulary.items import (
    COUNTERS,
    USES,
    NameItem,
    TermItem,
    UsesItem,
    names_of,
    retired,
    used,
)
from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype, kind_of

_MAX_KEY = 1024
T = TypeVar("T", ManagedAttribute, ObjectSubtype)


def read_terms(kind: type[T], names: Collection[str]) -> Mapping[str, T]:
    """Those terms of these keys or names that there are; nothing is asked where none are given."""
    # No key of an item is longer, and DynamoDB takes no empty one.
    possible = [(names_of(kind), name) for name in names if 0 < len(name.encode()) <= _MAX_KEY]
    if not possible:
        return {}
    with overload_is_unavailable():
        taken = list(NameItem.batch_get(possible, consistent_read=True))
        keys = [(kind_of(kind), name.identifier) for name in taken]
        items = TermItem.batch_get(keys, consistent_read=True) if keys else ()
        records = [cast(T, item.record()) for item in items]
    return {record.term: record for record in records if record.deleted_on is None}


def count_uses(write: TransactWrite, moved: Mapping[str, int]) -> None:
    """Add what `moved_uses` says to any one of the shares: one action, however much there is.

    DynamoDB takes a hundred in a transaction. Refused, with the whole of it, where a term that is
    used more was deleted meanwhile.
    """
    condition = None
    for use in (use for use, times in moved.items() if times > 0):
        there = retired(use).does_not_exist()
        condition = there if condition is None else condition & there
    write.update(
        UsesItem(USES, secrets.choice(COUNTERS)),
        actions=[used(use).add(times) for use, times in moved.items()],
        condition=condition,
    )
