"""Read derivative records and check that the caller may read them."""

from __future__ import annotations

from collections.abc import Sequence

from coffer.domain.callers import Caller
from coffer.domain.derivatives.ports import DerivativeReader, Derivatives, Source
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.release import check_readable, readable_ids
from coffer.domain.errors import NotFoundError
from coffer.domain.transactions.read import load_all


def read_derivative(catalogue: Derivatives[Source], caller: Caller, identifier: str) -> Derivative:
    """Return the record if the caller may read it."""
    derivative = find_derivative(catalogue, identifier)
    check_readable(caller, derivative, readable_ids(catalogue, caller, [derivative]))
    return derivative


def find_derivative(catalogue: DerivativeReader[Source], identifier: str) -> Derivative:
    """Return the record, or its tombstone; raise `NotFoundError` if neither exists."""
    derivative = catalogue.derivative(identifier)
    if derivative is None:
        raise derivative_not_found(identifier)
    return derivative


def derivative_not_found(identifier: str) -> NotFoundError:
    """Return the error for a derivative that does not exist."""
    return NotFoundError(
        "derivative_not_found", f"There is no derivative with the id {identifier}."
    )


def load_derivatives(
    catalogue: Derivatives[Source], caller: Caller, identifiers: Sequence[str]
) -> list[Derivative]:
    """Return the records in the order of their ids; raise the errors of all of them together."""
    known = catalogue.derivatives_of(set(identifiers))
    readable = readable_ids(catalogue, caller, known.values())

    def check(derivative: Derivative) -> None:
        check_readable(caller, derivative, readable)

    return load_all(identifiers, known, check, derivative_not_found)
