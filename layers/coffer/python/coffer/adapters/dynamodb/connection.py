"""What all tables share: where they are, how patient we are, and what their failures mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError
from pynamodb.exceptions import PynamoDBException

from coffer.domain.errors import UnavailableError
from coffer.settings import settings

REGION = settings.aws_region
CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 5
ATTEMPTS = 5

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
