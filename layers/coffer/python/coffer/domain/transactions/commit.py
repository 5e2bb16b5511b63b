"""Plan a change, commit it in one transaction, and retry with a new plan if it was canceled.

A plan reads records, checks the request and returns the actions that make the change. It raises a
`RequestError` with every problem. If another request writes in between, the transaction is
canceled; the next plan then reads the new records, and either succeeds or raises the conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from coffer.domain.clock import Clock
from coffer.domain.errors import (
    InvalidError,
    MalformedRequestError,
    PreconditionError,
    Problem,
    RequestError,
    TransactionCanceledError,
    UnavailableError,
    combine_errors,
    flatten_errors,
)
from coffer.domain.fields import ATTRIBUTES, RELATIONSHIPS, GivenValues
from coffer.domain.identifiers import is_created_here, new_identifier
from coffer.domain.transactions.actions import Action, DeriveFrom
from coffer.domain.transactions.ports import Transactions

MAX_ATTEMPTS = 4
"""Number of plans before the request fails with `records_busy`."""


RecordT = TypeVar("RecordT")


@dataclass(frozen=True)
class PlannedChange(Generic[RecordT]):
    """A record after a change, and the actions that make the change."""

    record: RecordT
    actions: tuple[Action, ...] = ()
    is_unchanged: bool = False
    """True if the request changes nothing, so that no version of the record is added."""


Plan = Callable[[], PlannedChange[RecordT]]


@dataclass(frozen=True)
class ReservedIdentifier:
    """The identifier of a record to create. An earlier run of the request may have created it."""

    identifier: str


@dataclass(frozen=True)
class Precondition:
    """The versions that an If-Match header names; None matches every version."""

    versions: frozenset[int] | None = None

    def check(self, version: int) -> None:
        """Raise `PreconditionError` if `version` is not one of them."""
        if self.versions is not None and version not in self.versions:
            raise PreconditionError(
                "version_changed",
                f"The record has version {version} now: read it again.",
                header="If-Match",
            )


def identifier_of_new(
    clock: Clock,
    given: Mapping[str, Any],
    reserved: ReservedIdentifier | None,
    find: Callable[[str], object | None],
) -> str:
    """Return the identifier of a new record: the reserved one, the client's, or a new one.

    That of the client is used if `find` returns no record. UUIDs of version 7 are the server's own:
    a client could take the identifier of a thumbnail that is not made yet.
    """
    if reserved is not None:
        return reserved.identifier
    chosen = given.identifier if isinstance(given, GivenValues) else None
    if chosen is not None and not is_created_here(chosen) and find(chosen) is None:
        return chosen
    return new_identifier(clock)


def commit_change(transactions: Transactions, plan: Plan[RecordT]) -> RecordT:
    """Commit the change that `plan` returns, and return its record."""
    for _ in range(MAX_ATTEMPTS):
        planned = plan()
        try:
            transactions.commit(planned.actions)
        except TransactionCanceledError:
            continue
        return planned.record
    raise records_busy()


def records_busy() -> UnavailableError:
    """Return the error for a record that other requests keep writing."""
    return UnavailableError("records_busy", "Other requests are writing the record. Try again.")


class ValidationErrors:
    """The errors of several checks of one request, which are raised together.

    They include the problems of the `given` values that cannot be parsed. If an attribute has such
    a problem, other problems of the same attribute are left out.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._errors: list[RequestError] = []
        self._malformed = given.problems if isinstance(given, GivenValues) else ()

    def __bool__(self) -> bool:
        return bool(self._errors)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Keep the `RequestError` that the block raises, if it raises one."""
        try:
            yield
        except RequestError as error:
            self._errors.append(error)

    def add(self, problems: Sequence[Problem]) -> None:
        """Keep these problems as an `InvalidError`."""
        if problems:
            self._errors.append(InvalidError.of(problems))

    def has_malformed(self, *names: str) -> bool:
        """Return True if one of these attributes has a value that cannot be parsed."""
        pointers = {f"{ATTRIBUTES}/{name}" for name in names}
        return any(problem.pointer in pointers for problem in self._malformed)

    def raise_if_any(self) -> None:
        """Raise the errors that were kept, together; do nothing if there are none."""
        errors = flatten_errors(self._errors)
        if self._malformed:
            names = {problem.pointer for problem in self._malformed if problem.pointer}
            names -= {ATTRIBUTES, RELATIONSHIPS}
            for error in errors:
                error.problems = tuple(
                    problem
                    for problem in error.problems
                    if not any(f"{problem.pointer}/".startswith(f"{name}/") for name in names)
                )
            errors = [error for error in errors if error.problems]
            errors.insert(0, MalformedRequestError.of(self._malformed))
        if errors:
            raise combine_errors(errors)


def actions_of(plans: Sequence[PlannedChange[RecordT]]) -> tuple[Action, ...]:
    """Return the actions of several changes, in their order.

    Several new derivatives of one resource need one `DeriveFrom`: the last one.
    """
    actions = [action for planned in plans for action in planned.actions]
    entered = {one.subject: one for one in actions if isinstance(one, DeriveFrom)}
    return tuple(
        action
        for action in actions
        if not isinstance(action, DeriveFrom) or entered[action.subject] is action
    )
