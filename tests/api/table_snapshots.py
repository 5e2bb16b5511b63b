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

    def restore(self, stack: LocalStack) -> None:
        """Replace the items of all tables."""
        with stack.server.locked_dynamodb():
            for name, table in stack.server.dynamodb.tables.items():
                table.items = copy.deepcopy(self._items[name])
                stack.server.fixes.forget(table)
