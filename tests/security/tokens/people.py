"""Users who send requests with their own tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local.gateway.api import Response
from local.stack import LocalStack


class Person:
    """A user with roles in groups, named `group/role`, and in the realm.

    Sends a token with each request.
    """

    def __init__(
        self, stack: LocalStack, name: str, *groups: str, realm: Sequence[str] = ()
    ) -> None:
        assert stack.issuer is not None
        self._stack, self._token = stack, stack.issuer.token(name, groups, realm)

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes | str = b"",
        json_body: Any = None,
    ) -> Response:
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        sent = [*pairs, ("Authorization", f"Bearer {self._token}")]
        return self._stack.request(method, target, headers=sent, body=body, json_body=json_body)
