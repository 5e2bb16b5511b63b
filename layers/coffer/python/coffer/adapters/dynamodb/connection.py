"""What all tables share: where they are, how patient we are, and what their failures mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError
from pynamodb.connection import Connection, TableConnection
from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

from coffer.domain.errors import UnavailableError
from coffer.settings import aws_settings

MAX_ATTEMPTS = 5

CONDITION_FAILED = "ConditionalCheckFailedException"
_OVERLOADED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "InternalServerError",
        "ServiceUnavailable",
        "TransactionInProgressException",
        "TransactionConflictException",
    }
)


def _connect() -> Connection:
    """A connection whose client is there: made as the function starts, when Lambda gives it a
    whole processor, and not with the first request, which waits for it."""
    connection = Connection(
        region=aws_settings.aws_region,
        connect_timeout_seconds=2,
        read_timeout_seconds=5,
        max_retry_attempts=MAX_ATTEMPTS,
    )
    _ = connection.client
    return connection


DYNAMODB = _connect()
"""What transactions go through, and by its client all tables."""


class Table(Model):
    """A model of items in a table that has the one client in common with all others.

    PynamoDB makes each model a client of its own, and that is most of what a cold start costs.
    """

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        table.connection._client = DYNAMODB.client
        return table


def code_of(error: PynamoDBException) -> str:
    """The error code that DynamoDB answered with; empty where it did not answer."""
    return str(getattr(error, "cause_response_code", None) or "")


@contextmanager
def overload_is_unavailable() -> Iterator[None]:
    """Turn throttling, server errors and silence, after all retries, into UnavailableError."""
    try:
        yield
    except PynamoDBException as error:
        if code_of(error) in _OVERLOADED or isinstance(error.cause, BotoCoreError):
            raise UnavailableError(
                "records_unavailable", "The records cannot be reached right now. Try again."
            ) from error
        raise
