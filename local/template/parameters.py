"""Whether a value is one that CloudFormation takes for a template's parameter.

Source: AWS CloudFormation User Guide, "Parameters". Patterns have to match the whole value; of a
list, each item by itself.
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
    """The value as a Ref to the parameter answers it; ValueError says what is wrong with it."""
    kind = declaration["Type"]
    if kind not in TYPES:
        raise ValueError(f"the local stack doesn't know the type {kind}")
    if unknown := set(declaration) - CONSTRAINTS:
        raise ValueError(f"a parameter has no {min(unknown)}")
    text = _as_text(value)
    items = [item.strip() for item in text.split(",")] if kind in LISTS else [text]
    for item in items:
        _check_item(declaration, item)
    return items if kind in LISTS else text


def _as_text(value: object) -> str:
    """YAML's booleans are words to CloudFormation."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_item(declaration: Mapping[str, Any], item: str) -> None:
    wanted = declaration.get("ConstraintDescription")
    allowed = declaration.get("AllowedValues")
    if allowed is not None and item not in [_as_text(one) for one in allowed]:
        raise ValueError(f"is one of {allowed}: {item!r}")
    pattern = declaration.get("AllowedPattern")
    if pattern is not None and re.fullmatch(pattern, item) is None:
        raise ValueError(f"{wanted or f'must match {pattern}'}: {item!r}")
    if declaration["Type"] in NUMBERS:
        if _NUMBER.fullmatch(item) is None:
            raise ValueError(f"is a number: {item!r}")
        _check_bounds(declaration, "Value", float(item), wanted)
    else:
        _check_bounds(declaration, "Length", len(item), wanted)


def _check_bounds(
    declaration: Mapping[str, Any], of: str, found: float, wanted: str | None
) -> None:
    least, most = declaration.get(f"Min{of}"), declaration.get(f"Max{of}")
    if least is not None and found < float(least):
        raise ValueError(f"{wanted or f'has a {of.lower()} of at least {least}'}: {found:g}")
    if most is not None and found > float(most):
        raise ValueError(f"{wanted or f'has a {of.lower()} of at most {most}'}: {found:g}")
