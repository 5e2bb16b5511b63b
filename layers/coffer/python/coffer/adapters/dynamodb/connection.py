"""The DynamoDB client that all tables share, and the errors that it raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError
from pynamodb.connection import Connection, TableConnection
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.models import Model

from coffer.domain.errors import ChangeRefusedError, UnavailableError
from coffer.settings import aws_settings

MAX_REQUEST_ATTEMPTS = 5
_CONDITION_FAILED = "ConditionalCheckFailedException"
CANCELLED_BY_CONDITION = "ConditionalCheckFailed"
"""Code of an action whose condition cancelled its transaction."""
CANCELLED_BY_CONFLICT = "TransactionConflict"
"""Code of an action whose item another transaction was writing, perhaps successfully."""
CANCELLED_BY_VALIDATION = "ValidationError"
"""Code of an action whose item is too large or has an invalid key."""
_INVALID = "ValidationException"
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
    """Return a connection with its client.

    The client is created while the function starts, when Lambda gives it a whole processor. The
    first request would wait for it.
    """
    connection = Connection(
        region=aws_settings.aws_region,
        connect_timeout_seconds=2,
        read_timeout_seconds=5,
        max_retry_attempts=MAX_REQUEST_ATTEMPTS,
    )
    _ = connection.client
    return connection


DYNAMODB = _connect()
"""The connection of transactions. Tables use its client."""


class Table(Model):
    """Base of the models, which all use one client.

    PynamoDB creates a client for each model, which takes most of the time of a cold start.
    """

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        table.connection._client = DYNAMODB.client
        return table


@contextmanager
def overload_is_unavailable() -> Iterator[None]:
    """Raise UnavailableError for throttling, server errors and timeouts, after all retries."""
    try:
        yield
    except PynamoDBException as error:
        if _code_of(error) in _OVERLOADED or isinstance(error.cause, BotoCoreError):
            raise UnavailableError(
                "records_unavailable", "The records cannot be reached right now. Try again."
            ) from error
        raise


@contextmanager
def conditional_write(refusal: Exception | None) -> Iterator[None]:
    """Raise `refusal` if the condition of a write is not met; do nothing if `refusal` is None.

    Other errors are as with `overload_is_unavailable`.
    """
    with overload_is_unavailable():
        try:
            yield
        except PynamoDBException as error:
            if _code_of(error) != _CONDITION_FAILED:
                raise
            if refusal is not None:
                raise refusal from error


@contextmanager
def invalid_is_refused() -> Iterator[None]:
    """Raise ChangeRefusedError if DynamoDB refuses a write as invalid, such as an item over 400 KB.

    Other errors are unchanged.
    """
    try:
        yield
    except PynamoDBException as error:
        is_cancelled = isinstance(error, TransactWriteError) and (
            CANCELLED_BY_VALIDATION in cancellations(error).values()
        )
        if is_cancelled or _code_of(error) == _INVALID:
            raise ChangeRefusedError(f"DynamoDB refuses the item: {error}") from error
        raise


def cancellations(error: TransactWriteError) -> dict[int, str]:
    """Return the codes of the actions that cancelled a transaction, by their positions."""
    return {
        position: str(reason.code)
        for position, reason in enumerate(error.cancellation_reasons)
        if reason is not None and reason.code != "None"
    }


def _code_of(error: PynamoDBException) -> str:
    """Return the error code of DynamoDB's response; empty if there was no response."""
    return str(getattr(error, "cause_response_code", None) or "")
