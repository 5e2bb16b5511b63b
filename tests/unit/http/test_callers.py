"""Identifying callers by bearer tokens, and the development user."""

from __future__ import annotations

import pytest

from coffer.domain.callers import Caller
from coffer.domain.errors import UnauthenticatedError
from coffer.http.callers import identify_as, identify_by_token
from tests.unit.http.events import make_request


class OneToken:
    """Accepts one token."""

    def caller(self, token: str) -> Caller:
        if token != "good":
            raise UnauthenticatedError("untrusted_token", "Not that one.")
        return Caller(username="alice")


@pytest.mark.parametrize("header", ["Bearer good", "bearer good", "BEARER   good  "])
def test_a_valid_token_identifies_its_user(header: str) -> None:
    identify = identify_by_token(OneToken())
    assert identify(make_request(headers={"authorization": header})).username == "alice"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "good", "Basic good", "Token good"])
def test_a_request_without_a_bearer_token_is_unauthenticated(header: str) -> None:
    with pytest.raises(UnauthenticatedError) as refusal:
        identify_by_token(OneToken())(make_request(headers={"authorization": header}))
    [problem] = refusal.value.problems
    assert (problem.code, problem.header) == ("token_required", "Authorization")


def test_an_invalid_token_is_refused_by_the_verifier() -> None:
    with pytest.raises(UnauthenticatedError, match="Not that one"):
        identify_by_token(OneToken())(make_request(headers={"authorization": "Bearer bad"}))


def test_the_developer_has_all_rights() -> None:
    developer = identify_as("dev")(make_request())
    assert developer.username == "dev"
    assert developer.is_admin
    assert developer.agent_identifier == "c628fc6f-c9ad-4bb6-a187-81eb7884bdd7"
