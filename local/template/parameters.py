"""Check the value of a template's parameter, as CloudFormation does.

Source: AWS CloudFormation User Guide, "Parameters". A pattern must match the whole value, and in a
list each item.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LISTS = ("CommaDelimitedList", "List<Number>", "List<String>")
NUMBERS = ("Number", "List<Number>")
TYPES = ("String", "Number", *LISTS)
CONSTRAINTS = {
    "AllowedPattern", "AllowedValues", "ConstraintDescription", "Default", "Description",
    "MaxLength", "MaxValue", "MinLength", "MinValue", "NoEcho", "Type",
}  # fmt: skip
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def parse_value(declaration: Mapping[str, Any], value: object) -> str | list[str]:
    """Return the value of a Ref to the parameter; raise ValueError if it is not valid."""
    kind = declaration["Type"]
    if kind not in TYPES:
        raise ValueError(f"the local stack does not support the type {kind}")
    if unknown := set(declaration) - CONSTRAINTS:
        raise ValueError(f"{min(unknown)} is not an attribute of a parameter")
    text = _as_text(value)
    items = [item.strip() for item in text.split(",")] if kind in LISTS else [text]
    for item in items:
        _check_item(declaration, item)
    return items if kind in LISTS else text


def _as_text(value: object) -> str:
    """Return the value as text; a boolean of YAML becomes `true` or `false`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_item(declaration: Mapping[str, Any], item: str) -> None:
    description = declaration.get("ConstraintDescription")
    allowed = declaration.get("AllowedValues")
    if allowed is not None and item not in [_as_text(one) for one in allowed]:
        raise ValueError(f"must be one of {allowed}: {item!r}")
    pattern = declaration.get("AllowedPattern")
    if pattern is not None and re.fullmatch(pattern, item) is None:
        raise ValueError(f"{description or f'must match {pattern}'}: {item!r}")
    if declaration["Type"] in NUMBERS:
        if _NUMBER.fullmatch(item) is None:
            raise ValueError(f"must be a number: {item!r}")
        _check_bounds(declaration, "Value", float(item), description)
    else:
        _check_bounds(declaration, "Length", len(item), description)


def _check_bounds(
    declaration: Mapping[str, Any], kind: str, number: float, description: str | None
) -> None:
    low, high = declaration.get(f"Min{kind}"), declaration.get(f"Max{kind}")
    if low is not None and number < float(low):
        rule = description or f"must have a {kind.lower()} of at least {low}"
        raise ValueError(f"{rule}: {number:g}")
    if high is not None and number > float(high):
        rule = description or f"must have a {kind.lower()} of at most {high}"
        raise ValueError(f"{rule}: {number:g}")
