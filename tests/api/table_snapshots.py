"""Copies of the local stack's tables, so that a module creates its records once."""

from __future__ import annotations

import copy
from typing import Any

from local.stack import LocalStack


class TableSnapshot:
    """The items of all tables at one time, without streams."""

    def __init__(self, stack: LocalStack) -> None:
        tables = stack.server.dynamodb.tables
        self._items: dict[str, Any] = {
            name: copy.deepcopy(table.items) for name, table in tables.items()
        }

    def same_as(self, stack: LocalStack) -> bool:
        """True if the tables still have these items."""
        return {name: _plain(items) for name, items in self._items.items()} == {
            name: _plain(table.items) for name, table in stack.server.dynamodb.tables.items()
        }

    def restore(self, stack: LocalStack) -> None:
        """Replace the items of all tables."""
        with stack.server.locked_dynamodb():
            for name, table in stack.server.dynamodb.tables.items():
                table.items = copy.deepcopy(self._items[name])
                stack.server.fixes.forget(table)


def _plain(items: Any) -> dict[str, Any]:
    """Return the items of a table as they are in JSON, by their keys."""
    plain: dict[str, Any] = {}
    for key, item in items.items():
        plain[str(key)] = item.to_json() if hasattr(item, "to_json") else _plain(item)
    return plain
