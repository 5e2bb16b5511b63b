"""Values of parameters are refused if CloudFormation refuses them."""

from __future__ import annotations

from typing import Any

import pytest

from local.stack import TEMPLATE
from local.template.parameters import parse_value
from local.template.source import TemplateError, read_source, translate


@pytest.mark.parametrize(
    ("declaration", "value", "parsed"),
    [
        ({"Type": "String"}, "", ""),
        ({"Type": "String", "AllowedPattern": "a+"}, "aa", "aa"),
        ({"Type": "String", "AllowedValues": [True, False]}, "true", "true"),
        ({"Type": "String", "MinLength": 1, "MaxLength": "2"}, "é€", "é€"),
        ({"Type": "Number", "MinValue": 1, "MaxValue": 10}, "10", "10"),
        ({"Type": "Number"}, 1.5, "1.5"),
        ({"Type": "Number"}, "-1e3", "-1e3"),
        ({"Type": "CommaDelimitedList", "AllowedPattern": "[ab]"}, "a, b", ["a", "b"]),
        ({"Type": "List<Number>", "MaxValue": 2}, "1,2", ["1", "2"]),
    ],
)
def test_a_valid_value_is_the_value_of_a_ref(
    declaration: dict[str, Any], value: object, parsed: object
) -> None:
    assert parse_value(declaration, value) == parsed


@pytest.mark.parametrize(
    ("declaration", "value", "message"),
    [
        ({"Type": "String", "AllowedPattern": "a+"}, "ab", "must match"),
        (
            {"Type": "String", "AllowedPattern": "a+", "ConstraintDescription": "only a"},
            "b",
            "only a: 'b'",
        ),
        ({"Type": "String", "AllowedValues": ["x", "y"]}, "z", "must be one of"),
        ({"Type": "String", "MinLength": 1}, "", "length of at least 1"),
        ({"Type": "String", "MaxLength": 1}, "ab", "length of at most 1"),
        ({"Type": "Number"}, "many", "must be a number"),
        ({"Type": "Number"}, "", "must be a number"),
        ({"Type": "Number"}, "nan", "must be a number"),
        ({"Type": "Number", "MinValue": 1}, "0", "at least 1"),
        ({"Type": "Number", "MaxValue": 10}, "11", "at most 10"),
        ({"Type": "CommaDelimitedList", "AllowedPattern": "[ab]"}, "a,c", "must match"),
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, "x", "does not support the type"),
        ({"Type": "String", "AllowedPatern": "x"}, "x", "AllowedPatern is not an attribute"),
    ],
)
def test_an_invalid_value_is_refused(
    declaration: dict[str, Any], value: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        parse_value(declaration, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ThumbnailSize", "huge"),
        ("ThumbnailSize", "8"),
        ("MaxDirectUploadBytes", "4194305"),
        ("OidcIssuer", "ftp://login.example.org"),
        ("ServiceName", "api"),
        ("RawstoreAcl", "public"),
        ("AllowedOrigins", "https://a.example,b"),
    ],
)
def test_an_invalid_parameter_stops_the_stack_with_its_line(name: str, value: str) -> None:
    source = read_source(TEMPLATE)
    line = source.line_of("Parameters", name)
    with pytest.raises(TemplateError, match=rf"template\.yaml:{line}: {name} "):
        translate(source, {name: value}, "us-east-1")
