"""What the API tests share. They hold with and without CHAOS: see `make test-chaos`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.aws_calls import aws_calls

__all__ = ["aws_calls", "stack"]

PATIENCE = 6
"""How often a client asks again that was told to: longer than any disturbance lasts."""


@pytest.fixture
def stack(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> LocalStack:
    """The stack, asked by a client that does what Retry-After says after a 503."""
    monkeypatch.setattr(stack, "request", patient(stack, stack.request))
    return stack


def patient(stack: LocalStack, request: Callable[..., Response]) -> Callable[..., Response]:
    """`request`, asked again where the answer says that it is worth it."""

    @wraps(request)
    def ask(method: str, target: str, **sent: object) -> Response:
        for _ in range(PATIENCE):
            response = request(method, target, **sent)
            wait = response.header("retry-after")
            if response.status != 503 or wait is None:
                return response
            stack.clock.advance(timedelta(seconds=int(wait)))
        return response

    return ask
