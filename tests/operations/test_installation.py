"""A deployed Coffer, found by the name of its stack with the operator's credentials."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from operations.installation import DeployedInstallation, InstallationError

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
    with pytest.raises(InstallationError, match="Check AWS_PROFILE, AWS_REGION and the name"):
        _ = DeployedInstallation("nobody", session).names
