"""The stack as a whole: its size, its names, its parameters, its API."""

from __future__ import annotations

import re

import pytest

from tests.template.reading import made, source, translated, written

PARAMETERS = source().data["Parameters"]

MAX_RESOURCES = 400
"""CloudFormation takes 500; a hundred are kept for what comes."""

REFUSED = [
    ("OidcIssuer", "http://login.example.org"),
    ("OidcIssuer", "https://login.example.org/realm?x=1"),
    ("OidcAudience", "two words"),
    ("OidcGroupsClaim", "realm access"),
    ("OidcRolesClaim", "realm_access..roles"),
    ("ServiceName", "api"),
    ("ServiceName", "toa"),
    ("ServiceName", "raw/store"),
    ("ServiceName", "Rawstore"),
    ("ServiceName", ""),
    ("DatahubPublicKey", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"),
    ("DatahubPublicKey", "not a key"),
    ("DatahubPublicKeyUrl", "file:///etc/key.pem"),
    ("StoragePathPattern", "/{owner}"),
    ("StoragePathPattern", "{owner.__class__}/{path}"),
    ("StoragePathPattern", "{bucket}/{path}"),
    ("StoragePathPattern", ""),
    ("StorageHostname", "https://s3.example.org/bucket"),
    ("StorageCredentialsSecretArn", "rawstore-keys"),
    ("AllowedOrigins", "https://app.example.org/"),
    ("AllowedOrigins", "app.example.org"),
    ("AlarmTopicArn", "alarms"),
]
TAKEN = [
    ("OidcIssuer", ""),
    ("OidcIssuer", "https://login.example.org/realms/dina"),
    ("OidcGroupsClaim", "cognito:groups"),
    ("ServiceName", "rawstore"),
    ("DatahubPublicKey", ""),
    ("DatahubPublicKey", "-----BEGIN PUBLIC KEY-----\nMIIB+/=\n-----END PUBLIC KEY-----\n"),
    ("DatahubPublicKey", r"-----BEGIN PUBLIC KEY-----\nMIIB+/=\n-----END PUBLIC KEY-----\n"),
    ("DatahubPublicKey", "LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0K" * 4 + "Cg=="),
    ("StoragePathPattern", "{owner}/{dataset}/{path}"),
    ("StoragePathPattern", "{md5_hex}{extension}"),
    ("StorageHostname", "http://localhost:9000"),
    ("StorageHostname", "s3.example.org"),
    ("AllowedOrigins", "https://*"),
    ("AllowedOrigins", "http://localhost:5173"),
    ("AlarmTopicArn", "arn:aws:sns:eu-central-1:123456789012:alarms"),
    (
        "StorageCredentialsSecretArn",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rawstore/keys-AbCdEf",
    ),
]


def test_the_stack_stays_well_below_what_cloudformation_takes() -> None:
    assert len(translated().resources) < MAX_RESOURCES


def test_two_stacks_fit_into_one_account() -> None:
    """A physical name is either made by AWS or contains the stack's own name."""
    for logical_id, resource in translated().resources.items():
        properties = resource.get("Properties", {})
        for key in ("Name", "TableName", "BucketName", "QueueName", "LogGroupName", "RoleName"):
            name = properties.get(key)
            assert name is None or "AWS::StackName" in str(name), f"{logical_id}: {name}"


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_a_parameter_explains_itself_and_refuses_what_it_can(name: str) -> None:
    parameter = PARAMETERS[name]
    assert parameter["Description"].endswith(".")
    assert "Default" in parameter, "a stack can be tried without answering questions"
    bounds = {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter)
    assert bounds, "a bad value must be refused at deploy time"
    assert ("AllowedPattern" in parameter) == ("ConstraintDescription" in parameter)


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_a_bad_value_is_refused_at_deploy_time(name: str, value: str) -> None:
    assert not re.fullmatch(PARAMETERS[name]["AllowedPattern"], value)


@pytest.mark.parametrize(("name", "value"), TAKEN)
def test_a_good_value_is_taken(name: str, value: str) -> None:
    assert re.fullmatch(PARAMETERS[name]["AllowedPattern"], value)


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_a_default_obeys_its_own_rule(name: str) -> None:
    parameter = PARAMETERS[name]
    values = (
        parameter["Default"].split(",") if "List" in parameter["Type"] else [parameter["Default"]]
    )
    for value in values:
        if "AllowedPattern" in parameter:
            assert re.fullmatch(parameter["AllowedPattern"], value)
        if "AllowedValues" in parameter:
            assert value in parameter["AllowedValues"]
        if "MinValue" in parameter:
            assert parameter["MinValue"] <= int(value) <= parameter["MaxValue"]


def test_every_parameter_is_offered_in_one_group() -> None:
    interface = source().data["Metadata"]["AWS::CloudFormation::Interface"]
    offered = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(offered) == sorted(PARAMETERS)


def test_the_api_stops_on_warnings_and_keeps_paths_out_of_its_log() -> None:
    api = written("AWS::Serverless::HttpApi")["Api"]["Properties"]
    assert api["FailOnWarnings"] is True
    log = api["AccessLogSettings"]["Format"]
    assert "$context.routeKey" in log
    for secretive in (
        "$context.path",
        "rawPath",
        "querystring",
        "authorizer",
        "$context.identity.user",
    ):
        assert secretive not in log
    assert set(api["DefaultRouteSettings"]) == {"ThrottlingRateLimit", "ThrottlingBurstLimit"}


def test_the_api_and_nobody_else_answers_browsers_about_origins() -> None:
    cors = written("AWS::Serverless::HttpApi")["Api"]["Properties"]["CorsConfiguration"]
    assert cors["AllowOrigins"] == {"Ref": "AllowedOrigins"}
    assert PARAMETERS["AllowedOrigins"]["Default"] == "https://*,http://*"
    assert cors["AllowCredentials"] is True
    exposed = "ETag Location Content-Disposition Content-Range Retry-After WWW-Authenticate"
    assert cors["ExposeHeaders"] == exposed.split()


def test_every_function_speaks_payload_2_0() -> None:
    paths = made("AWS::ApiGatewayV2::Api")["Api"]["Body"]["paths"]
    versions = {
        method["x-amazon-apigateway-integration"]["payloadFormatVersion"]
        for path in paths.values()
        for method in path.values()
    }
    assert versions == {"2.0"}


def test_every_log_group_forgets() -> None:
    for name, group in written("AWS::Logs::LogGroup").items():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name
    defaults = source().data["Globals"]["Function"]
    assert defaults["LoggingConfig"]["LogGroup"] == {"Ref": "FunctionLogGroup"}
    assert defaults["LoggingConfig"]["LogFormat"] == "JSON"


def test_every_function_runs_on_the_chosen_processor_and_is_traced() -> None:
    defaults = source().data["Globals"]["Function"]
    assert defaults["Runtime"] == "python3.13"
    assert defaults["Architectures"] == [{"Ref": "Architecture"}]
    assert defaults["Tracing"] == "Active"
