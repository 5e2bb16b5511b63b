"""Reading the record of a derivative: who may see it."""

from __future__ import annotations

from coffer.domain.callers import Caller, Role
from coffer.domain.derivative import Derivative
from coffer.domain.errors import GoneError, NotFoundError
from coffer.domain.ports import Catalogue


def read_derivative(catalogue: Catalogue, caller: Caller, identifier: str) -> Derivative:
    """The record, if the caller may read it."""
    derivative = catalogue.derivative(identifier)
    if derivative is None:
        raise NotFoundError(
            "derivative_not_found", f"There is no derivative with the id {identifier}."
        )
    if not derivative.publicly_releasable:
        caller.require_role(Role.READ_ONLY, derivative.bucket)
    if derivative.deleted_on is not None:
        raise GoneError(
            "derivative_deleted",
            f"The derivative {identifier} was deleted; its audit tells by whom and when.",
            about=f"derivative/{identifier}",
        )
    return derivative
