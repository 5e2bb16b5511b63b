"""What the API tests share."""

from tests.api.killing import aws_calls

__all__ = ["aws_calls"]
