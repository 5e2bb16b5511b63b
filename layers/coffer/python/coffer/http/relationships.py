"""Relationships that callers send: each names one other resource by type and id, or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffer.domain.errors import Problem
from coffer.domain.identifiers import is_identifier
from coffer.http.documents import pointer_to

Relationships = Mapping[str, tuple[str, str]]
"""By name in the document: the name in the domain, and the type of the other resource."""


def read_relationships(
    given: Mapping[str, Any],
    known: Relationships,
    problems: list[Problem],
    *,
    passed_over: frozenset[str] = frozenset(),
    clears: bool = False,
    where: str = "/data/relationships",
) -> dict[str, str | None]:
    """The ids that `given` names, by their names in the domain; what is wrong goes into `problems`.

    No one (`"data": null`) is the same as nothing, unless the document changes a record (`clears`).
    """
    values: dict[str, str | None] = {}
    for name, relationship in given.items():
        pointer = pointer_to(where, name)
        if name in passed_over:
            continue
        if name not in known:
            detail = f"Unknown relationship [{name[:60]}]"
            problems.append(Problem("unknown_relationship", detail, pointer=pointer))
            continue
        field, kind = known[name]
        data = relationship.get("data") if isinstance(relationship, dict) else {}
        if data is None:
            values |= {field: None} if clears and "data" in relationship else {}
        elif _names(data, kind):
            values[field] = str(data["id"]).lower()
        else:
            detail = f'{name} takes {{"data": {{"type": "{kind}", "id": <uuid>}}}}.'
            problems.append(Problem("malformed_relationship", detail, pointer=pointer))
    return values


def present_relationships(record: object, known: Relationships) -> dict[str, Any]:
    """The relationships of a record that lead somewhere."""
    return {
        name: {"data": {"id": identifier, "type": kind}}
        for name, (field, kind) in known.items()
        if (identifier := getattr(record, field)) is not None
    }


def _names(data: Any, kind: str) -> bool:
    return isinstance(data, dict) and data.get("type") == kind and is_identifier(data.get("id"))
