"""How callers are identified: by the settings, and not at all where they say nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coffer import identification
from coffer.domain.errors import UnauthenticatedError
from coffer.http.requests import Request
from coffer.settings import SettingsError, settings
from tests.unit.http.events import make_request


def configure(monkeypatch: pytest.MonkeyPatch, *, development: str, issuer: str) -> None:
    configured = replace(settings, development_identity=development, oidc_issuer=issuer)
    monkeypatch.setattr(identification, "settings", configured)


@pytest.fixture
def anonymous() -> Request:
    return make_request()


def test_on_a_local_stack_everybody_is_the_developer(
    monkeypatch: pytest.MonkeyPatch, anonymous: Request
) -> None:
    configure(monkeypatch, development="dev", issuer="")
    caller = identification.configured_identify()(anonymous)
    assert caller.username == "dev"
    assert caller.is_admin


def test_elsewhere_a_bearer_token_is_needed(
    monkeypatch: pytest.MonkeyPatch, anonymous: Request
) -> None:
    configure(monkeypatch, development="", issuer="https://issuer.example")
    identify = identification.configured_identify()
    with pytest.raises(UnauthenticatedError):
        identify(anonymous)


def test_without_an_issuer_the_function_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, development="", issuer="")
    with pytest.raises(SettingsError, match="OIDC_ISSUER is empty"):
        identification.configured_identify()
