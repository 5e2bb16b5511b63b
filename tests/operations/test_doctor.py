"""The command doctor: no problem in a healthy stack, and the right one in a broken stack."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from operations.commands import main
from operations.doctor import ORIGIN, Doctor
from operations.findings import Finding, Health
from operations.http_client import HttpClient, HttpResponse
from operations.installation import LocalInstallation
from tests.e2e.stacks import Stack


class ChangedInstallation:
    """An installation with other environment variables."""

    def __init__(self, installation: LocalInstallation, **changes: str) -> None:
        self._installation = installation
        self._changes = changes
        self.names = installation.names
        self.api_url = installation.api_url
        self.client = installation.client
        self.invoke = installation.invoke
        self.now = installation.now
        self.account_public_access_block = installation.account_public_access_block
        self.concurrency_limit = installation.concurrency_limit

    def environment(self, function: str) -> Mapping[str, str]:
        return {**self._installation.environment(function), **self._changes}


class FakeHttpClient(HttpClient):
    """Returns a fixed response for each URL."""

    def __init__(self, responses: Mapping[str, HttpResponse | str]) -> None:
        super().__init__()
        self._responses = responses

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, **body: Any
    ) -> HttpResponse | str:
        return self._responses.get(url, "connection refused")


def test_a_healthy_stack_has_no_failure(
    stack_process: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(stack_process.port))
    assert main(["doctor"]) == 0
    output = capsys.readouterr().out
    assert "failure" not in output
    assert "notification path: the record existed after" in output
    assert "CORS of the bucket: requests from" in output
    assert "CORS of the API: requests from" in output


@contextmanager
def without_cors(installation: LocalInstallation) -> Iterator[None]:
    s3, bucket = installation.client("s3"), installation.names["ObjectBucket"]
    rules = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    s3.delete_bucket_cors(Bucket=bucket)
    try:
        yield
    finally:
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})


def test_a_bucket_without_its_cors_rule_is_reported(installation: LocalInstallation) -> None:
    with without_cors(installation):
        found = Doctor(installation).check_bucket_cors()
    assert (found.health, found.remedy[:16]) == (Health.FAILURE, "Restore the CORS")


@pytest.mark.parametrize(
    ("origins", "exposed", "detail"),
    [
        (["https://*"], ["Content-Range"], "the preflight request of null returns 403"),
        (["*"], ["ETag"], f"the rule for {ORIGIN} does not expose Content-Range"),
    ],
    ids=["no rule for a page after a redirect", "a rule that exposes too little comes first"],
)
def test_downloads_that_a_browser_refuses_are_reported(
    installation: LocalInstallation, origins: list[str], exposed: list[str], detail: str
) -> None:
    s3, bucket = installation.client("s3"), installation.names["ObjectBucket"]
    rule: Any = {"AllowedOrigins": origins, "AllowedMethods": ["GET"], "ExposeHeaders": exposed}
    assert Doctor(installation).check_bucket_downloads().health is Health.OK
    with without_cors(installation):
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
        found = Doctor(installation).check_bucket_downloads()
    assert found.health is Health.FAILURE
    assert found.detail.startswith(detail)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(405, {"access-control-allow-origin": "https://app.example"}), (204, {})],
    ids=["the route refuses it", "the gateway adds no header"],
)
def test_a_preflight_of_the_api_that_a_browser_refuses_is_reported(
    installation: LocalInstallation, status: int, headers: dict[str, str]
) -> None:
    url = f"{installation.api_url}/api/v1/metadata"
    http = FakeHttpClient({url: HttpResponse(status, headers, b"")})
    found = Doctor(installation, http=http).check_api_cors()
    assert (found.health, found.remedy[:25]) == (Health.FAILURE, "Restore CorsConfiguration")


def test_signing_for_another_region_is_reported(installation: LocalInstallation) -> None:
    found = Doctor(ChangedInstallation(installation, AWS_REGION="eu-north-1")).check_region()
    assert found.health is Health.FAILURE
    assert "is in us-east-1, but forms are signed for eu-north-1" in found.detail


def test_a_wrong_clock_is_reported(installation: LocalInstallation) -> None:
    ahead = Doctor(installation, now=lambda: installation.now() + timedelta(hours=1))
    found = ahead.check_clock()
    assert (found.health, found.remedy[:24]) == (Health.FAILURE, "Set this machine's clock")


def test_a_moved_clock_of_a_local_stack_is_no_problem(
    stack_process: Stack, installation: LocalInstallation
) -> None:
    before = installation.now()
    stack_process.move_clock(7200)
    assert installation.now() - before >= timedelta(hours=2)
    assert Doctor(installation).check_clock().health is Health.OK


def test_the_orphan_removal_is_reported(installation: LocalInstallation) -> None:
    assert Doctor(installation).check_orphan_removal().detail == "off: orphans are kept for ever"
    on = ChangedInstallation(installation, ORPHAN_REMOVAL_CRON="0 * * * ? *")
    found = Doctor(on).check_orphan_removal()
    assert (found.health, found.detail) == (Health.OK, "at cron(0 * * * ? *), older than 20d")


@contextmanager
def messages_in(installation: LocalInstallation, queue: str, messages: int) -> Iterator[None]:
    """Keep a number of messages in a queue during the block."""
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


@pytest.mark.parametrize(("waiting", "remedy"), [(0, "No event arrived"), (1, "The queue is not")])
def test_a_canary_without_a_record_is_explained(
    installation: LocalInstallation, waiting: int, remedy: str
) -> None:
    """A bucket without notifications is distinguished from a queue that is not processed."""
    store = "https://store.example/b"
    form = {"url": store, "fields": {}}
    offer = {"files": [{"fileIdentifier": "canary", "upload": form}]}
    responses: dict[str, HttpResponse | str] = {
        f"{installation.api_url}/api/v1/upload/coffer-doctor": HttpResponse(
            200, {}, json.dumps(offer).encode()
        ),
        store: HttpResponse(201, {}, b""),
        f"{installation.api_url}/api/v1/object-upload/canary": HttpResponse(404, {}, b""),
    }
    broken = ChangedInstallation(installation)
    if waiting:  # a queue that no function reads
        queue = installation.names["BuildExportDeadLetterQueue"]
        broken.names = {**installation.names, "ProcessUploadQueue": queue}
    with messages_in(installation, broken.names["ProcessUploadQueue"], waiting):
        found = Doctor(broken, http=FakeHttpClient(responses), timeout_seconds=0.01).check_canary()
    assert found.health is Health.FAILURE
    assert f"(status 404); {waiting} messages in ProcessUploadQueue" in found.detail
    assert found.remedy.startswith(remedy)


def test_a_missing_response_is_distinguished_from_a_bad_one(
    installation: LocalInstallation,
) -> None:
    unreachable = Doctor(installation, http=FakeHttpClient({}))
    checks = [
        unreachable.check_api(),
        unreachable.check_clock(),
        unreachable.check_bucket_cors(),
        unreachable.check_bucket_downloads(),
        unreachable.check_api_cors(),
        unreachable.check_canary(),
    ]
    assert {one.health for one in checks} == {Health.FAILURE}
    assert all("connection refused" in one.detail for one in checks)
    url = f"{installation.api_url}/api/v1/health"
    broken = Doctor(installation, http=FakeHttpClient({url: HttpResponse(500, {}, b"")}))
    assert broken.check_api().detail == f"{url}: status 500"


ISSUER = "https://issuer.example"
CONFIGURATION = f"{ISSUER}/.well-known/openid-configuration"
KEYS = f"{ISSUER}/keys"


def issuer_with_keys(keys: bytes, status: int = 200) -> dict[str, HttpResponse | str]:
    return {
        CONFIGURATION: HttpResponse(200, {}, f'{{"jwks_uri": "{KEYS}"}}'.encode()),
        KEYS: HttpResponse(status, {}, keys),
    }


@pytest.mark.parametrize(
    ("responses", "health"),
    [
        (issuer_with_keys(b'{"keys": [{"kty": "RSA"}]}'), Health.OK),
        (issuer_with_keys(b'{"keys": [{"kty": "oct"}]}'), Health.FAILURE),
        (issuer_with_keys(b"", 404), Health.FAILURE),
        (issuer_with_keys(b"<html>"), Health.FAILURE),
        ({CONFIGURATION: HttpResponse(200, {}, b"{}")}, Health.FAILURE),
        ({}, Health.FAILURE),
    ],
    ids=["keys", "symmetric", "missing", "no JSON", "no URL", "unreachable"],
)
def test_the_issuer_must_serve_usable_keys(
    installation: LocalInstallation, responses: Mapping[str, HttpResponse | str], health: Health
) -> None:
    deployed = ChangedInstallation(installation, OIDC_ISSUER=ISSUER, DEVELOPMENT_IDENTITY="")
    assert Doctor(deployed, http=FakeHttpClient(responses)).check_issuer().health is health


def test_a_missing_issuer_is_a_failure(installation: LocalInstallation) -> None:
    deployed = ChangedInstallation(installation, OIDC_ISSUER="", DEVELOPMENT_IDENTITY="")
    assert Doctor(deployed).check_issuer().health is Health.FAILURE


@pytest.mark.parametrize(
    ("status", "health"),
    [(401, Health.WARNING), (403, Health.WARNING), (500, Health.FAILURE)],
)
def test_a_canary_without_permission_is_a_warning(
    installation: LocalInstallation, status: int, health: Health
) -> None:
    url = f"{installation.api_url}/api/v1/upload/coffer-doctor"
    found: Finding = Doctor(
        installation, http=FakeHttpClient({url: HttpResponse(status, {}, b"")})
    ).check_canary()
    assert found.health is health
