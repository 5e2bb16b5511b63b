"""Bulk: many records in one request, checked as a whole before the first is written.

Up to 30 entries are one transaction. More are written thirty at a time, each entry answering for
itself: what loses a race by then is told apart from what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from coffer.domain.errors import (
    MalformedRequestError,
    PartlyWrittenError,
    RequestError,
    StepsRefusedError,
    UnavailableError,
    together,
)
from coffer.domain.ports import Catalogue
from coffer.domain.steps import MOST_STEPS, CataloguedRecord
from coffer.domain.writing import ATTEMPTS, Planned, busy, steps_of

MOST_ENTRIES = 1000
AT_ONCE = 30
"""So many entries are one transaction: none takes more than three of DynamoDB's hundred actions."""

Made = TypeVar("Made", bound=CataloguedRecord)
Attempt = Planned[Made] | RequestError
Planner = Callable[[Sequence[int]], Sequence[Attempt[Made]]]
"""Plans the entries with these numbers on what is there now, each or what is wrong with it."""


@dataclass
class _Outcome(Generic[Made]):
    """What has become of the entries so far, by their numbers."""

    written: dict[int, Made] = field(default_factory=dict)
    failed: dict[int, RequestError] = field(default_factory=dict)


def write_in_bulk(
    catalogue: Catalogue,
    entries: int,
    plan: Planner[Made],
    check: Callable[[Sequence[Made]], None] = lambda _records: None,
) -> list[Made]:
    """Write all entries, and say what they made, in their order.

    Raises, with nothing written, what is wrong with any of them, or what `check` finds wrong with
    all of them together. Raises PartlyWrittenError where a later transaction lost a race.
    """
    attempts = plan(range(entries))
    _tell_of_earlier_runs(attempts)
    planned = _sound(range(entries), attempts)
    check([one.record for one in planned.values()])
    chunks = list(_chunks(planned))
    outcome: _Outcome[Made] = _Outcome()
    for chunk in chunks:
        if len(chunks) == 1:
            outcome.written |= _write_whole(catalogue, chunk, plan)
        else:
            _write_apart(catalogue, chunk, plan, outcome)
    if outcome.failed:
        written = {number: one.identifier for number, one in outcome.written.items()}
        raise PartlyWrittenError(failed=outcome.failed, written=written)
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


def _tell_of_earlier_runs(attempts: Sequence[Attempt[Made]]) -> None:
    """Raise PartlyWrittenError where an earlier run wrote some, and others cannot be written."""
    written = {
        number: one.record.identifier
        for number, one in enumerate(attempts)
        if isinstance(one, Planned) and not one.steps
    }
    failed = {number: one for number, one in enumerate(attempts) if isinstance(one, RequestError)}
    if written and failed:
        raise PartlyWrittenError(failed=failed, written=written)


def _sound(numbers: Collection[int], attempts: Sequence[Attempt[Made]]) -> dict[int, Planned[Made]]:
    """The plans by their numbers; raises everything that is wrong with any of them."""
    sound: dict[int, Planned[Made]] = {}
    errors: list[RequestError] = []
    for number, attempt in zip(numbers, attempts, strict=True):
        if isinstance(attempt, RequestError):
            errors.append(attempt.at_entry(number))
        else:
            sound[number] = attempt
    if errors:
        raise together(errors)
    return sound


def _chunks(planned: Mapping[int, Planned[Made]]) -> Iterator[dict[int, Planned[Made]]]:
    chunk: dict[int, Planned[Made]] = {}
    room = MOST_STEPS
    for number, one in planned.items():
        if len(chunk) == AT_ONCE or len(one.steps) > room:
            yield chunk
            chunk, room = {}, MOST_STEPS
        chunk[number] = one
        room -= len(one.steps)
    if chunk:
        yield chunk


def _write_whole(
    catalogue: Catalogue, chunk: Mapping[int, Planned[Made]], plan: Planner[Made]
) -> dict[int, Made]:
    """Write all of a chunk; raises, with nothing written, what is wrong by now."""
    for _ in range(ATTEMPTS):
        try:
            catalogue.commit(steps_of(list(chunk.values())))
        except StepsRefusedError:
            chunk = _sound(chunk, plan(list(chunk)))
            continue
        return {number: one.record for number, one in chunk.items()}
    raise busy()


def _write_apart(
    catalogue: Catalogue,
    chunk: Mapping[int, Planned[Made]],
    plan: Planner[Made],
    outcome: _Outcome[Made],
) -> None:
    """Write of a chunk what can be written by now; the rest has failed."""
    for _ in range(ATTEMPTS):
        try:
            catalogue.commit(steps_of(list(chunk.values())))
        except StepsRefusedError:
            attempts = dict(zip(chunk, plan(list(chunk)), strict=True))
            outcome.failed |= {
                number: one for number, one in attempts.items() if isinstance(one, RequestError)
            }
            chunk = {number: one for number, one in attempts.items() if isinstance(one, Planned)}
        except UnavailableError as error:
            outcome.failed |= dict.fromkeys(chunk, error)
            return
        else:
            outcome.written |= {number: one.record for number, one in chunk.items()}
            return
    outcome.failed |= {number: busy() for number in chunk}
