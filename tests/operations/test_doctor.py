"""The doctor finds nothing in a healthy stack, and in an ill one what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.commands import main
from operations.doctor import Doctor, Finding, Health
from operations.installation import LocalInstallation
from operations.web import Response, Web
from tests.e2e.stacks import Stack


class Elsewhere:
    """The installation, but for what a test says of it."""

    def __init__(self, installation: LocalInstallation, **changes: str) -> None:
        self._installation = installation
        self._changes = changes
        self.names = installation.names
        self.api_url = installation.api_url
        self.client = installation.client
        self.invoke = installation.invoke

    def environment(self, function: str) -> Mapping[str, str]:
        return {**self._installation.environment(function), **self._changes}


class Answers(Web):
    """A web of one's own: what each address answers."""

    def __init__(self, answers: Mapping[str, Response | str]) -> None:
        super().__init__()
        self._answers = answers

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, **body: Any
    ) -> Response | str:
        return self._answers.get(url, "nobody is there")


def test_a_healthy_stack_is_well(
    outside: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(outside.port))
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "failure" not in said
    assert "notification path: the record was there after" in said
    assert "CORS of the bucket: uploads from" in said


@contextmanager
def without_cors(installation: LocalInstallation) -> Iterator[None]:
    s3, bucket = installation.client("s3"), installation.names["ObjectBucket"]
    rules = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    s3.delete_bucket_cors(Bucket=bucket)
    try:
        yield
    finally:
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})


def test_a_bucket_without_its_rule_is_found(installation: LocalInstallation) -> None:
    with without_cors(installation):
        found = Doctor(installation).check_cors()
    assert (found.health, found.remedy[:12]) == (Health.FAILURE, "Put back the")


def test_forms_signed_for_another_region_are_found(installation: LocalInstallation) -> None:
    found = Doctor(Elsewhere(installation, AWS_REGION="eu-north-1")).check_region()
    assert found.health is Health.FAILURE
    assert "is in us-east-1, but forms are signed for eu-north-1" in found.detail


def test_a_clock_that_is_wrong_is_found(installation: LocalInstallation) -> None:
    ahead = Doctor(installation, now=lambda: datetime.now(UTC) + timedelta(hours=1))
    assert ahead.check_clock().health is Health.FAILURE


def test_silence_is_told_from_a_bad_answer(installation: LocalInstallation) -> None:
    deaf = Doctor(installation, web=Answers({}))
    checks = [deaf.check_api(), deaf.check_clock(), deaf.check_cors(), deaf.check_canary()]
    assert {one.health for one in checks} == {Health.FAILURE}
    assert all("nobody is there" in one.detail for one in checks)
    url = f"{installation.api_url}/api/v1/health"
    ill = Doctor(installation, web=Answers({url: Response(500, {}, b"")}))
    assert ill.check_api().detail == f"{url}: status 500"


ISSUER = "https://issuer.example"
CONFIGURATION = f"{ISSUER}/.well-known/openid-configuration"
KEYS = f"{ISSUER}/keys"


def pointing_to_keys(keys: bytes, status: int = 200) -> dict[str, Response | str]:
    return {
        CONFIGURATION: Response(200, {}, f'{{"jwks_uri": "{KEYS}"}}'.encode()),
        KEYS: Response(status, {}, keys),
    }


@pytest.mark.parametrize(
    ("answers", "health"),
    [
        (pointing_to_keys(b'{"keys": [{"kty": "RSA"}]}'), Health.OK),
        (pointing_to_keys(b'{"keys": [{"kty": "oct"}]}'), Health.FAILURE),
        (pointing_to_keys(b"", 404), Health.FAILURE),
        (pointing_to_keys(b"<html>"), Health.FAILURE),
        ({CONFIGURATION: Response(200, {}, b"{}")}, Health.FAILURE),
        ({}, Health.FAILURE),
    ],
    ids=["keys", "symmetric", "missing", "no JSON", "no address", "silent"],
)
def test_the_issuers_keys_have_to_be_there(
    installation: LocalInstallation, answers: Mapping[str, Response | str], health: Health
) -> None:
    deployed = Elsewhere(installation, OIDC_ISSUER=ISSUER, DEVELOPMENT_IDENTITY="")
    assert Doctor(deployed, web=Answers(answers)).check_issuer().health is health


def test_without_an_issuer_nothing_works(installation: LocalInstallation) -> None:
    deployed = Elsewhere(installation, OIDC_ISSUER="", DEVELOPMENT_IDENTITY="")
    assert Doctor(deployed).check_issuer().health is Health.FAILURE


@pytest.mark.parametrize(
    ("status", "health"),
    [(401, Health.WARNING), (403, Health.WARNING), (500, Health.FAILURE)],
)
def test_a_canary_that_may_not_fly_is_told_from_one_that_fell(
    installation: LocalInstallation, status: int, health: Health
) -> None:
    url = f"{installation.api_url}/api/v1/upload/coffer-doctor"
    found: Finding = Doctor(
        installation, web=Answers({url: Response(status, {}, b"")})
    ).check_canary()
    assert found.health is health
