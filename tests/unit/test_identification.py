"""Callers are identified as the settings say; a function without settings does not start."""

from __future__ import annotations

import pytest

from coffer.domain.errors import UnauthenticatedError
from coffer.http.requests import Request
from coffer.identification import configured_identify
from coffer.settings import SettingsError
from tests.unit.http.events import make_request


def configure(monkeypatch: pytest.MonkeyPatch, *, development: str, issuer: str) -> None:
    monkeypatch.setenv("DEVELOPMENT_IDENTITY", development)
    monkeypatch.setenv("OIDC_ISSUER", issuer)


@pytest.fixture
def anonymous() -> Request:
    return make_request()


def test_on_a_local_stack_each_caller_is_the_developer(
    monkeypatch: pytest.MonkeyPatch, anonymous: Request
) -> None:
    configure(monkeypatch, development="dev", issuer="")
    caller = configured_identify()(anonymous)
    assert caller.username == "dev"
    assert caller.is_admin


def test_a_bearer_token_is_required_elsewhere(
    monkeypatch: pytest.MonkeyPatch, anonymous: Request
) -> None:
    configure(monkeypatch, development="", issuer="https://issuer.example")
    identify = configured_identify()
    with pytest.raises(UnauthenticatedError):
        identify(anonymous)


@pytest.mark.parametrize(
    ("public", "development", "username"),
    [(True, "", "anonymous"), (True, "dev", "dev"), (False, "dev", "dev")],
)
def test_public_downloads_need_no_token(
    monkeypatch: pytest.MonkeyPatch,
    anonymous: Request,
    public: bool,
    development: str,
    username: str,
) -> None:
    configure(monkeypatch, development=development, issuer="https://issuer.example")
    identify = configured_identify(public_downloads=public)
    assert identify(anonymous).username == username


@pytest.mark.parametrize("public", [True, False])
def test_an_invalid_token_is_refused_for_public_downloads_too(
    monkeypatch: pytest.MonkeyPatch, public: bool
) -> None:
    configure(monkeypatch, development="", issuer="https://issuer.example")
    identify = configured_identify(public_downloads=public)
    with pytest.raises(UnauthenticatedError):
        identify(make_request(headers={"authorization": "Bearer x"}))


def test_other_downloads_need_a_token(monkeypatch: pytest.MonkeyPatch, anonymous: Request) -> None:
    configure(monkeypatch, development="", issuer="https://issuer.example")
    with pytest.raises(UnauthenticatedError):
        configured_identify()(anonymous)


def test_without_an_issuer_the_function_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, development="", issuer="")
    with pytest.raises(SettingsError, match="OIDC_ISSUER is empty"):
        configured_identify()
