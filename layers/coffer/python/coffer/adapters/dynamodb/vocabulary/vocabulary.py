"""The Vocabulary port on DynamoDB.

Transactions decide whether a name is unique, and whether a term is unused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar, cast

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from coffer.adapters.dynamodb.connection import (
    CANCELLED_BY_CONDITION,
    CANCELLED_BY_CONFLICT,
    DYNAMODB,
    cancellations,
    overload_is_unavailable,
)
from coffer.adapters.dynamodb.reading import read_item
from coffer.adapters.dynamodb.vocabulary.items import (
    COUNTERS,
    USAGE_PARTITION,
    NameItem,
    TermItem,
    UsageItem,
    retired_path,
    usage_path,
)
from coffer.adapters.dynamodb.vocabulary.terms import read_terms, read_terms_of
from coffer.domain.errors import RecordChangedError, RecordExistsError, TermInUseError
from coffer.domain.transactions.commit import records_busy
from coffer.domain.vocabulary.ports import Terms
from coffer.domain.vocabulary.rules import must_be_unused
from coffer.domain.vocabulary.terms import (
    ManagedAttribute,
    ObjectSubtype,
    Term,
    type_name,
    usage_key,
)

_MAX_ATTEMPTS = 3
"""Attempts to write a term while other requests write it, or metadata that uses it."""
T = TypeVar("T", ManagedAttribute, ObjectSubtype)


class DynamoVocabulary:
    """Reads and writes the terms in their table."""

    def get(self, kind: type[T], identifier: str) -> T | None:
        item = read_item(TermItem, type_name(kind), identifier)
        return cast(T, item.record()) if item is not None else None

    def named(self, kind: type[T], term: str) -> T | None:
        return read_terms_of(kind, [term]).get(term)

    def all_of(self, kind: type[T]) -> Sequence[T]:
        exists = TermItem.deleted_on.does_not_exist()
        with overload_is_unavailable():
            items = list(
                TermItem.query(type_name(kind), filter_condition=exists, consistent_read=True)
            )
        return [cast(T, item.record()) for item in items]

    def terms(self, keys: Collection[str], subtypes: Collection[str]) -> Terms:
        return read_terms(keys, subtypes)

    def add(self, term: Term) -> None:
        for _ in range(_MAX_ATTEMPTS):
            try:
                self._add(term)
            except _ConflictError:
                continue
            return
        raise records_busy()

    def _add(self, term: Term) -> None:
        try:
            with overload_is_unavailable(), TransactWrite(connection=DYNAMODB) as write:
                write.save(TermItem.of(term), condition=TermItem.identifier.does_not_exist())
                write.save(NameItem.of(term), condition=NameItem.term.does_not_exist())
                # A deleted term may have had the same name.
                usable = retired_path(usage_key(term)).remove()
                for counter in COUNTERS:
                    write.update(UsageItem(USAGE_PARTITION, counter), actions=[usable])
        except TransactWriteError as error:
            raise _refusal(error, [RecordExistsError(term.instance_id)] * 2) from error

    def replace(self, before: Term, after: Term) -> None:
        for _ in range(_MAX_ATTEMPTS):
            counts = self._usage_counts(before) if must_be_unused(before, after) else {}
            if sum(count or 0 for count in counts.values()) > 0:
                raise TermInUseError(before.instance_id)
            try:
                self._replace(before, after, counts)
            except _ConflictError:
                continue
            return
        raise records_busy()

    def _replace(self, before: Term, after: Term, counts: Mapping[str, int | None]) -> None:
        """Write the term in one transaction, on condition that the usage counts are unchanged."""
        is_deleted = after.deleted_on is not None
        is_renamed = not is_deleted and before.term != after.term
        refusals: list[Exception] = []
        try:
            with overload_is_unavailable(), TransactWrite(connection=DYNAMODB) as write:
                if is_deleted or is_renamed:
                    is_own = NameItem.identifier == before.identifier
                    write.delete(NameItem.of(before), condition=is_own)
                    refusals.append(RecordChangedError(before.instance_id))
                write.save(TermItem.of(after), condition=TermItem.version == before.version)
                refusals.append(RecordChangedError(before.instance_id))
                if is_renamed:
                    write.save(NameItem.of(after), condition=NameItem.term.does_not_exist())
                    refusals.append(RecordExistsError(after.term))
                actions = _counter_actions(before, after if is_renamed else None)
                for counter, count in counts.items():
                    path = usage_path(usage_key(before))
                    unchanged = path.does_not_exist() if count is None else path == count
                    if is_deleted or is_renamed:
                        item = UsageItem(USAGE_PARTITION, counter)
                        write.update(item, actions=actions, condition=unchanged)
                    else:
                        write.condition_check(
                            UsageItem, USAGE_PARTITION, counter, condition=unchanged
                        )
        except TransactWriteError as error:
            if not (is_deleted or is_renamed):
                # PynamoDB sends condition checks first. The only other action writes the term.
                refusals = [*[_ConflictError()] * len(counts), *refusals]
            raise _refusal(error, refusals) from error

    def _usage_counts(self, term: Term) -> dict[str, int | None]:
        """Return the term's count in each counter item; None if the item never had one."""
        name = usage_path(usage_key(term)).path[0]
        counts: dict[str, int | None] = dict.fromkeys(COUNTERS)
        keys = [(USAGE_PARTITION, counter) for counter in COUNTERS]
        with overload_is_unavailable():
            for item in UsageItem.batch_get(keys, consistent_read=True):
                counts[item.counter] = item.counts.get(name)
        return counts


class _ConflictError(Exception):
    """Another request wrote the term, or metadata that uses it, at the same time."""


def _counter_actions(before: Term, renamed: Term | None) -> list[Action]:
    """Return the updates of a counter item for a term that is deleted or renamed."""
    old = usage_key(before)
    actions: list[Action] = [usage_path(old).remove(), retired_path(old).set(True)]
    if renamed is not None:
        actions.append(retired_path(usage_key(renamed)).remove())
    return actions


def _refusal(error: TransactWriteError, refusals: Sequence[Exception]) -> Exception:
    """Return the error of a cancelled transaction; `refusals` are those of its first actions."""
    codes = cancellations(error)
    if not codes:
        return error
    if set(codes.values()) - {CANCELLED_BY_CONDITION, CANCELLED_BY_CONFLICT}:
        return records_busy()
    refused = [at for at, code in codes.items() if code == CANCELLED_BY_CONDITION]
    return refusals[refused[0]] if refused and refused[0] < len(refusals) else _ConflictError()
