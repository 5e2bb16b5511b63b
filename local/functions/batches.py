"""Invoke a function with a batch of records, and find out which records failed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from local.invocation import Invoker, Outcome, PayloadTooLargeError
from local.resources import EventSourceMapping, Function


class InvalidBatchResponseError(Exception):
    """The handler's batch response is not valid, so Lambda treats the whole batch as failed."""


def invoke_with_batch(invoker: Invoker, function: Function, records: Sequence[Any]) -> Outcome:
    """Invoke the function with `{"Records": records}`; a batch that is too large is a failure."""
    try:
        return invoker.invoke(function, {"Records": list(records)})
    except PayloadTooLargeError as error:
        return Outcome(error_type="RequestTooLarge", error_message=str(error))


def failed_records(
    mapping: EventSourceMapping, outcome: Outcome, identifiers: Collection[str]
) -> frozenset[str]:
    """Return the identifiers of the records that failed.

    Raise `InvalidBatchResponseError` for a response that Lambda does not accept.
    """
    if outcome.failed:
        return frozenset(identifiers)
    if not mapping.reports_item_failures:
        return frozenset()
    return failed_identifiers(outcome.payload, identifiers)


def failed_identifiers(payload: Any, identifiers: Collection[str]) -> frozenset[str]:
    """Return the identifiers in a response of `ReportBatchItemFailures`.

    No response, null and an empty list mean that no record failed. Raise
    `InvalidBatchResponseError` for another shape, and for an identifier that is not in the batch.
    Source: Lambda Developer Guide, "Implementing partial batch responses", success and failure
    conditions.
    """
    if payload is None or payload == {}:
        return frozenset()
    if not isinstance(payload, dict):
        raise InvalidBatchResponseError(
            f"the response is a {type(payload).__name__}, not an object"
        )
    failures = payload.get("batchItemFailures")
    if failures is None:
        return frozenset()
    if not isinstance(failures, list):
        raise InvalidBatchResponseError("batchItemFailures is not a list")
    failed = set()
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(identifier, str) or identifier not in identifiers:
            raise InvalidBatchResponseError(f"no record of the batch is called {identifier!r}")
        failed.add(identifier)
    return frozenset(failed)
