"""A deployed Coffer, found by the name of its stack with the operator's credentials."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import boto3
import pytest
from moto import mock_aws

from operations.installation import (
    DeployedInstallation,
    FunctionFailedError,
    StackMissingError,
)

TEMPLATE = {
    "Resources": {
        "WorkDeadLetterQueue": {"Type": "AWS::SQS::Queue"},
        "ObjectBucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "its-bucket"}},
    },
    "Outputs": {"ApiUrl": {"Value": "https://api.example/"}},
}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        session = boto3.Session(
            region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        session.client("cloudformation").create_stack(
            StackName="acme", TemplateBody=json.dumps(TEMPLATE)
        )
        yield session


def test_physical_names_come_from_the_stack(session: boto3.Session) -> None:
    installation = DeployedInstallation("acme", session)
    assert installation.names["ObjectBucket"] == "its-bucket"
    name = installation.names["WorkDeadLetterQueue"]
    assert "/" not in name
    assert installation.client("sqs").get_queue_url(QueueName=name)["QueueUrl"].endswith(name)
    assert installation.api_url == "https://api.example"


def test_the_error_for_a_missing_stack_says_what_to_check(session: boto3.Session) -> None:
    with pytest.raises(StackMissingError, match="Check AWS_PROFILE, AWS_DEFAULT_REGION and"):
        _ = DeployedInstallation("nobody", session).names


class LambdaServer(ThreadingHTTPServer):
    """Lambda's API over HTTP: one function that needs `seconds` to respond."""

    def __init__(self, timeout_seconds: int, seconds: float, status: int = 200) -> None:
        self.invocations = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.respond(200, {"Timeout": timeout_seconds})

            def do_POST(self) -> None:
                server.invocations += 1
                time.sleep(seconds)
                self.respond(status, {"done": True})

            def respond(self, status: int, document: object) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(OSError):  # the client gave up
                    self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Print nothing."""

        super().__init__(("127.0.0.1", 0), Handler)
        Thread(target=self.serve_forever, daemon=True).start()


def invoke(server: LambdaServer, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("operations.installation.INVOKE_MARGIN_SECONDS", 0)
    session = boto3.Session(
        region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    installation = DeployedInstallation("acme", session)
    installation.__dict__["names"] = {"SweepFunction": "sweep"}
    try:
        return installation.invoke("SweepFunction", {})
    finally:
        server.shutdown()
        server.server_close()


def test_a_function_may_take_as_long_as_its_own_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    assert invoke(LambdaServer(2, 0.5), monkeypatch) == {"done": True}


def test_the_wait_ends_with_the_functions_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    server = LambdaServer(1, 3)
    with pytest.raises(FunctionFailedError, match="SweepFunction could not be invoked"):
        invoke(server, monkeypatch)
    assert server.invocations == 1


def test_a_failed_invocation_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    server = LambdaServer(2, 0, status=500)
    with pytest.raises(FunctionFailedError, match="SweepFunction could not be invoked"):
        invoke(server, monkeypatch)
    assert server.invocations == 1
