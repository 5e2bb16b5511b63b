"""Templates are loaded with their lines and resolved; unsupported ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.resources import Resources
from local.template.intrinsics import NO_VALUE, Resolver, UnsupportedIntrinsicError
from local.template.parser import TemplateParser
from local.template.source import Template, TemplateError, read_source, translate
from tests.local.project import TEMPLATE, write_project


def read(folder: Path, template: str, **parameters: str) -> Resources:
    source = read_source(write_project(folder, template))
    return TemplateParser(
        translate(source, parameters, "us-east-1"), "coffer", "http://sqs"
    ).parse()


def error_of(folder: Path, template: str, **parameters: str) -> str:
    with pytest.raises(TemplateError) as refused:
        read(folder, template, **parameters)
    return str(refused.value)


def line_of(template: str, text: str) -> int:
    return next(number for number, line in enumerate(template.splitlines(), 1) if text in line)


def test_the_small_application_is_parsed_completely(tmp_path: Path) -> None:
    resources = read(tmp_path, TEMPLATE)
    assert [table.name for table in resources.tables] == ["coffer-ThingsTable"]
    assert resources.tables[0].time_to_live_attribute == "expiresAt"
    assert {bus.name for bus in resources.buses} == {"coffer-bus"}
    assert [bucket.name for bucket in resources.buckets] == ["coffer-keepbucket"]
    assert [(route.key, route.function) for route in resources.routes] == [
        ("POST /things/{id}", "WebFunction")
    ]
    web = resources.function("WebFunction")
    assert web.folder == (tmp_path / "functions" / "web").resolve()
    assert web.environment == {"THINGS_TABLE": "coffer-ThingsTable", "COLOUR": "green"}
    assert {schedule.logical_id: schedule.enabled for schedule in resources.schedules} == {
        "ListenFunctionHourly": True,
        "ListenFunctionNever": False,
    }
    stream = next(one for one in resources.mappings if "stream" in one.source_arn)
    assert (stream.bisects, stream.max_retries, stream.batch_size) == (True, 2, 4)
    assert stream.on_failure_arn == "arn:aws:s3:::coffer-keepbucket"


def test_a_parameter_replaces_its_default(tmp_path: Path) -> None:
    resources = read(tmp_path, TEMPLATE, Colour="blue")
    assert resources.function("WebFunction").environment["COLOUR"] == "blue"


def test_an_unknown_parameter_is_refused(tmp_path: Path) -> None:
    assert "no parameter Taste" in error_of(tmp_path, TEMPLATE, Taste="sour")


def test_an_unknown_type_is_refused_with_its_line(tmp_path: Path) -> None:
    template = TEMPLATE + "  Extra: { Type: AWS::Redshift::Cluster }\n"
    line = line_of(template, "Extra:")
    assert error_of(tmp_path, template) == (
        f"template.yaml:{line}: Extra: "
        "the local stack does not support the type AWS::Redshift::Cluster"
    )


def test_an_unknown_property_is_refused_with_its_own_line(tmp_path: Path) -> None:
    template = TEMPLATE.replace(
        "      VisibilityTimeout: 12\n", "      VisibilityTimeout: 12\n      FifoQueue: true\n"
    )
    line = line_of(template, "FifoQueue")
    message = error_of(tmp_path, template)
    assert message.startswith(f"template.yaml:{line}: WorkQueue: ")
    assert "FifoQueue of AWS::SQS::Queue" in message


def test_an_unknown_property_of_a_function_is_refused_at_the_function(tmp_path: Path) -> None:
    template = TEMPLATE.replace(
        "      CodeUri: functions/web\n",
        "      CodeUri: functions/web\n      SnapStart: { ApplyOn: PublishedVersions }\n",
    )
    message = error_of(tmp_path, template)
    assert "WebFunction" in message
    assert "SnapStart" in message


def test_an_unknown_intrinsic_is_refused_with_its_line(tmp_path: Path) -> None:
    template = TEMPLATE.replace("VisibilityTimeout: 12", "VisibilityTimeout: !ImportValue other")
    line = line_of(template, "ImportValue")
    message = error_of(tmp_path, template)
    assert message.startswith(f"template.yaml:{line}: WorkQueue: ")
    assert "Fn::ImportValue" in message


def test_a_missing_code_folder_is_refused_with_its_function(tmp_path: Path) -> None:
    template = TEMPLATE.replace("CodeUri: functions/web", "CodeUri: functions/wep")
    line = line_of(template, "WebFunction:")
    message = error_of(tmp_path, template)
    assert message.startswith(f"template.yaml:{line}: WebFunction: its code folder")


def test_a_reference_to_an_unknown_resource_is_refused(tmp_path: Path) -> None:
    template = TEMPLATE.replace("VisibilityTimeout: 12", "VisibilityTimeout: !Ref Missing")
    assert "Missing" in error_of(tmp_path, template)


def test_a_rule_without_a_pattern_is_refused(tmp_path: Path) -> None:
    template = TEMPLATE + (
        "  Tick: { Type: AWS::Events::Rule, Properties: { ScheduleExpression: rate(1 day) } }\n"
    )
    assert "Tick" in error_of(tmp_path, template)


def test_a_duplicate_key_is_refused(tmp_path: Path) -> None:
    template = TEMPLATE + "  Bus: { Type: AWS::Events::EventBus }\n"
    assert "'Bus' occurs twice" in error_of(tmp_path, template)


def test_a_resource_whose_condition_is_false_is_omitted(tmp_path: Path) -> None:
    template = TEMPLATE.replace(
        "Globals:", "Conditions: { IsRed: !Equals [!Ref Colour, red] }\nGlobals:", 1
    )
    template += "  Red: { Type: AWS::SQS::Queue, Condition: IsRed }\n"
    assert "Red" not in read(tmp_path, template).names
    assert "Red" in read(tmp_path, template, Colour="red").names


def resolver(tmp_path: Path) -> Resolver:
    source = read_source(write_project(tmp_path))
    template = Template(
        source=source,
        parameters={"Colour": "green", "Empty": "", "List": ["a", "b"]},
        conditions={
            "IsGreen": {"Fn::Equals": [{"Ref": "Colour"}, "green"]},
            "IsEmpty": {"Fn::Equals": [{"Ref": "Empty"}, ""]},
            "Neither": {
                "Fn::Not": [{"Fn::Or": [{"Condition": "IsGreen"}, {"Condition": "IsEmpty"}]}]
            },
            "Both": {"Fn::And": [{"Condition": "IsGreen"}, {"Condition": "IsEmpty"}]},
        },
        mappings={"Sizes": {"small": {"edge": 1}}},
        resources={},
    )
    return Resolver(
        template,
        {"AWS::Region": "us-east-1"},
        lambda name: f"ref-{name}",
        lambda name, attribute: f"{name}.{attribute}",
    )


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Colour"}, "green"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "Table"}, "ref-Table"),
        ({"Ref": "AWS::NoValue"}, NO_VALUE),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "Table.Arn"),
        ({"Fn::GetAtt": "Table.Stream.Arn"}, "Table.Stream.Arn"),
        ({"Fn::Sub": "${Table.Arn}/${Colour}/${!Literal}"}, "Table.Arn/green/${Literal}"),
        ({"Fn::Sub": ["${x}-${AWS::Region}", {"x": {"Ref": "Colour"}}]}, "green-us-east-1"),
        ({"Fn::If": ["IsGreen", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Neither", "yes", "no"]}, "no"),
        ({"Fn::If": ["Both", "yes", "no"]}, "yes"),
        ({"a": {"Fn::If": ["Neither", 1, {"Ref": "AWS::NoValue"}]}, "b": 2}, {"b": 2}),
        ([1, {"Fn::If": ["Neither", 2, {"Ref": "AWS::NoValue"}]}], [1]),
        ({"Fn::Join": ["-", ["a", {"Ref": "Colour"}]]}, "a-green"),
        ({"Fn::Join": [",", {"Ref": "List"}]}, "a,b"),
        ({"Fn::Select": [1, {"Fn::Split": ["/", "x/y/z"]}]}, "y"),
        ({"Fn::FindInMap": ["Sizes", "small", "edge"]}, 1),
        ({"Fn::Base64": "a"}, "YQ=="),
        ({"Condition": {"StringEquals": {"a": 1}}}, {"Condition": {"StringEquals": {"a": 1}}}),
    ],
)
def test_intrinsics_resolve(tmp_path: Path, value: Any, resolved: Any) -> None:
    assert resolver(tmp_path).resolve(value) == resolved


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::ImportValue": "x"},
        {"Fn::GetAZs": ""},
        {"Fn::Select": [9, ["a"]]},
        {"Fn::If": ["IsGreen", "only"]},
        {"Fn::Not": [{"Ref": "Colour"}]},
    ],
)
def test_intrinsics_that_cannot_be_resolved_raise(tmp_path: Path, value: Any) -> None:
    with pytest.raises(UnsupportedIntrinsicError):
        resolver(tmp_path).resolve(value)
