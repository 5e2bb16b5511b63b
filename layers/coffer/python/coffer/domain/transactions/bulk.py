"""Write many records in one request. All entries are checked before the first is written.

Up to 30 entries of up to 3.5 MB are one transaction. More entries are written in several: if one of
them is canceled by another request, the error says which entries were written.
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
from coffer.domain.transactions.actions import (
    MAX_ACTIONS,
    MAX_TRANSACTION_BYTES,
    Record,
    written_bytes,
)
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
"""Maximum number. Most entries have at most three of the 100 actions of a DynamoDB transaction."""

RecordT = TypeVar("RecordT", bound=Record)
Entry = TypeVar("Entry")
Attempt = PlannedChange[RecordT] | RequestError
Change = tuple[str, Mapping[str, Any]]
"""The id of a record, and its new values by the attributes of the record."""
Check = Callable[[Sequence[RecordT]], None]
"""Raises a `RequestError` if these records must not be written together."""
Reservations = Sequence[ReservedIdentifier | None]
Refused = Mapping[int, RequestError]
"""Errors by the numbers of entries."""
Planner = Callable[[Sequence[int]], Sequence[Attempt[RecordT]]]
"""Reads the current records and returns the plan, or the error, of each of these entries."""


@dataclass
class _Outcome(Generic[RecordT]):
    """Results of entries, by their numbers."""

    written: dict[int, RecordT] = field(default_factory=dict)
    failed: dict[int, RequestError] = field(default_factory=dict)


def write_in_bulk(
    transactions: Transactions,
    entries: int,
    plan: Planner[RecordT],
    check: Check[RecordT] = lambda _records: None,
) -> list[RecordT]:
    """Write all entries and return their records, in the order of the entries.

    Raises the errors of all entries together, or the error of `check`, before anything is written.
    Raises `PartialWriteError` if a later transaction fails.
    """
    attempts = plan(range(entries))
    _check_earlier_runs(attempts)
    planned = _plans_by_number(range(entries), attempts)
    check([one.record for one in planned.values()])
    chunks = list(_chunks(planned))
    outcome: _Outcome[RecordT] = _Outcome()
    for chunk in chunks:
        if len(chunks) == 1:
            outcome.written |= _write_all(transactions, chunk, plan)
        else:
            _write_each(transactions, chunk, plan, outcome)
    if outcome.failed:
        written = {number: one.identifier for number, one in outcome.written.items()}
        raise PartialWriteError(failed=outcome.failed, written=written)
    return [outcome.written[number] for number in range(entries)]


def parsed_entries(entries: Sequence[Entry | RequestError]) -> dict[int, Entry]:
    """Return the entries that could be parsed, by their numbers."""
    return {
        number: entry for number, entry in enumerate(entries) if not isinstance(entry, RequestError)
    }


def with_malformed(
    entries: Sequence[object | RequestError], plan: Planner[RecordT]
) -> Planner[RecordT]:
    """Return a planner that returns the errors of entries, and plans the others with `plan`."""

    def plan_all(numbers: Sequence[int]) -> list[Attempt[RecordT]]:
        errors: dict[int, Attempt[RecordT]] = {
            number: entry
            for number in numbers
            if isinstance(entry := entries[number], RequestError)
        }
        parsed = [number for number in numbers if number not in errors]
        attempts = errors | dict(zip(parsed, plan(parsed), strict=True))
        return [attempts[number] for number in numbers]

    return plan_all


def files_described_twice(entries: Mapping[int, Mapping[str, Any]]) -> Refused:
    """Return the errors of entries whose file an earlier entry of the request describes."""
    files = {number: one.get("file_identifier") for number, one in entries.items()}
    return {
        number: ConflictError(
            "file_already_described",
            f"The file {files[number]} is described by an earlier entry.",
            pointer=f"{ATTRIBUTES}/fileIdentifier",
        )
        for number in _repeated(files)
    }


def records_changed_twice(changes: Mapping[int, Change]) -> Refused:
    """Return the errors of changes to the same record as an earlier change of the request."""
    return {
        number: MalformedRequestError(
            "repeated_entry",
            f"The entry {number} is about the same record as an earlier one.",
            pointer="/data/id",
        )
        for number in _repeated({number: identifier for number, (identifier, _) in changes.items()})
    }


def _repeated(values: Mapping[int, str | None]) -> Iterator[int]:
    """Yield the numbers of the entries with the same value as an earlier entry."""
    seen: set[str] = set()
    for number, value in values.items():
        if value is not None and value in seen:
            yield number
        elif value is not None:
            seen.add(value)


def attempt_each(
    numbers: Sequence[int], refused: Refused, plan: Callable[[int], PlannedChange[RecordT]]
) -> list[Attempt[RecordT]]:
    """Return the plan of each entry, or its error: a refusal, or one that planning raised."""

    def attempt(number: int) -> Attempt[RecordT]:
        try:
            return refused.get(number) or plan(number)
        except RequestError as error:
            return error

    return [attempt(number) for number in numbers]


def identifiers_of(
    entries: Mapping[int, object], reserved: Reservations, numbers: Sequence[int]
) -> list[str]:
    """Return the identifiers that are reserved for new entries, or that the client chose."""
    new = (reserved[number] or entries[number] for number in numbers)
    return [identifier for one in new if (identifier := getattr(one, "identifier", None))]


def _check_earlier_runs(attempts: Sequence[Attempt[RecordT]]) -> None:
    """Raise `PartialWriteError` if an earlier run wrote some entries and others have errors."""
    written = {
        number: one.record.identifier
        for number, one in enumerate(attempts)
        if isinstance(one, PlannedChange) and not one.actions and not one.is_unchanged
    }
    failed = {number: one for number, one in enumerate(attempts) if isinstance(one, RequestError)}
    if written and failed:
        raise PartialWriteError(failed=failed, written=written)


def _plans_by_number(
    numbers: Collection[int], attempts: Sequence[Attempt[RecordT]]
) -> dict[int, PlannedChange[RecordT]]:
    """Return the plans by their numbers; raise the errors of all entries together."""
    plans: dict[int, PlannedChange[RecordT]] = {}
    errors: list[RequestError] = []
    for number, attempt in zip(numbers, attempts, strict=True):
        if isinstance(attempt, RequestError):
            errors.append(attempt.at_entry(number))
        else:
            plans[number] = attempt
    if errors:
        raise combine_errors(errors)
    return plans


def _chunks(
    planned: Mapping[int, PlannedChange[RecordT]],
) -> Iterator[dict[int, PlannedChange[RecordT]]]:
    chunk: dict[int, PlannedChange[RecordT]] = {}
    actions = size = 0
    for number, one in planned.items():
        more = written_bytes(one.actions)
        if chunk and (
            len(chunk) == ENTRIES_PER_TRANSACTION
            or actions + len(one.actions) > MAX_ACTIONS
            or size + more > MAX_TRANSACTION_BYTES
        ):
            yield chunk
            chunk, actions, size = {}, 0, 0
        chunk[number] = one
        actions += len(one.actions)
        size += more
    if chunk:
        yield chunk


def _write_all(
    transactions: Transactions, chunk: Mapping[int, PlannedChange[RecordT]], plan: Planner[RecordT]
) -> dict[int, RecordT]:
    """Write all entries of a chunk, or raise the errors of all of them and write nothing."""
    for _ in range(MAX_ATTEMPTS):
        try:
            transactions.commit(actions_of(list(chunk.values())))
        except TransactionCanceledError:
            chunk = _plans_by_number(chunk, plan(list(chunk)))
            continue
        return {number: one.record for number, one in chunk.items()}
    raise records_busy()


def _write_each(
    transactions: Transactions,
    chunk: Mapping[int, PlannedChange[RecordT]],
    plan: Planner[RecordT],
    outcome: _Outcome[RecordT],
) -> None:
    """Write the entries of a chunk that can be written; enter the others as failed."""
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
