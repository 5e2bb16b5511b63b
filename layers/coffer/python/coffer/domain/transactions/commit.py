"""Writing: a change is planned on what is there, then made all at once, or planned anew.

A plan reads, judges and says which steps make the change; it raises a RequestError that says
everything that is wrong. Where a step is refused, because somebody wrote in between, the next plan
sees what they wrote: it fits, or it raises the conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from coffer.domain.errors import (
    InvalidError,
    PreconditionError,
    Problem,
    RequestError,
    TransactionCanceledError,
    UnavailableError,
    combine_errors,
)
from coffer.domain.transactions.actions import Action
from coffer.domain.transactions.ports import Transactions

MAX_ATTEMPTS = 4
"""How often a change is planned before somebody else is let through."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class PlannedChange(Generic[Made]):
    """A record as it will be, and the steps that make it so."""

    record: Made
    actions: tuple[Action, ...] = ()


Plan = Callable[[], PlannedChange[Made]]


@dataclass(frozen=True)
class ReservedIdentifier:
    """The identifier that a record is going to have: an earlier run may have made it already."""

    identifier: str


@dataclass(frozen=True)
class Precondition:
    """The versions that an If-Match names; None: any that is there."""

    versions: frozenset[int] | None = None

    def check(self, version: int) -> None:
        """Raise PreconditionError unless the record still has a version that was named."""
        if self.versions is not None and version not in self.versions:
            raise PreconditionError(
                "version_changed",
                f"The record has the version {version} by now: read it again.",
                header="If-Match",
            )


def commit_change(transactions: Transactions, plan: Plan[Made]) -> Made:
    """Plan and make one change; what it made."""
    for _ in range(MAX_ATTEMPTS):
        planned = plan()
        try:
            transactions.commit(planned.actions)
        except TransactionCanceledError:
            continue
        return planned.record
    raise records_busy()


def records_busy() -> UnavailableError:
    """Somebody else always wrote first."""
    return UnavailableError(
        "records_busy", "The record is being written by somebody else. Try again."
    )


class ValidationErrors:
    """What is wrong with one request, gathered check by check, so that it is told all at once."""

    def __init__(self) -> None:
        self._errors: list[RequestError] = []

    def __bool__(self) -> bool:
        return bool(self._errors)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Keep the RequestError that the block raises, if it does."""
        try:
            yield
        except RequestError as error:
            self._errors.append(error)

    def add(self, problems: Sequence[Problem]) -> None:
        """Keep problems with the rules, if there are any."""
        if problems:
            self._errors.append(InvalidError.of(problems))

    def raise_if_any(self) -> None:
        """Raise what was gathered, all together; nothing where nothing was."""
        if self._errors:
            raise combine_errors(self._errors)


def actions_of(plans: Sequence[PlannedChange[Made]]) -> tuple[Action, ...]:
    """The steps of several plans, in their order."""
    return tuple(action for planned in plans for action in planned.actions)
