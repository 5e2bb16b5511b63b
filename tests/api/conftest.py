"""Fixtures of the API tests, which pass with and without CHAOS: see `make test-chaos`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import wraps

import pytest

from coffer.domain.callers import Caller
from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.aws_calls import aws_calls

__all__ = ["aws_calls", "stack"]

MAX_ATTEMPTS = 6
"""How often a client repeats a request after a 503. No injected fault lasts longer."""


@pytest.fixture
def stack(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> LocalStack:
    """The stack behind a client that repeats a request after a 503 with Retry-After."""
    monkeypatch.setattr(stack, "request", retrying(stack, stack.request))
    return stack


def retrying(stack: LocalStack, request: Callable[..., Response]) -> Callable[..., Response]:
    """Return a version of `request` that repeats it after a 503 with Retry-After."""

    @wraps(request)
    def ask(method: str, target: str, **sent: object) -> Response:
        for _ in range(MAX_ATTEMPTS):
            response = request(method, target, **sent)
            wait = response.header("retry-after")
            if response.status != 503 or wait is None:
                return response
            stack.clock.advance(timedelta(seconds=int(wait)))
        return response

    return ask


@pytest.fixture
def called_by(stack: LocalStack) -> Iterator[Callable[[Caller], None]]:
    """Return a function that sets the caller that handlers identify, until the test ends."""
    with pytest.MonkeyPatch.context() as patch:

        def become(caller: Caller) -> None:
            for function in stack.resources.functions:
                # Its module is loaded by the first invocation.
                module = sys.modules.get(f"local_function_{function.folder.name}_app")
                if module is not None and hasattr(module, "identify"):
                    patch.setattr(module, "identify", lambda _request: caller)

        yield become
