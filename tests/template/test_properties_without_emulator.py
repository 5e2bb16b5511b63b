"""Properties that the emulator of `make test-deployed` drops, in the translated template.

It creates no OpenAPI body and no CORS of an HTTP API, no lifecycle, TTL and ownership controls, and
no alarms on expressions. `CREATE_COMPLETE` says nothing about these, so their form is tested here,
with the references resolved as in a deployment.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from coffer.http.routes import ROUTES
from tests.template.template_file import deployed, logical_id, routes, translated

MAX_TEMPLATE_BYTES = 1024**2
"""CloudFormation's limit of a template on S3."""
IDENTIFIER = re.compile(r"[a-z][A-Za-z0-9_]*")
"""Ids of metrics (CloudWatch API Reference, MetricDataQuery)."""
FUNCTIONS_OF_METRIC_MATH = {"MAX", "MIN", "SUM", "AVG", "FILL", "IF"}
MAX_METRICS = 10
"""Metrics of one alarm on an expression (CloudWatch quotas)."""


def of_type(name: str, *parameters: tuple[str, str]) -> dict[str, dict[str, Any]]:
    """Return the resolved properties of the resources of a type, by logical id."""
    return {
        logical: one["Properties"]
        for logical, one in deployed(*parameters).items()
        if one["Type"] == name
    }


