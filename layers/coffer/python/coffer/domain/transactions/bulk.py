"""Bulk: many records in one request, checked as a whole before the first is written.

Up to 30 entries are one transaction. More are written thirty at a time, each entry answering for
itself: what loses a race by then is told apart from what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from coffer.domain.errors import (
    ConflictError,
    MalformedRequestError,
    PartialWriteError,
    RequestError,
    TransactionCanceledError,
    UnavailableError,
    combine_errors,
)
from coffer.domain.fields import ATTRIBUTES
from coffer.domain.transactions.actions import MAX_ACTIONS, Record
from coffer.domain.transactions.commit import (
    MAX_ATTEMPTS,
    PlannedChange,
    ReservedIdentifier,
    actions_of,
    records_busy,
)
from coffer.domain.transactions.ports import Transactions

MAX_ENTRIES = 1000
ENTRIES_PER_TRANSACTION = 30
"""So many entries are one transaction: none takes more than three of DynamoDB's hundred actions."""

Made = TypeVar("Made", bound=Record)
Attempt = PlannedChange[Made] | RequestError
Change = tuple[str, Mapping[str, Any]]
"""The id of a record, and its new values by the names of the record's attributes."""
Check = Callable[[Sequence[Made]], None]
"""Raises if the records together must not be written."""
Reservations = Sequence[ReservedIdentifier | None]
Planner = Callable[[Sequence[int]], Sequence[Attempt[Made]]]
"""Plans the entries with these numbers on what is there now, each or what is wrong with it."""


@dataclass
class _Outcome(Generic[Made]):
    """What has become of the entries so far, by their numbers."""

    written: dict[int, Made] = field(default_factory=dict)
    failed: dict[int, RequestError] = field(default_factory=dict)


def write_in_bulk(
    transactions: Transactions,
    entries: int,
    plan: Planner[Made],
    check: Check[Made] = lambda _records: None,
) -> list[Made]:
    """Write all entries, and say what they made, in their order.

    Raises, with nothing written, what is wrong with any of them, or what `check` finds wrong with
    all of them together. Raises PartialWriteError where a later transaction lost a race.
    """
    attempts = plan(range(entries))
    _tell_of_earlier_runs(attempts)
    planned = _sound(range(entries), attempts)
    check([one.record for one in planned.values()])
    chunks = list(_chunks(planned))
    outcome: _Outcome[Made] = _Outcome()
    for chunk in chunks:
        if len(chunks) == 1:
            outcome.written |= _write_whole(transactions, chunk, plan)
        else:
            _write_apart(transactions, chunk, plan, outcome)
    if outcome.failed:
        written = {number: one.identifier for number, one in outcome.written.items()}
        raise PartialWriteError(failed=outcome.failed, written=written)
    return [outcome.written[number] for number in range(entries)]


def repeated(values: Sequence[str | None]) -> Iterator[int]:
    """The numbers of the entries whose value an earlier one has."""
    seen: set[str] = set()
    for number, value in enumerate(values):
        if value is not None and value in seen:
            yield number
        elif value is not None:
            seen.add(value)


def repeated_entry(number: int) -> MalformedRequestError:
    """The same record is named by an earlier entry."""
    return MalformedRequestError(
        "repeated_entry",
        f"The entry {number} is about the same record as an earlier one.",
        pointer="/data/id",
    )


def described_by_earlier_entry(file_identifier: str | None) -> ConflictError:
    """Return the error for an entry whose file an earlier entry of the request describes."""
    return ConflictError(
        "file_already_described",
        f"The file {file_identifier} is described by an earlier entry.",
        pointer=f"{ATTRIBUTES}/fileIdentifier",
    )


def attempt(plan: Callable[[], PlannedChange[Made]]) -> Attempt[Made]:
    """Return the plan, or the `RequestError` that planning raised."""
    try:
        return plan()
    except RequestError as error:
        return error


def identifiers_of(reserved: Reservations, numbers: Sequence[int]) -> list[str]:
    """Return the reserved identifiers of the entries with these numbers."""
    return [one.identifier for number in numbers if (one := reserved[number]) is not None]


def _tell_of_earlier_runs(attempts: Sequence[Attempt[Made]]) -> None:
    """Raise PartialWriteError where an earlier run wrote some, and others cannot be written."""
    written = {
        number: one.record.identifier
        for number, one in enumerate(attempts)
        if isinstance(one, PlannedChange) and not one.actions
    }
    failed = {number: one for number, one in enumerate(attempts) if isinstance(one, RequestError)}
    if written and failed:
        raise PartialWriteError(failed=failed, written=written)


def _sound(
    numbers: Collection[int], attempts: Sequence[Attempt[Made]]
) -> dict[int, PlannedChange[Made]]:
    """The plans by their numbers; raises everything that is wrong with any of them."""
    sound: dict[int, PlannedChange[Made]] = {}
    errors: list[RequestError] = []
    for number, attempt in zip(numbers, attempts, strict=True):
        if isinstance(attempt, RequestError):
            errors.append(attempt.at_entry(number))
        else:
            sound[number] = attempt
    if errors:
        raise combine_errors(errors)
    return sound


def _chunks(planned: Mapping[int, PlannedChange[Made]]) -> Iterator[dict[int, PlannedChange[Made]]]:
    chunk: dict[int, PlannedChange[Made]] = {}
    room = MAX_ACTIONS
    for number, one in planned.items():
        if len(chunk) == ENTRIES_PER_TRANSACTION or len(one.actions) > room:
            yield chunk
            chunk, room = {}, MAX_ACTIONS
        chunk[number] = one
        room -= len(one.actions)
    if chunk:
        yield chunk


def _write_whole(
    transactions: Transactions, chunk: Mapping[int, PlannedChange[Made]], plan: Planner[Made]
) -> dict[int, Made]:
    """Write all of a chunk; raises, with nothing written, what is wrong by now."""
    for _ in range(MAX_ATTEMPTS):
        try:
            transactions.commit(actions_of(list(chunk.values())))
        except TransactionCanceledError:
            chunk = _sound(chunk, plan(list(chunk)))
            continue
        return {number: one.record for number, one in chunk.items()}
    raise records_busy()


def _write_apart(
    transactions: Transactions,
    chunk: Mapping[int, PlannedChange[Made]],
    plan: Planner[Made],
    outcome: _Outcome[Made],
) -> None:
    """Write of a chunk what can be written by now; the rest has failed."""
    for _ in range(MAX_ATTEMPTS):
        try:
            transactions.commit(actions_of(list(chunk.values())))
        except TransactionCanceledError:
            attempts = dict(zip(chunk, plan(list(chunk)), strict=True))
            outcome.failed |= {
                number: one for number, one in attempts.items() if isinstance(one, RequestError)
            }
            chunk = {
                number: one for number, one in attempts.items() if isinstance(one, PlannedChange)
            }
        except UnavailableError as error:
            outcome.failed |= dict.fromkeys(chunk, error)
            return
        else:
            outcome.written |= {number: one.record for number, one in chunk.items()}
            return
    outcome.failed |= {number: records_busy() for number in chunk}
