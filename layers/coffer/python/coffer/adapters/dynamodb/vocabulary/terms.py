"""Read vocabulary terms by name, and count the records that use them.

Used by the adapters of the vocabulary and of metadata.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from typing import TypeVar, cast

from pynamodb.transactions import TransactWrite

from coffer.adapters.dynamodb.connection import overload_is_unavailable
from coffer.adapters.dynamodb.vocabulary.items import (
    COUNTERS,
    USAGE_PARTITION,
    NameItem,
    TermItem,
    UsageItem,
    names_partition,
    retired_path,
    usage_path,
)
from coffer.domain.vocabulary.ports import Terms
from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype, type_name

_MAX_KEY_BYTES = 1024
T = TypeVar("T", ManagedAttribute, ObjectSubtype)


def read_terms(keys: Collection[str], subtypes: Collection[str]) -> Terms:
    """Return the managed attributes with these keys and the subtypes with these names."""
    return Terms(
        attributes=read_terms_of(ManagedAttribute, keys),
        subtypes=read_terms_of(ObjectSubtype, subtypes),
    )


def read_terms_of(kind: type[T], names: Collection[str]) -> Mapping[str, T]:
    """Return the terms with these keys or names that exist; make no request without names."""
    # A DynamoDB key is not empty and has a maximum length. Other names cannot exist.
    possible = [
        (names_partition(kind), name) for name in names if 0 < len(name.encode()) <= _MAX_KEY_BYTES
    ]
    if not possible:
        return {}
    with overload_is_unavailable():
        taken = list(NameItem.batch_get(possible, consistent_read=True))
        keys = [(type_name(kind), name.identifier) for name in taken]
        items = TermItem.batch_get(keys, consistent_read=True) if keys else ()
        records = [cast(T, item.record()) for item in items]
    return {record.term: record for record in records if record.deleted_on is None}


def count_usage(write: TransactWrite, changes: Mapping[str, int]) -> None:
    """Add an action to the transaction that adds `changes` to one of the counter items.

    It is one action for all terms, because a transaction has at most a hundred. It cancels the
    transaction if a term that is used more often was deleted since.
    """
    condition = None
    for use in (use for use, difference in changes.items() if difference > 0):
        is_usable = retired_path(use).does_not_exist()
        condition = is_usable if condition is None else condition & is_usable
    write.update(
        UsageItem(USAGE_PARTITION, secrets.choice(COUNTERS)),
        actions=[usage_path(use).add(difference) for use, difference in changes.items()],
        condition=condition,
    )
