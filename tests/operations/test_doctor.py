"""The doctor finds nothing in a healthy stack, and in an ill one what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
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
        self.now = installation.now

    def environment(self, function: str) -> Mapping[str, str]:
        return {**self._installation.environment(function), **self._changes}


class Answers(Web):
    """A web of one's own: what each address answers."""

    def __init__(self, responses: Mapping[str, Response | str]) -> None:
        super().__init__()
        self._answers = responses

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
    ahead = Doctor(installation, now=lambda: installation.now() + timedelta(hours=1))
    found = ahead.check_clock()
    assert (found.health, found.remedy[:24]) == (Health.FAILURE, "Set this machine's clock")


def test_a_stack_whose_clock_was_moved_is_well(
    outside: Stack, installation: LocalInstallation
) -> None:
    before = installation.now()
    outside.move_clock(7200)
    assert installation.now() - before >= timedelta(hours=2)
    assert Doctor(installation).check_clock().health is Health.OK


def test_what_becomes_of_orphans_is_said(installation: LocalInstallation) -> None:
    assert Doctor(installation).check_orphan_removal().detail == "off: they are kept for ever"
    on = Elsewhere(installation, ORPHAN_REMOVAL_CRON="0 * * * ? *")
    found = Doctor(on).check_orphan_removal()
    assert (found.health, found.detail) == (Health.OK, "at cron(0 * * * ? *), older than 20d")


@contextmanager
def lying_in(installation: LocalInstallation, queue: str, messages: int) -> Iterator[None]:
    """So many messages in a queue, for the time of the block."""
    sqs = installation.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    for _ in range(messages):
        sqs.send_message(QueueUrl=url, MessageBody="{}")
    try:
        yield
    finally:
        for _ in range(messages):
            [message] = sqs.receive_message(QueueUrl=url)["Messages"]
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


@pytest.mark.parametrize(("waiting", "remedy"), [(0, "No event came"), (1, "The queue isn't")])
def test_a_canary_that_never_arrives_is_looked_for(
    installation: LocalInstallation, waiting: int, remedy: str
) -> None:
    """A bucket that tells nobody is told from a queue that nobody works off."""
    store = "https://store.example/b"
    form = {"url": store, "fields": {}}
    offer = {"files": [{"fileIdentifier": "canary", "upload": form}]}
    responses: dict[str, Response | str] = {
        f"{installation.api_url}/api/v1/upload/coffer-doctor": Response(
            200, {}, json.dumps(offer).encode()
        ),
        store: Response(201, {}, b""),
        f"{installation.api_url}/api/v1/object-upload/canary": Response(404, {}, b""),
    }
    ill = Elsewhere(installation)
    if waiting:  # a queue that nobody reads stands in for one that isn't worked off
        queue = installation.names["BuildExportDeadLetterQueue"]
        ill.names = {**installation.names, "ProcessUploadQueue": queue}
    with lying_in(installation, ill.names["ProcessUploadQueue"], waiting):
        found = Doctor(ill, web=Answers(responses), patience_seconds=0.01).check_canary()
    assert found.health is Health.FAILURE
    assert f"(status 404); {waiting} messages wait" in found.detail
    assert found.remedy.startswith(remedy)


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
    ("responses", "health"),
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
    installation: LocalInstallation, responses: Mapping[str, Response | str], health: Health
) -> None:
    deployed = Elsewhere(installation, OIDC_ISSUER=ISSUER, DEVELOPMENT_IDENTITY="")
    assert Doctor(deployed, web=Answers(responses)).check_issuer().health is health


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
