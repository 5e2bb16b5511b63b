"""Derivatives at the edge: the resource."""

from __future__ import annotations

from typing import Any

from coffer.domain.attributes import derivative_attributes
from coffer.domain.derivative import Derivative
from coffer.http.documents import resource

TYPE = "derivative"


def present_derivative(derivative: Derivative) -> dict[str, Any]:
    """The derivative resource."""
    return resource(TYPE, derivative.identifier, derivative_attributes(derivative))
