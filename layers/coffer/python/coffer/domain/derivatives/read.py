"""Reading the record of a derivative: who may see it."""

from __future__ import annotations

from collections.abc import Sequence

from coffer.domain.callers import Caller, Role
from coffer.domain.derivatives.ports import DerivativeReader, Derivatives, Source
from coffer.domain.derivatives.record import Derivative
from coffer.domain.errors import GoneError, NotFoundError
from coffer.domain.transactions.load import load_all


def read_derivative(
    catalogue: DerivativeReader[Source], caller: Caller, identifier: str
) -> Derivative:
    """The record, if the caller may read it."""
    derivative = find_derivative_record(catalogue, identifier)
    if not derivative.publicly_releasable:
        caller.require_role(Role.READ_ONLY, derivative.bucket)
    require_undeleted(derivative)
    return derivative


def find_derivative_record(catalogue: DerivativeReader[Source], identifier: str) -> Derivative:
    """The record, tombstones included; raises NotFoundError where there is none."""
    derivative = catalogue.derivative(identifier)
    if derivative is None:
        raise derivative_not_found(identifier)
    return derivative


def derivative_not_found(identifier: str) -> NotFoundError:
    """There is no such record."""
    return NotFoundError(
        "derivative_not_found", f"There is no derivative with the id {identifier}."
    )


def require_undeleted(derivative: Derivative) -> None:
    """Raise GoneError where the record is a tombstone."""
    if derivative.deleted_on is not None:
        raise GoneError(
            "derivative_deleted",
            f"The derivative {derivative.identifier} was deleted; its audit tells by whom and "
            "when.",
            instance_id=derivative.instance_id,
        )


def load_derivatives(
    catalogue: Derivatives[Source], caller: Caller, identifiers: Sequence[str]
) -> list[Derivative]:
    """The records in the order of their ids; raises what is wrong with any of them."""
    known = catalogue.derivatives_of(set(identifiers))

    def check(record: Derivative) -> None:
        if not record.publicly_releasable:
            caller.require_role(Role.READ_ONLY, record.bucket)
        require_undeleted(record)

    return load_all(identifiers, known, check, derivative_not_found)
