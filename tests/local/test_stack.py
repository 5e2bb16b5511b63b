"""`LocalStack`: requests, invocations, reset and stop."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jwt
import pytest
from moto.dynamodb.models import dynamodb_backends

from local.functions.in_process import EnvironmentConflictError, InProcessInvoker, KilledError
from local.resources import ACCOUNT, DEFAULT_REGION
from local.stack import LocalStack, NeverSettledError
from local.storage.external import ExternalStorage
from local.template.source import TemplateError
from tests.local.project import TEMPLATE, remembered, write_project


def test_a_request_goes_through_the_templates_routes(small: LocalStack) -> None:
    remembered(small, "WebFunction", "PLAN").append({"statusCode": 201, "body": "made"})
    response = small.request("POST", "/things/a%20b", json_body={"n": 1})
    assert (response.status, response.text) == (201, "made")
    [event] = remembered(small, "WebFunction", "SEEN")
    assert (event["pathParameters"], event["body"]) == ({"id": "a b"}, '{"n": 1}')
    assert event["headers"]["content-type"] == "application/json"


def test_a_killed_handler_fails_like_one_that_exits(small: LocalStack) -> None:
    remembered(small, "WebFunction", "PLAN").append(KilledError())
    assert small.request("POST", "/things/a").status == 500
    [(function, outcome)] = small.failures
    assert (function, outcome.error_type) == ("WebFunction", "Runtime.ExitError")


def test_handlers_find_their_variables(small: LocalStack) -> None:
    assert os.environ["THINGS_TABLE"] == "coffer-ThingsTable"
    assert os.environ["AWS_ENDPOINT_URL"] == small.server.url
    assert os.environ["AWS_ENDPOINT_URL_S3"] == small.storage.url
    assert os.environ["DEVELOPMENT_IDENTITY"] == "dev"
    assert "BEGIN PUBLIC KEY" in os.environ["DATAHUB_PUBLIC_KEY"]


def fill(stack: LocalStack) -> None:
    stack.client("dynamodb").put_item(
        TableName=stack.name("ThingsTable"), Item={"id": {"S": "a"}, "n": {"N": "1"}}
    )
    stack.client("s3").put_object(Bucket=stack.name("KeepBucket"), Key="in/a", Body=b"a")


def test_tables_queues_and_buckets_can_be_read(small: LocalStack) -> None:
    fill(small)
    assert [item["id"] for item in small.items("ThingsTable")] == ["a"]
    assert small.keys("KeepBucket", "in/") == ["in/a"]
    assert len(small.messages("WorkQueue")) == 1


def test_a_reset_empties_everything(small: LocalStack) -> None:
    fill(small)
    small.reset()
    assert (small.items("ThingsTable"), small.keys("KeepBucket")) == ([], [])
    assert small.messages("WorkQueue") == []
    small.settle()
    assert remembered(small, "PublishFunction", "SEEN") == []


def test_a_reset_creates_deleted_resources_again(small: LocalStack) -> None:
    dynamodb_backends[ACCOUNT][DEFAULT_REGION].reset()
    small.reset()
    fill(small)
    small.settle()
    assert len(remembered(small, "PublishFunction", "SEEN")) == 1


def test_endless_deliveries_are_an_error(
    small: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.stack.MAX_ROUNDS", 50)
    url = small.client("sqs").get_queue_url(QueueName=small.name("WorkQueue"))["QueueUrl"]

    def send_another(_event: Any) -> None:
        small.client("sqs").send_message(QueueUrl=url, MessageBody="{}")

    remembered(small, "WorkFunction", "PLAN").extend([send_another] * 60)
    send_another(None)
    with pytest.raises(NeverSettledError):
        small.settle()


def test_a_rawstore_token_is_signed_with_the_key_that_handlers_know(small: LocalStack) -> None:
    assert small.permission_tokens is not None
    token = small.permission_tokens.sign("ann", "rawstore", {"datapackage-upload": True}, 60)
    claims = jwt.decode(token, os.environ["DATAHUB_PUBLIC_KEY"], algorithms=["RS256"])
    assert (claims["userid"], claims["service"]) == ("ann", "rawstore")
    assert claims["permissions"] == {"datapackage-upload": True}


def test_an_unsupported_template_leaves_nothing_running(tmp_path: Path) -> None:
    before = dict(os.environ)
    stack = LocalStack(
        write_project(tmp_path, TEMPLATE + "  Extra: { Type: AWS::Redshift::Cluster }\n")
    )
    with pytest.raises(TemplateError, match="Extra"):
        stack.start()
    assert dict(os.environ) == before


def test_variables_that_differ_between_functions_are_refused_in_one_process(
    tmp_path: Path,
) -> None:
    template = TEMPLATE.replace(
        "CodeUri: functions/web\n",
        "CodeUri: functions/web\n      Environment: { Variables: { COLOUR: red } }\n",
    )
    before = dict(os.environ)
    with pytest.raises(EnvironmentConflictError, match="COLOUR"):
        LocalStack(write_project(tmp_path, template)).start()
    assert dict(os.environ) == before


def test_handlers_with_the_same_module_name_are_separate(small: LocalStack) -> None:
    assert isinstance(small.invoker, InProcessInvoker)
    work, web = (small.resources.function(name) for name in ("WorkFunction", "WebFunction"))
    assert small.invoker.handler(work) is not small.invoker.handler(web)


def test_an_external_store_is_not_changed() -> None:
    other = ExternalStorage("http://127.0.0.1:1", ("key", "secret"))
    other.start()
    other.empty()
    other.reset()
    other.stop()
    assert other.has_buckets(["any"])
