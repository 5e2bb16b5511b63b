"""Naming: which records of a group have a name (reference, 1.8: resource-name-identifier).

The name is the file's original one, compared exactly; the group is the bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from coffer.domain.buckets import bucket_key
from coffer.domain.callers import Caller, Role


@dataclass(frozen=True, kw_only=True)
class NamedRecord:
    """A record and its name."""

    identifier: str
    name: str | None
    created_on: datetime


@dataclass(frozen=True, kw_only=True)
class NameQuestion:
    """What is asked for: records of a group, of any of these names, or all where none is given."""

    group: str
    names: tuple[str, ...]
    limit: int


class Names(Protocol):
    """What finds metadata by its name; both cost what there is to find."""

    def named(self, bucket_key: str, name: str, limit: int) -> Sequence[NamedRecord]:
        """Records of exactly this name, the oldest first."""
        ...

    def all_in(self, bucket_key: str, limit: int) -> Sequence[NamedRecord]:
        """Records of any name, the oldest first."""
        ...


def find_by_name(names: Names, caller: Caller, question: NameQuestion) -> list[NamedRecord]:
    """The records that are asked for, the oldest first."""
    caller.require_role(Role.READ_ONLY, question.group)
    key = bucket_key(question.group)
    if not question.names:
        return list(names.all_in(key, question.limit))
    found = [
        record
        for name in dict.fromkeys(question.names)
        for record in names.named(key, name, question.limit)
    ]
    found.sort(key=lambda record: (record.created_on, record.identifier))
    return found[: question.limit]
