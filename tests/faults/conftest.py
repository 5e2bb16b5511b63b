"""What kills handlers between two calls, for the tests that do so by hand."""

from tests.api.aws_calls import aws_calls

__all__ = ["aws_calls"]
