"""The doctor's checks of the rawstore's bucket; each command that it prints mends what it found."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from moto import mock_aws

from operations.doctor import MIN_CONCURRENCY, Doctor
from operations.findings import Finding, Health
from operations.installation import DeployedInstallation, LocalInstallation
from operations.rawstore_bucket import RawstoreBucket
from tests.template.template_file import reference, resources, source
from tests.unit.adapters.failing_aws import answer_always, s3_error

BUCKET = "files-that-exist"
ACCOUNT = "123456789012"
VARIABLES = {
    "STORAGE_BUCKET_NAME": BUCKET,
    "STORAGE_HOSTNAME": "",
    "RAWSTORE_ACL": "public-read",
    "DATAHUB_PUBLIC_KEY": "k",
    "AWS_REGION": "us-east-1",
}


class InstallationWithVariables:
    """A local stack whose functions have other variables, in an account with settings."""

    def __init__(self, installation: LocalInstallation, **variables: str) -> None:
        self.variables = {**VARIABLES, **variables}
        self.account: Mapping[str, bool] = {}
        self.limit: int | None = None
        self.names = installation.names
        self.api_url = installation.api_url
        self.client = installation.client
        self.invoke = installation.invoke
        self.now = installation.now

    def environment(self, _function: str) -> Mapping[str, str]:
        return self.variables

    def account_public_access_block(self) -> Mapping[str, bool]:
        return self.account

    def concurrency_limit(self) -> int | None:
        return self.limit


@pytest.fixture
def acme(installation: LocalInstallation) -> Iterator[InstallationWithVariables]:
    """Return an installation whose rawstore has a bucket of its own, with all that it needs."""
    s3 = installation.client("s3")
    s3.create_bucket(Bucket=BUCKET, ObjectOwnership="BucketOwnerPreferred")
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    abort = {"DaysAfterInitiation": 3}
    rule = {"ID": "parts", "Status": "Enabled", "Filter": {"Prefix": ""}}
    s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET,
        LifecycleConfiguration={"Rules": [{**rule, "AbortIncompleteMultipartUpload": abort}]},
    )
    yield InstallationWithVariables(installation)
    s3.delete_bucket(Bucket=BUCKET)


def findings(acme: InstallationWithVariables, **variables: str) -> dict[str, Finding]:
    """Return the findings by subject."""
    acme.variables |= variables
    return {finding.subject: finding for finding in RawstoreBucket(acme).check()}


def problems(acme: InstallationWithVariables, **variables: str) -> dict[str, str]:
    """Return subject and remedy of each finding that is not OK."""
    found = findings(acme, **variables).values()
    return {one.subject: one.remedy for one in found if one.health is not Health.OK}


def run(acme: InstallationWithVariables, command: str) -> None:
    """Run a printed command of the AWS CLI through boto3."""
    command = command.replace('"$(aws', "$(aws")
    words = shlex.split(
        command.replace("$(aws sts get-caller-identity --query Account --output text)", ACCOUNT)
    )
    assert words[0] == "aws"
    service = {"s3api": "s3"}.get(words[1], words[1])
    client: Any = boto3.client(service)  # type: ignore[call-overload]  # a literal is wanted
    operation = next(
        name
        for name in client.meta.service_model.operation_names
        if xform_name(name, "-") == words[2]
    )
    members = client.meta.service_model.operation_model(operation).input_shape.members
    by_option = {f"--{xform_name(name, '-')}": name for name in members}
    options = dict(zip(words[3::2], words[4::2], strict=True))
    arguments: dict[str, Any] = {
        by_option[option]: json.loads(value) if value.startswith("{") else value
        for option, value in options.items()
    }
    if service == "s3control":
        assert arguments["AccountId"] == ACCOUNT
        acme.account = arguments["PublicAccessBlockConfiguration"]
    else:
        getattr(acme.client(service), xform_name(operation))(**arguments)


def test_a_bucket_that_is_set_up_has_no_problem(acme: InstallationWithVariables) -> None:
    assert problems(acme) == {}
    assert findings(acme)["rawstore bucket"].detail == BUCKET


BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def block_the_account(acme: InstallationWithVariables) -> None:
    acme.account = BLOCKED


def block_the_bucket(acme: InstallationWithVariables) -> None:
    acme.client("s3").put_public_access_block(
        Bucket=BUCKET, PublicAccessBlockConfiguration={**BLOCKED, "BlockPublicAcls": False}
    )


def enforce_the_owner(acme: InstallationWithVariables) -> None:
    acme.client("s3").put_bucket_ownership_controls(
        Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )


def stop_notifications(acme: InstallationWithVariables) -> None:
    acme.client("s3").put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={}
    )


def remove_lifecycle(acme: InstallationWithVariables) -> None:
    acme.client("s3").delete_bucket_lifecycle(Bucket=BUCKET)


def use_a_kms_key(acme: InstallationWithVariables) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    acme.client("s3").put_bucket_encryption(
        Bucket=BUCKET,
        ServerSideEncryptionConfiguration={"Rules": [rule]},
    )


@pytest.mark.parametrize(
    ("spoil", "subject", "health"),
    [
        (block_the_account, "public rawstore files", Health.FAILURE),
        (block_the_bucket, "public rawstore files", Health.FAILURE),
        (enforce_the_owner, "public rawstore files", Health.FAILURE),
        (stop_notifications, "rawstore usage", Health.FAILURE),
        (remove_lifecycle, "abandoned rawstore uploads", Health.WARNING),
        (use_a_kms_key, "rawstore checksums", Health.FAILURE),
    ],
)
def test_a_wrong_setting_is_reported_with_a_command_that_mends_it(
    acme: InstallationWithVariables, spoil: Any, subject: str, health: Health
) -> None:
    spoil(acme)
    found = findings(acme)
    assert found[subject].health is health
    assert set(problems(acme)) == {subject}
    run(acme, found[subject].remedy.splitlines()[0])
    assert problems(acme) == {}


def test_the_command_for_the_account_changes_nothing_but_the_acls(
    acme: InstallationWithVariables,
) -> None:
    block_the_account(acme)
    run(acme, problems(acme)["public rawstore files"].splitlines()[0])
    assert acme.account == {
        **BLOCKED,
        "BlockPublicAcls": False,
        "IgnorePublicAcls": False,
    }


def test_a_private_rawstore_needs_no_acls(acme: InstallationWithVariables) -> None:
    block_the_account(acme)
    enforce_the_owner(acme)
    assert problems(acme, RAWSTORE_ACL="bucket-owner-full-control") == {}


def test_a_setting_that_may_not_be_read_is_a_warning(acme: InstallationWithVariables) -> None:
    bucket = RawstoreBucket(acme)
    answer_always(
        bucket.client, s3_error("AccessDenied", 403), "before-send.s3.GetBucketEncryption"
    )
    [finding] = [one for one in bucket.check() if one.health is not Health.OK]
    assert finding.health is Health.WARNING
    assert finding.detail.startswith("not checked: ")


def test_a_limit_that_may_not_be_read_is_a_warning(
    acme: InstallationWithVariables, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetAccountSettings")

    monkeypatch.setattr(acme, "concurrency_limit", refuse)
    found = Doctor(acme).check_concurrency()
    assert (found.health, found.detail[:12]) == (Health.WARNING, "not checked:")


def test_a_missing_bucket_is_reported_once(acme: InstallationWithVariables) -> None:
    [finding] = findings(acme, STORAGE_BUCKET_NAME="nothing-here").values()
    assert (finding.subject, finding.health) == ("rawstore bucket", Health.FAILURE)


def test_a_bucket_in_another_region_is_reported(acme: InstallationWithVariables) -> None:
    [finding] = findings(acme, AWS_REGION="eu-north-1").values()
    assert "is in us-east-1, but forms are signed for eu-north-1" in finding.detail


def test_a_bucket_of_another_store_is_checked_there_with_the_keys_of_the_functions(
    acme: InstallationWithVariables,
) -> None:
    elsewhere = acme.client("s3").meta.endpoint_url
    remove_lifecycle(acme)
    acme.variables |= {
        "STORAGE_HOSTNAME": elsewhere,
        "STORAGE_ACCESS_KEY_ID": "test",
        "STORAGE_SECRET_ACCESS_KEY": "test",
    }
    block_the_account(acme)
    found = findings(acme)
    assert found["public rawstore files"].health is Health.OK
    assert found["rawstore usage"].health is Health.WARNING
    assert f"--endpoint-url {elsewhere}" in found["abandoned rawstore uploads"].remedy


def test_the_keys_of_another_store_come_from_the_secret(
    acme: InstallationWithVariables, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"STORAGE_ACCESS_KEY_ID": "theirs", "STORAGE_SECRET_ACCESS_KEY": "secret"}
    secret = {"SecretString": json.dumps(keys)}
    secrets = SimpleNamespace(get_secret_value=lambda **_: secret)
    monkeypatch.setattr(acme, "client", {"secretsmanager": secrets}.__getitem__)
    acme.variables |= {
        "STORAGE_HOSTNAME": "s3.example.org",
        "STORAGE_CREDENTIALS_SECRET_ARN": "arn",
    }
    client = RawstoreBucket(acme).client
    assert client.meta.endpoint_url == "https://s3.example.org"
    assert client._request_signer._credentials.access_key == "theirs"


def test_the_command_for_cors_sets_up_the_rules_of_the_template(
    acme: InstallationWithVariables,
) -> None:
    bucket = RawstoreBucket(acme)
    run(acme, bucket.cors_command())
    rules: Any = acme.client("s3").get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    template = resources("AWS::S3::Bucket")["RawstoreBucket"]["Properties"]["CorsConfiguration"]
    for rule, written in zip(rules, template["CorsRules"], strict=True):
        assert rule["AllowedMethods"] == written["AllowedMethods"]
        assert rule["AllowedHeaders"] == written["AllowedHeaders"]
        assert rule["MaxAgeSeconds"] == written["MaxAge"]
        assert rule["ExposeHeaders"] == written["ExposedHeaders"]
    assert not bucket.has_restricted_origins()


THEIRS: Any = {
    "ID": "the others' page",
    "AllowedOrigins": ["https://others.example"],
    "AllowedMethods": ["GET", "POST"],
    "AllowedHeaders": ["*"],
}


def test_the_command_for_cors_keeps_the_rules_of_the_operator_after_ours(
    acme: InstallationWithVariables,
) -> None:
    s3 = acme.client("s3")
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [THEIRS]})
    run(acme, RawstoreBucket(acme).cors_command())
    rules = s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    assert rules[2] == THEIRS
    run(acme, RawstoreBucket(acme).cors_command())
    assert s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"] == rules


def test_the_command_for_cors_has_the_allowed_origins_of_the_stack(
    acme: InstallationWithVariables, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The test's bucket stands for the ObjectBucket, whose rules have the parameter.
    acme.client("s3").put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [THEIRS]})
    monkeypatch.setattr(acme, "names", {"ObjectBucket": BUCKET})
    run(acme, RawstoreBucket(acme).cors_command())
    rules = acme.client("s3").get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    assert rules[0]["AllowedOrigins"] == ["https://others.example"]


def test_cors_rules_that_may_not_be_read_are_not_replaced(
    acme: InstallationWithVariables,
) -> None:
    bucket = RawstoreBucket(acme)
    answer_always(bucket.client, s3_error("AccessDenied", 403), "before-send.s3.GetBucketCors")
    assert not bucket.has_restricted_origins()
    assert "put-bucket-cors" not in bucket.cors_command()
    assert bucket.cors_command().startswith("The CORS rules of the bucket cannot be read: ")


def test_the_command_for_the_lifecycle_keeps_a_rule_with_a_date_and_an_apostrophe(
    acme: InstallationWithVariables,
) -> None:
    date = datetime(2030, 1, 1, tzinfo=UTC)
    expiry: Any = {"ID": "the lab's", "Status": "Enabled", "Filter": {"Prefix": "lab/"}}
    acme.client("s3").put_bucket_lifecycle_configuration(
        Bucket=BUCKET,
        LifecycleConfiguration={"Rules": [{**expiry, "Expiration": {"Date": date}}]},
    )
    run(acme, problems(acme)["abandoned rawstore uploads"])
    rules = acme.client("s3").get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert rules[0]["ID"] == "the lab's"
    assert rules[0]["Expiration"]["Date"] == date
    assert problems(acme) == {}


def test_a_rawstore_that_is_not_used_is_not_checked(acme: InstallationWithVariables) -> None:
    acme.variables["DATAHUB_PUBLIC_KEY"] = ""
    [finding] = Doctor(acme).check_rawstore()
    assert finding.health is Health.OK


@pytest.mark.parametrize(
    ("limit", "health"), [(10, Health.WARNING), (MIN_CONCURRENCY, Health.OK), (None, Health.OK)]
)
def test_the_low_limit_of_a_new_account_is_reported(
    acme: InstallationWithVariables, limit: int | None, health: Health
) -> None:
    acme.limit = limit
    found = Doctor(acme).check_concurrency()
    assert found.health is health
    assert ("request-service-quota-increase" in found.remedy) == (health is Health.WARNING)


def test_settings_of_a_deployed_account_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        session = boto3.Session(
            region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        deployed = DeployedInstallation("acme", session)
        assert deployed.account_public_access_block() == {}
        session.client("s3control").put_public_access_block(
            AccountId=ACCOUNT,
            PublicAccessBlockConfiguration=BLOCKED,
        )
        assert deployed.account_public_access_block() == BLOCKED


def limits_of_queues() -> dict[str, int]:
    """Return the concurrency of the functions behind queues, with the defaults of parameters."""
    limits = {}
    for one in resources("AWS::Lambda::EventSourceMapping").values():
        limit = one["Properties"].get("ScalingConfig", {}).get("MaximumConcurrency", 0)
        if isinstance(limit, dict):
            limit = source().data["Parameters"][limit["Ref"]]["Default"]
        limits[reference(one["Properties"]["FunctionName"])] = int(limit)
    return limits


def test_the_concurrency_leaves_room_for_the_api_beside_all_queues_and_the_decoder() -> None:
    limits = limits_of_queues()
    decoding = limits["MakeThumbnailFunction"] + limits["BuildExportFunction"]
    assert (sum(limits.values()), decoding) == (138, 24)  # as the docstring says
    assert 2 * (sum(limits.values()) + decoding) <= MIN_CONCURRENCY


def test_the_thumbnails_of_a_new_account_leave_room_for_the_decoder_and_the_api() -> None:
    assert 2 * limits_of_queues()["MakeThumbnailFunction"] < 10