API = of_type("AWS::ApiGatewayV2::Api")["Api"]
ALARMS = of_type("AWS::CloudWatch::Alarm")
ON_EXPRESSIONS = sorted(name for name, one in ALARMS.items() if "Metrics" in one)
BUCKETS = of_type("AWS::S3::Bucket")
TABLES = of_type("AWS::DynamoDB::Table")


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield route key and operation of the OpenAPI body."""
    for path, methods in API["Body"]["paths"].items():
        for method, operation in methods.items():
            is_default = operation.get("isDefaultRoute", False)
            assert is_default == (path == "/$default")
            assert is_default == (method == "x-amazon-apigateway-any-method")
            yield "$default" if is_default else f"{method.upper()} {path}", operation


def test_the_template_is_smaller_than_the_limit_of_cloudformation() -> None:
    size = len(json.dumps(dict(translated().resources)))
    assert size < MAX_TEMPLATE_BYTES // 2, size


def test_the_body_of_the_api_has_every_route_once_and_no_other() -> None:
    keys = Counter(key for key, _ in operations())
    assert set(keys) == {*ROUTES, "$default"} == set(routes())
    assert set(keys.values()) == {1}


def test_every_route_invokes_the_function_of_its_folder() -> None:
    names = set(of_type("AWS::Lambda::Function"))
    for key, operation in operations():
        integration = operation["x-amazon-apigateway-integration"]
        assert (integration["type"], integration["httpMethod"]) == ("aws_proxy", "POST"), key
        assert integration["payloadFormatVersion"] == "2.0", key
        function = logical_id(routes()[key])
        assert function in names
        assert integration["uri"].endswith(f":function:coffer-{function}/invocations"), key


def test_the_gateway_may_invoke_the_function_of_every_route_and_no_other() -> None:
    permissions = {
        (one["FunctionName"], one["SourceArn"].partition("/")[2])
        for one in of_type("AWS::Lambda::Permission").values()
        if one["Principal"] == "apigateway.amazonaws.com"
    }
    expected = set()
    for key, folder in routes().items():
        method, _, path = key.rpartition(" ")
        pattern = re.sub(r"\{[^}]*\}", "*", path)
        source = "*/*" if key == "$default" else f"*/{method}{pattern}"
        expected.add((f"coffer-{logical_id(folder)}", source))
    # SAM replaces the variables of a path by stars, except for a greedy one with its own name.
    assert permissions - expected == {
        ("coffer-ListMediaTypesFunction", "*/GET/api/v1/media-type/{id+}")
    }
    assert expected <= permissions


def test_the_variables_of_a_path_are_its_parameters() -> None:
    for key, operation in operations():
        declared = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert declared == set(re.findall(r"\{([^}]*)\}", key)), key


def test_the_api_answers_browsers_of_the_allowed_origins() -> None:
    cors = API["Body"]["x-amazon-apigateway-cors"]
    assert cors["allowOrigins"] == ["https://*", "http://*"]
    assert "allowCredentials" not in cors
    assert "*" not in [*cors["allowHeaders"], *cors["allowMethods"], *cors["exposeHeaders"]]
    methods = {key.partition(" ")[0] for key in ROUTES}
    assert methods <= set(cors["allowMethods"])
    only = ("AllowedOrigins", "https://app.example.org,http://localhost:5173")
    given = of_type("AWS::ApiGatewayV2::Api", only)["Api"]["Body"]["x-amazon-apigateway-cors"]
    assert given["allowOrigins"] == ["https://app.example.org", "http://localhost:5173"]
    for bucket in of_type("AWS::S3::Bucket", only).values():
        for rule in bucket.get("CorsConfiguration", {}).get("CorsRules", []):
            assert rule["AllowedOrigins"] in (given["allowOrigins"], ["*"])


def test_the_stage_is_deployed_limited_and_logged_as_json() -> None:
    [stage] = of_type("AWS::ApiGatewayV2::Stage").values()
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    limits = stage["DefaultRouteSettings"]
    assert 0 < int(limits["ThrottlingRateLimit"]) <= int(limits["ThrottlingBurstLimit"])
    assert set(json.loads(stage["AccessLogSettings"]["Format"])) >= {"requestId", "status"}


@pytest.mark.parametrize("name", sorted(BUCKETS))
def test_a_lifecycle_rule_has_what_s3_asks_for(name: str) -> None:
    rules = BUCKETS[name]["LifecycleConfiguration"]["Rules"]
    assert len({rule["Id"] for rule in rules}) == len(rules)
    for rule in rules:
        actions = {"ExpirationInDays", "AbortIncompleteMultipartUpload"} & set(rule)
        assert actions, rule["Id"]
        assert rule["Status"] == "Enabled"
        assert not rule.get("Prefix", "").startswith("/")


def test_only_prefixes_of_temporary_objects_expire_in_the_object_store() -> None:
    rules = BUCKETS["ObjectBucket"]["LifecycleConfiguration"]["Rules"]
    assert {rule.get("Prefix", "") for rule in rules if "ExpirationInDays" in rule} == {
        "incoming/",
        "exports/",
    }
    rules = BUCKETS["RawstoreBucket"]["LifecycleConfiguration"]["Rules"]
    assert [rule for rule in rules if "ExpirationInDays" in rule] == []


@pytest.mark.parametrize(
    ("acl", "ownership", "blocked"),
    [
        ("public-read", "BucketOwnerPreferred", False),
        ("bucket-owner-full-control", "BucketOwnerEnforced", True),
    ],
)
def test_acls_of_the_rawstore_follow_the_parameter(acl: str, ownership: str, blocked: bool) -> None:
    buckets = of_type("AWS::S3::Bucket", ("RawstoreAcl", acl))
    rawstore = buckets.pop("RawstoreBucket")
    assert rawstore["OwnershipControls"] == {"Rules": [{"ObjectOwnership": ownership}]}
    block = rawstore["PublicAccessBlockConfiguration"]
    assert (block["BlockPublicAcls"], block["IgnorePublicAcls"]) == (blocked, blocked)
    for bucket in buckets.values():
        assert bucket["OwnershipControls"] == {
            "Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]
        }
        assert all(bucket["PublicAccessBlockConfiguration"].values())


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_ttl_attribute_is_no_key(name: str) -> None:
    """DynamoDB allows no key as TTL attribute, and needs a number there."""
    ttl = TABLES[name].get("TimeToLiveSpecification")
    if ttl is not None:
        assert ttl == {"AttributeName": "expiresAt", "Enabled": True}
        keys = {one["AttributeName"] for one in TABLES[name]["AttributeDefinitions"]}
        assert "expiresAt" not in keys


def test_the_alarms_on_expressions_are_known() -> None:
    assert ON_EXPRESSIONS == [
        "BackgroundErrorsAlarm",
        "BacklogAlarm",
        "DeadLettersAlarm",
        "WorkPostponedAlarm",
    ]


@pytest.mark.parametrize("name", ON_EXPRESSIONS)
def test_an_alarm_on_an_expression_has_the_form_that_cloudwatch_asks_for(name: str) -> None:
    alarm = ALARMS[name]
    assert not {"MetricName", "Namespace", "Statistic", "Period", "Dimensions"} & set(alarm)
    metrics = alarm["Metrics"]
    expressions = [one for one in metrics if "Expression" in one]
    stats = [one for one in metrics if "MetricStat" in one]
    assert len(expressions) + len(stats) == len(metrics)
    assert len(stats) <= MAX_METRICS
    assert all(one["ReturnData"] is False for one in stats)
    [expression] = expressions
    assert expression.get("ReturnData", True) is True
    identifiers = [one["Id"] for one in metrics]
    assert len(set(identifiers)) == len(identifiers)
    assert all(IDENTIFIER.fullmatch(one) for one in identifiers)
    used = set(re.findall(r"[A-Za-z_]\w*", expression["Expression"])) - FUNCTIONS_OF_METRIC_MATH
    assert used == {one["Id"] for one in stats}
    # A sum has no value while one of its metrics has none, such as the errors of an idle function.
    added = expression["Expression"].split(" + ")
    assert len(added) == 1 or all(re.fullmatch(r"FILL\(\w+, 0\)", one) for one in added)


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_watches_metrics_of_resources_of_the_stack(name: str) -> None:
    alarm = ALARMS[name]
    stats = [one["MetricStat"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
    metrics = [one["Metric"] for one in stats] or [alarm]
    for metric in metrics:
        for dimension in metric["Dimensions"]:
            assert str(dimension["Value"]).startswith("coffer"), dimension
    periods = {one["Period"] for one in stats} or {alarm["Period"]}
    assert len(periods) == 1, "an expression needs metrics of the same period"
    [period] = periods
    assert period % 60 == 0
    assert period * alarm["EvaluationPeriods"] <= 24 * 3600
    assert "AlarmActions" not in alarm
    topic = "arn:aws:sns:eu-central-1:123456789012:alarms"
    sent = of_type("AWS::CloudWatch::Alarm", ("AlarmTopicArn", topic))[name]
    assert sent["AlarmActions"] == [topic]
