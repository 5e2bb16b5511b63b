"""Who is calling the object store API: the bearer token's user, or the development identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from coffer.domain.callers import ANONYMOUS, Caller, Role, token_required
from coffer.http.requests import Request

Identify = Callable[[Request], Caller]


class BearerTokens(Protocol):
    """What verifies bearer tokens; OidcTokens is the adapter."""

    def caller(self, token: str) -> Caller:
        """The verified user; raises UnauthenticatedError or ForbiddenError."""
        ...


def identify_by_token(tokens: BearerTokens) -> Identify:
    """Callers prove who they are with `Authorization: Bearer …` (RFC 6750)."""

    def identify(request: Request) -> Caller:
        scheme, _, token = request.header("authorization").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise token_required()
        return tokens.caller(token.strip())

    return identify


def or_anonymous(identify: Identify) -> Identify:
    """Whoever shows a token is identified by it; all others are anybody."""
    return lambda request: identify(request) if request.header("authorization") else ANONYMOUS


def identify_as(username: str) -> Identify:
    """Everybody is this user, with every right: a local stack's development identity."""
    developer = Caller(
        username=username,
        # Some rights hang on a role in any group whatever, which one of the realm is not.
        groups={"dev-group": frozenset({Role.DINA_ADMIN})},
        realm_roles=frozenset({Role.DINA_ADMIN}),
        agent_identifier="c628fc6f-c9ad-4bb6-a187-81eb7884bdd7",
    )
    return lambda _request: developer
