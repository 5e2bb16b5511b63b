"""An unsupported part of a template stops the stack with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.resources import Resources
from local.template.parser import TemplateParser
from local.template.source import TemplateError, read_source, translate
from local.template.validation import check_resources
from tests.local.project import TEMPLATE, write_project

ROUTE = '{ ApiId: !Ref Api, Method: POST, Path: "/things/{id}" }'
HOURLY = "{ ScheduleExpression: rate(1 hour) }"
VISIBILITY = "VisibilityTimeout: 12"


def understood(folder: Path, template: str) -> Resources:
    source = read_source(write_project(folder, template))
    resources = TemplateParser(translate(source, {}, "us-east-1"), "coffer", "http://sqs").parse()
    check_resources(source, resources)
    return resources


def test_the_small_application_is_supported(tmp_path: Path) -> None:
    assert understood(tmp_path, TEMPLATE).routes


def mapping(properties: str) -> tuple[str, str]:
    extra = (
        "  Extra:\n    Type: AWS::Lambda::EventSourceMapping\n"
        f"    Properties: {{ {properties} }}  # here\n"
    )
    return "  DeadQueue: {", f"{extra}  DeadQueue: {{"


def function(line: str) -> tuple[str, str]:
    return "      CodeUri: functions/web\n", f"      CodeUri: functions/web\n      {line}  # here\n"


def event(old: str, new: str) -> tuple[str, str]:
    return old, f"{new}  # here"


REFUSED = {
    "a property that SAM doesn't know": (
        function("Timout: 3"),
        "WebFunction: property Timout not defined",
    ),
    "a property of an event that SAM doesn't know": (
        event(ROUTE, ROUTE.replace("{ ApiId", "{ Foo: 1, ApiId")),
        "property Foo not defined",
    ),
    "a lifecycle rule that isn't carried out": (
        event("ExpirationInDays: 3 }]", "ExpirationInDays: 3, TagFilters: [] }]"),
        "the local stack does not support LifecycleConfiguration.Rules.0.TagFilters",
    ),
    "a lifecycle rule's days that are no number": (
        event("ExpirationInDays: 3 }]", "ExpirationInDays: soon }]"),
        "KeepBucket: its properties cannot be used",
    ),
    "a type of event that isn't delivered": (
        ("Type: HttpApi\n          Properties: " + ROUTE, "Type: Api  # here"),
        "WebFunction",
    ),
    "a topic that would call a function": (
        (
            "Type: HttpApi\n          Properties: " + ROUTE,
            "Type: SNS\n          Properties: { Topic: arn:aws:sns:us-east-1:1:t }  # here",
        ),
        "no topic delivers to lambda here",
    ),
    "a path that ends in a slash": (
        event(ROUTE, ROUTE.replace("{id}", "{id}/")),
        "POST /things/{id}/: a route's path must begin with a slash and not end with one",
    ),
    "a greedy variable that isn't last": (
        event(ROUTE, ROUTE.replace("{id}", "{id+}/x")),
        "a greedy variable must be the last segment",
    ),
    "a method that isn't one": (
        event(ROUTE, ROUTE.replace("POST", "FETCH")),
        "FETCH is not a method",
    ),
    "a route that waits too long": (
        event(ROUTE, ROUTE.replace("{ ApiId", "{ TimeoutInMillis: 30001, ApiId")),
        "TimeoutInMillis is 50 to 30000",
    ),
    "another payload format": (
        event(ROUTE, ROUTE.replace("{ ApiId", '{ PayloadFormatVersion: "1.0", ApiId')),
        "the local stack only supports payload format 2.0",
    ),
    "two routes for the same requests": (
        event(
            ROUTE,
            f"{ROUTE}\n        Other:\n          Type: HttpApi\n"
            f"          Properties: {ROUTE.replace('{id}', '{name}')}",
        ),
        "POST /things/{name}: POST /things/{id} matches the same requests",
    ),
    "a timeout beyond Lambda's": (function("Timeout: 901"), "Timeout is 1 to 900 seconds"),
    "a timeout that is no number": (function("Timeout: soon"), "cannot be used"),
    "memory below Lambda's": (function("MemorySize: 64"), "MemorySize is 128 to 10240 MB"),
    "a schedule's expression": (
        event(HOURLY, "{ ScheduleExpression: rate(1 fortnight) }"),
        "neither rate(…), cron(…) nor at(…)",
    ),
    "a cron step of 0": (
        event(HOURLY, '{ ScheduleExpression: "cron(0/0 * * * ? *)" }'),
        "'0/0' is not a valid minute",
    ),
    "a day that no calendar has": (
        event(HOURLY, "{ ScheduleExpression: at(2026-02-30T00:00:00) }"),
        "at(2026-02-30T00:00:00)",
    ),
    "a time zone that isn't": (
        event(HOURLY, "{ ScheduleExpression: rate(1 hour), ScheduleExpressionTimezone: Mars }"),
        "rate(1 hour) in Mars",
    ),
    "a pattern's operator": (
        event("Pattern: { detail-type: [Called] } }", "Pattern: { source: [{ regex: x }] } }"),
        "EventPattern.source: the operator 'regex' is not supported",
    ),
    "a target that isn't there": (
        event(
            "Targets: [{ Id: Work, Arn: !GetAtt WorkQueue.Arn }]",
            "Targets: [{ Id: Work, Arn: arn:aws:sns:us-east-1:1:topic }]",
        ),
        "neither a queue nor a function of this template",
    ),
    "a source that doesn't feed functions here": (
        mapping(
            "FunctionName: !Ref WebFunction, "
            "EventSourceArn: arn:aws:kinesis:us-east-1:123456789012:stream/s"
        ),
        "neither a queue nor a table's stream of this template",
    ),
    "a queue that isn't there": (
        mapping("FunctionName: !Ref WebFunction, EventSourceArn: arn:aws:sqs:us-east-1:1:nowhere"),
        "neither a queue nor a table's stream of this template",
    ),
    "a function that isn't there": (
        mapping("FunctionName: nobody, EventSourceArn: !GetAtt WorkQueue.Arn"),
        "there is no function nobody",
    ),
    "a filter that is no JSON": (
        mapping(
            "FunctionName: !Ref WebFunction, EventSourceArn: !GetAtt WorkQueue.Arn, "
            'FilterCriteria: { Filters: [{ Pattern: "{x" }] }'
        ),
        "cannot be used",
    ),
    "a filter that is no pattern": (
        mapping(
            "FunctionName: !Ref WebFunction, EventSourceArn: !GetAtt WorkQueue.Arn, "
            'FilterCriteria: { Filters: [{ Pattern: \'{"body": "x"}\' }] }'
        ),
        "FilterCriteria.body: not a list of values",
    ),
    "another response type": (
        mapping(
            "FunctionName: !Ref WebFunction, EventSourceArn: !GetAtt WorkQueue.Arn, "
            "FunctionResponseTypes: [ReportBatchItemFailure]"
        ),
        "FunctionResponseTypes allows ReportBatchItemFailures, not ReportBatchItemFailure",
    ),
    "an attribute that isn't a number": (
        (VISIBILITY, "VisibilityTimeout: long  # here"),
        "WorkQueue: its properties cannot be used",
    ),
    "half a redrive policy": (
        (", maxReceiveCount: 3 }", " }  # here"),
        "WorkQueue: maxReceiveCount is missing",
    ),
    "a key that is there twice": (
        (VISIBILITY, f"{VISIBILITY}\n      VisibilityTimeout: 13  # here"),
        "the key 'VisibilityTimeout' occurs twice",
    ),
    "a bracket that is never closed": (
        (VISIBILITY, "VisibilityTimeout: [12  # here"),
        "while parsing a flow sequence",
    ),
    "a section that isn't": (
        ("Resources:", "Ressources: {}  # here\nResources:"),
        "Ressources is not a section of a template",
    ),
    "an attribute that no resource has": (
        ("  WorkQueue:\n", "  WorkQueue:\n    DeletionPolcy: Retain  # here\n"),
        "WorkQueue: DeletionPolcy is not an attribute of a resource",
    ),
    "a resource without a type": (
        ("  DeadQueue: { Type: AWS::SQS::Queue }", "  DeadQueue: {}  # here"),
        "DeadQueue: a Type is missing",
    ),
    "properties that are a list": (
        (
            "  DeadQueue: { Type: AWS::SQS::Queue }",
            "  DeadQueue:\n    Type: AWS::SQS::Queue\n    Properties: [1]  # here",
        ),
        "DeadQueue: Properties is a mapping",
    ),
    "a global that SAM doesn't know": (
        ("Globals:\n", "Globals:  # here\n  Funktion: {}\n"),
        "'Globals' section is invalid",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_unsupported_part_stops_the_stack_with_its_line(tmp_path: Path, name: str) -> None:
    (old, new), message = REFUSED[name]
    assert old in TEMPLATE
    template = TEMPLATE.replace(old, new, 1)
    line = next(at for at, text in enumerate(template.splitlines(), 1) if "# here" in text)
    with pytest.raises(TemplateError) as refused:
        understood(tmp_path, template)
    message = str(refused.value)
    assert message in message
    file, number, _ = message.split(":", 2)
    assert file == "template.yaml"
    # What encloses the part that is wrong, where nothing smaller has a line of its own.
    assert abs(line - int(number)) <= 3, message
