"""The fixture that kills handlers between two AWS calls."""

from tests.api.aws_calls import aws_calls

__all__ = ["aws_calls"]
