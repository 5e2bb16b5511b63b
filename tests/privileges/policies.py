"""The policies of the template's roles, evaluated like IAM does."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.template.parser import TemplateParser
from tests.privileges.calls import Need


@dataclass(frozen=True)
class Grant:
    """One action on one pattern of resources, from a statement of a function's role."""

    function: str
    statement: str
    action: str
    pattern: str
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def allows(self, need: Need) -> bool:
        """True if IAM would allow it."""
        return (
            _fits(need.action.lower(), self.action.lower())
            and _fits(need.arn, self.pattern)
            and all(self._holds(*condition, need) for condition in self.conditions)
        )

    @staticmethod
    def _holds(operator: str, key: str, values: tuple[str, ...], need: Need) -> bool:
        if (operator, key) != ("StringLike", "s3:prefix"):
            raise ValueError(f"{operator} of {key} is not supported here")
        return need.prefix is not None and any(_fits(need.prefix, value) for value in values)


def _fits(text: str, pattern: str) -> bool:
    # IAM has the wildcards * and ? only.
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def grants(parser: TemplateParser) -> Iterator[Grant]:
    """Return every grant of every function's role, without AWS's managed policies (logs, X-Ray)."""
    for logical_id, role in parser.resources_of("AWS::IAM::Role"):
        if not logical_id.endswith("FunctionRole"):
            continue
        for policy in role.get("Policies", []):
            for statement in _list(policy["PolicyDocument"]["Statement"]):
                yield from _of_statement(logical_id.removesuffix("Role"), statement)


def _of_statement(function: str, statement: Mapping[str, Any]) -> Iterator[Grant]:
    if statement["Effect"] != "Allow":
        raise ValueError(f"{function}: only Allow is understood here")
    conditions = tuple(
        (operator, key, tuple(_list(values)))
        for operator, pairs in statement.get("Condition", {}).items()
        for key, values in pairs.items()
    )
    for action in _list(statement["Action"]):
        for pattern in _list(statement["Resource"]):
            yield Grant(function, statement.get("Sid", ""), action, pattern, conditions)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
