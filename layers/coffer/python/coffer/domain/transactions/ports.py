"""The port that writes several records in one DynamoDB transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from coffer.domain.transactions.actions import Action


class Transactions(Protocol):
    """Writes records in transactions."""

    def commit(self, actions: Sequence[Action]) -> None:
        """Apply all actions, or none; at most `MAX_ACTIONS`, no two on the same record.

        Raises `TransactionCanceledError`, which names the reason for each failed action:
        `RecordExistsError` if an identifier or a claim exists, otherwise `RecordChangedError`.
        Does nothing if there are no actions.
        """
        ...
