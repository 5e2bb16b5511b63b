"""The people of the fault runs: one of each group, who may do everything in it and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.gateway.api import Response
from local.stack import LocalStack

GROUPS = ("aafc", "bicoe")


def mark_of(group: str) -> str:
    """Stands in every text that is written for a group, and in nothing else."""
    return f"quagga-{group}"


@dataclass(frozen=True)
class Person:
    """Somebody of a group, whose requests carry a token of theirs."""

    stack: LocalStack
    group: str
    roles: Sequence[str] = ()
    """In the whole realm."""

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes | str = b"",
        json_body: Any = None,
    ) -> Response:
        """As the stack's own; the token is a new one each time, for the clock runs fast here."""
        issuer = self.stack.issuer
        assert issuer is not None, "these people need tokens: run them by make test-faults"
        token = issuer.token(f"somebody-of-{self.group}", [f"{self.group}/super-user"], self.roles)
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        return self.stack.request(
            method,
            target,
            headers=[*pairs, ("Authorization", f"Bearer {token}")],
            body=body,
            json_body=json_body,
        )

    @property
    def stranger(self) -> Person:
        """Somebody of the other group."""
        return Person(self.stack, next(one for one in GROUPS if one != self.group))
