"""Users of the simulation: one for each group, with all rights in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.gateway.api import Response
from local.stack import LocalStack

GROUPS = ("aafc", "bicoe")


def mark_of(group: str) -> str:
    """Return a text that marks everything that belongs to a group."""
    return f"quagga-{group}"


@dataclass(frozen=True)
class Person:
    """A user of a group, whose requests have a token."""

    stack: LocalStack
    group: str
    roles: Sequence[str] = ()
    """Roles in the whole realm."""

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes | str = b"",
        json_body: Any = None,
    ) -> Response:
        """Send a request with a new token, because the simulation advances the clock."""
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
        """A user of the other group."""
        return Person(self.stack, next(one for one in GROUPS if one != self.group))
