"""Check event patterns of EventBridge, and match events against them.

Source: Amazon EventBridge User Guide, "Comparison operators for use in event patterns". Supported
are exact values (text, numbers, booleans, null), `prefix`, `suffix`, `equals-ignore-case`,
`anything-but` (values, `prefix`, `suffix`, `equals-ignore-case`), `exists`, `numeric`, nesting and
arrays. `check_pattern` raises for anything else, so `matches` can rely on a checked pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}

_MISSING = object()


class UnsupportedPatternError(Exception):
    """The pattern has an operator or a form that the local stack does not support."""


def check_pattern(pattern: Mapping[str, Any], where: str = "pattern") -> None:
    """Raise `UnsupportedPatternError` for a pattern that `matches` does not support."""
    for key, condition in pattern.items():
        here = f"{where}.{key}"
        if key == "$or":
            raise UnsupportedPatternError(f"{here}: $or is not supported")
        if isinstance(condition, Mapping):
            check_pattern(condition, here)
        elif isinstance(condition, list) and condition:
            for one in condition:
                _check_condition(one, here)
        else:
            raise UnsupportedPatternError(f"{here}: neither a list of values nor a nested pattern")


def _check_condition(condition: Any, where: str) -> None:
    if isinstance(condition, list):
        raise UnsupportedPatternError(f"{where}: a list within a list")
    if not isinstance(condition, Mapping):
        return
    if len(condition) != 1:
        raise UnsupportedPatternError(
            f"{where}: a condition has one operator, not {sorted(condition)}"
        )
    [(name, argument)] = condition.items()
    if name not in _OPERATORS:
        raise UnsupportedPatternError(f"{where}: the operator {name!r} is not supported")
    if name == "numeric":
        _check_numeric(argument, where)
    elif name == "exists":
        if not isinstance(argument, bool):
            raise UnsupportedPatternError(f"{where}: exists takes true or false")
    elif name == "anything-but":
        _check_anything_but(argument, where)
    elif not isinstance(argument, str):
        raise UnsupportedPatternError(f"{where}: {name} takes text")


def _check_numeric(argument: Any, where: str) -> None:
    if not isinstance(argument, list) or len(argument) not in (2, 4):
        raise UnsupportedPatternError(f"{where}: numeric takes one or two comparisons")
    for operator, number in zip(argument[::2], argument[1::2], strict=True):
        if operator not in _COMPARISONS or not _is_number(number):
            raise UnsupportedPatternError(f"{where}: numeric does not take {operator} {number}")


def _check_anything_but(argument: Any, where: str) -> None:
    if isinstance(argument, Mapping):
        if len(argument) != 1 or next(iter(argument)) not in _TEXT_OPERATORS:
            raise UnsupportedPatternError(f"{where}: anything-but {sorted(argument)}")
        return
    for value in argument if isinstance(argument, list) else [argument]:
        if not isinstance(value, str) and not _is_number(value):
            raise UnsupportedPatternError(f"{where}: anything-but takes text and numbers")


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """True if every field of a checked pattern matches the event."""
    return all(_field_matches(one, event, key) for key, one in pattern.items())


def _field_matches(condition: Any, event: Any, key: str) -> bool:
    value = event.get(key, _MISSING) if isinstance(event, Mapping) else _MISSING
    if isinstance(condition, Mapping):
        if isinstance(value, list):
            return any(matches(condition, item) for item in value)
        # A nested pattern can still match a missing object, with `exists: false`.
        return matches(condition, {} if value is _MISSING else value)
    return any(_condition_matches(one, value) for one in condition)


def _condition_matches(condition: Any, value: Any) -> bool:
    if isinstance(condition, Mapping):
        [(name, argument)] = condition.items()
        if name == "exists":
            # For EventBridge only leaves exist; `exists` does not match an object.
            is_leaf = value is not _MISSING and not isinstance(value, Mapping)
            return is_leaf is argument
        if value is _MISSING:
            return False
        test = _OPERATORS[name]
        return any(test(one, argument) for one in (value if isinstance(value, list) else [value]))
    if value is _MISSING:
        return False
    return any(_same(one, condition) for one in (value if isinstance(value, list) else [value]))


def _same(value: Any, expected: Any) -> bool:
    """True if the values are equal; unlike in Python, True is not equal to 1."""
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    return bool(value == expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _prefix(value: Any, argument: Any) -> bool:
    return isinstance(value, str) and value.startswith(argument)


def _suffix(value: Any, argument: Any) -> bool:
    return isinstance(value, str) and value.endswith(argument)


def _equals_ignore_case(value: Any, argument: Any) -> bool:
    return isinstance(value, str) and value.lower() == argument.lower()


def _numeric(value: Any, argument: Any) -> bool:
    if not _is_number(value):
        return False
    pairs = zip(argument[::2], argument[1::2], strict=True)
    return all(_COMPARISONS[operator](value, number) for operator, number in pairs)


def _anything_but(value: Any, argument: Any) -> bool:
    if isinstance(argument, Mapping):
        [(name, inner)] = argument.items()
        unwanted = inner if isinstance(inner, list) else [inner]
        return not any(_TEXT_OPERATORS[name](value, one) for one in unwanted)
    unwanted = argument if isinstance(argument, list) else [argument]
    return not any(_same(value, one) for one in unwanted)


_TEXT_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
}

_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    **_TEXT_OPERATORS,
    "anything-but": _anything_but,
    "exists": lambda value, argument: (value is not _MISSING) is argument,
    "numeric": _numeric,
}
