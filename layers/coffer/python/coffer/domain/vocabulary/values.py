"""Check the values of managed attributes against the attributes' types and accepted values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from coffer.domain.vocabulary.terms import ElementType, ManagedAttribute

# The reference accepts no sign. Here an integer may be negative.
_INTEGER = re.compile(r"-?[0-9]+")
_DECIMAL = re.compile(r"-?([0-9]+(\.[0-9]+)?|\.[0-9]+)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_valid_value(attribute: ManagedAttribute, value: str) -> bool:
    """Return True if a managed attribute may have this value."""
    if not _IS_OF[attribute.vocabulary_element_type](value):
        return False
    accepted = attribute.accepted_values
    return not accepted or value.casefold() in {one.casefold() for one in accepted}


def _is_date(value: str) -> bool:
    """Return True if the value is an existing date of the form yyyy-MM-dd."""
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


_IS_OF: Mapping[ElementType, Callable[[str], bool]] = {
    ElementType.INTEGER: lambda value: _INTEGER.fullmatch(value) is not None,
    ElementType.DECIMAL: lambda value: _DECIMAL.fullmatch(value) is not None,
    ElementType.DATE: _is_date,
    ElementType.BOOL: lambda value: value in ("true", "false"),
    ElementType.STRING: lambda _value: True,
}
