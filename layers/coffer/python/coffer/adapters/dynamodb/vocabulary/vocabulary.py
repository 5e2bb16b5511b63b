"""The Vocabulary port on DynamoDB: transactions decide what is unique, and what is unused."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar, cast

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
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
    USES,
    NameItem,
    TermItem,
    UsesItem,
    retired,
    used,
)
from coffer.adapters.dynamodb.vocabulary.terms import read_terms
from coffer.domain.errors import (
    RecordChangedError,
    RecordExistsError,
    TermInUseError,
)
from coffer.domain.transactions.commit import records_busy
from coffer.domain.vocabulary.edit import must_be_unused
from coffer.domain.vocabulary.terms import (
    ManagedAttribute,
    ObjectSubtype,
    Term,
    kind_of,
    use_of,
)
from coffer.domain.vocabulary.usage import Terms

_ATTEMPTS = 3
"""How often a change is tried while others write the term, or metadata that uses it."""
T = TypeVar("T", ManagedAttribute, ObjectSubtype)


class DynamoVocabulary:
    """The terms in their table."""

    def get(self, kind: type[T], identifier: str) -> T | None:
        item = read_item(TermItem, kind_of(kind), identifier)
        return cast(T, item.record()) if item is not None else None

    def named(self, kind: type[T], term: str) -> T | None:
        return read_terms(kind, [term]).get(term)

    def all_of(self, kind: type[T]) -> Sequence[T]:
        there = TermItem.deleted_on.does_not_exist()
        with overload_is_unavailable():
            found = list(
                TermItem.query(kind_of(kind), filter_condition=there, consistent_read=True)
            )
        return [cast(T, item.record()) for item in found]

    def terms(self, keys: Collection[str], subtypes: Collection[str]) -> Terms:
        return Terms(
            attributes=read_terms(ManagedAttribute, keys),
            subtypes=read_terms(ObjectSubtype, subtypes),
        )

    def add(self, term: Term) -> None:
        for _ in range(_ATTEMPTS):
            try:
                self._add(term)
            except _MovedError:
                continue
            return
        raise records_busy()

    def _add(self, term: Term) -> None:
        try:
            with overload_is_unavailable(), TransactWrite(connection=DYNAMODB) as write:
                write.save(TermItem.of(term), condition=TermItem.identifier.does_not_exist())
                write.save(NameItem.of(term), condition=NameItem.term.does_not_exist())
                for shard in COUNTERS:
                    # A term of this name may have been there before, and been deleted.
                    write.update(UsesItem(USES, shard), actions=[retired(use_of(term)).remove()])
        except TransactWriteError as error:
            raise _refusal(error, [RecordExistsError(term.instance_id)] * 2) from error

    def replace(self, before: Term, after: Term) -> None:
        for _ in range(_ATTEMPTS):
            shares = self._shares(before) if must_be_unused(before, after) else {}
            if sum(share or 0 for share in shares.values()) > 0:
                raise TermInUseError(before.instance_id)
            try:
                self._replace(before, after, shares)
            except _MovedError:
                continue
            return
        raise records_busy()

    def _replace(self, before: Term, after: Term, shares: Mapping[str, int | None]) -> None:
        """One transaction; `shares` are the uses that there were, and that there still must be."""
        gone = after.deleted_on is not None
        renamed = not gone and before.term != after.term
        refusals: list[Exception] = []
        try:
            with overload_is_unavailable(), TransactWrite(connection=DYNAMODB) as write:
                if gone or renamed:
                    held = NameItem.identifier == before.identifier
                    write.delete(NameItem.of(before), condition=held)
                    refusals.append(RecordChangedError(before.instance_id))
                write.save(TermItem.of(after), condition=TermItem.version == before.version)
                refusals.append(RecordChangedError(before.instance_id))
                if renamed:
                    write.save(NameItem.of(after), condition=NameItem.term.does_not_exist())
                    refusals.append(RecordExistsError(after.term))
                for shard, share in shares.items():
                    actions = _actions(before, after, renamed=renamed) if gone or renamed else []
                    _keep_unused(write, shard, use_of(before), share, actions)
        except TransactWriteError as error:
            if not (gone or renamed):
                # Checks come first in a transaction; there are only these and the record itself.
                refusals = [*[_MovedError()] * len(shares), *refusals]
            raise _refusal(error, refusals) from error

    def _shares(self, term: Term) -> dict[str, int | None]:
        """The uses of a term as each item counts them; None where it never counted any."""
        name = used(use_of(term)).path[0]
        shares: dict[str, int | None] = dict.fromkeys(COUNTERS)
        with overload_is_unavailable():
            for item in UsesItem.batch_get([(USES, s) for s in COUNTERS], consistent_read=True):
                shares[item.shard] = item.shares.get(name)
        return shares


class _MovedError(Exception):
    """Somebody wrote the term, or metadata that uses it, while it was being written."""


def _actions(before: Term, after: Term, *, renamed: bool) -> list[Action]:
    """What becomes of the counts when a term gives its name up."""
    freed: list[Action] = [used(use_of(before)).remove(), retired(use_of(before)).set(True)]
    return [*freed, retired(use_of(after)).remove()] if renamed else freed


def _keep_unused(
    write: TransactWrite, shard: str, use: str, share: int | None, actions: list[Action]
) -> None:
    same: Condition = used(use).does_not_exist() if share is None else used(use) == share
    if actions:
        write.update(UsesItem(USES, shard), actions=actions, condition=same)
    else:
        write.condition_check(UsesItem, USES, shard, condition=same)


def _refusal(error: TransactWriteError, refusals: Sequence[Exception]) -> Exception:
    """Why a transaction was rolled back; `refusals` are the reasons of its first actions."""
    codes = cancellations(error)
    if not codes:
        return error
    if set(codes.values()) - {CANCELLED_BY_CONDITION, CANCELLED_BY_CONFLICT}:
        return records_busy()
    refused = [at for at, code in codes.items() if code == CANCELLED_BY_CONDITION]
    return refusals[refused[0]] if refused and refused[0] < len(refusals) else _MovedError()
