"""Credentials and endpoint of the object store, from the settings."""

from __future__ import annotations

import pytest

from coffer.adapters.signing import object_store as store_signing


def configure(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(name.upper(), value)


def test_the_functions_own_role_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, aws_access_key_id="A", aws_secret_access_key="B", aws_session_token="C")
    credentials = store_signing.role_credentials()
    assert credentials.access_key_id == "A"
    assert credentials.secret_access_key == "B"
    assert credentials.session_token == "C"
    assert "B" not in repr(credentials)


def test_a_user_without_a_session_signs_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, aws_session_token="")
    assert store_signing.role_credentials().session_token is None


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", "https://s3.ca-central-1.amazonaws.com"),
        ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
    ],
)
def test_the_store_is_aws_unless_the_settings_name_another(
    monkeypatch: pytest.MonkeyPatch, given: str, url: str
) -> None:
    configure(monkeypatch, aws_region="ca-central-1", aws_endpoint_url_s3=given)
    assert store_signing.store_endpoint().url == url
