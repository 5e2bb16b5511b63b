"""A deployed Coffer, found by the name of its stack with the operator's credentials."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from operations.commands import main
from operations.installation import (
    DeployedInstallation,
    FunctionFailedError,
    InstallationError,
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


def use(monkeypatch: pytest.MonkeyPatch, session: boto3.Session) -> None:
    """Let the commands find stacks in the session of the test."""

    class InSession(DeployedInstallation):
        def __init__(self, name: str) -> None:
            super().__init__(name, session)

    monkeypatch.setattr("operations.commands.DeployedInstallation", InSession)


@pytest.mark.parametrize("command", ["check-update", "doctor", "next-steps"])
def test_a_failed_first_deployment_must_be_deleted(
    session: boto3.Session,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    use(monkeypatch, session)
    monkeypatch.setattr(DeployedInstallation, "stack", {"StackStatus": "ROLLBACK_COMPLETE"})
    assert main(["--stack", "acme", command]) == 1
    assert capsys.readouterr().err == (
        "The first deployment of the stack acme failed (ROLLBACK_COMPLETE). Delete the stack "
        "first: aws cloudformation delete-stack --stack-name acme\n"
    )


@pytest.mark.parametrize("command", ["doctor", "next-steps"])
def test_a_declined_change_set_leaves_a_stack_that_is_not_deployed(
    session: boto3.Session,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    use(monkeypatch, session)
    monkeypatch.setattr(DeployedInstallation, "stack", {"StackStatus": "REVIEW_IN_PROGRESS"})
    assert main(["--stack", "acme", command]) == 1
    error = capsys.readouterr().err
    assert error.startswith("The stack acme is not deployed (its state is REVIEW_IN_PROGRESS).")


@pytest.mark.parametrize("is_protected", ["true", "false"])
def test_the_next_steps_protect_tables_that_are_not_protected(
    session: boto3.Session, is_protected: str
) -> None:
    protection = {"Type": "String", "Default": is_protected}
    template = {**TEMPLATE, "Parameters": {"ProtectTables": protection}}
    client = session.client("cloudformation")
    client.update_stack(StackName="acme", TemplateBody=json.dumps(template))
    steps = list(DeployedInstallation("acme", session).next_steps())
    assert steps[0] == "the stack acme is UPDATE_COMPLETE: https://api.example"
    assert ("ProtectTables=true" in "".join(steps)) is (is_protected == "false")


def test_deleted_resources_of_a_stack_have_no_names(session: boto3.Session) -> None:
    installation = DeployedInstallation("acme", session)
    client = installation.client("cloudformation")
    statuses = {"Kept": "CREATE_COMPLETE", "Gone": "DELETE_COMPLETE"}
    resources = [
        {"LogicalResourceId": name, "PhysicalResourceId": name, "ResourceStatus": status}
        for name, status in statuses.items()
    ]
    pages = SimpleNamespace(paginate=lambda **_: [{"StackResourceSummaries": resources}])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "get_paginator", lambda _: pages)
        patch.setattr(installation, "client", lambda _: client)
        assert installation.names == {"Kept": "Kept"}


def test_an_error_of_aws_is_one_sentence(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListTables")

    use(monkeypatch, session)
    monkeypatch.setattr("operations.commands.index_changes", refuse)
    assert main(["--stack", "acme", "check-update"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("AWS refused a request or was not reached: ")
    assert error.count("\n") == 1


def test_a_missing_region_says_what_to_check() -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_DEFAULT_REGION", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        with pytest.raises(InstallationError, match=r"specify a region.*AWS_DEFAULT_REGION"):
            _ = DeployedInstallation("acme", boto3.Session()).names


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
