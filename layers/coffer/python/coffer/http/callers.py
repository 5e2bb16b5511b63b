"""Identify the caller of a request, by its bearer token or as the development user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from coffer.domain.callers import ANONYMOUS, Caller, Role, token_required
from coffer.http.requests import Request

Identify = Callable[[Request], Caller]
"""Returns the caller of a request, or raises UnauthenticatedError or ForbiddenError."""


class BearerTokens(Protocol):
    """Verifies bearer tokens."""

    def caller(self, token: str) -> Caller:
        """Return the user of the token; raise UnauthenticatedError or ForbiddenError."""
        ...


def identify_by_token(tokens: BearerTokens) -> Identify:
    """Return an `Identify` that requires `Authorization: Bearer …` (RFC 6750)."""

    def identify(request: Request) -> Caller:
        scheme, _, token = request.header("authorization").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise token_required()
        return tokens.caller(token.strip())

    return identify


def or_anonymous(identify: Identify) -> Identify:
    """Return an `Identify` for which requests without Authorization are anonymous."""
    return lambda request: identify(request) if request.header("authorization") else ANONYMOUS


def identify_as(username: str) -> Identify:
    """Return an `Identify` for which each caller is this user, with all rights.

    Only a local stack uses it.
    """
    developer = Caller(
        username=username,
        # `require_role_anywhere` needs a role in a group; realm roles do not count there.
        groups={"dev-group": frozenset({Role.DINA_ADMIN})},
        realm_roles=frozenset({Role.DINA_ADMIN}),
        agent_identifier="c628fc6f-c9ad-4bb6-a187-81eb7884bdd7",
    )
    return lambda _request: developer
