"""Which items of a batch failed, as a handler reports them with ReportBatchItemFailures."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


class InvalidBatchResponseError(Exception):
    """A report that Lambda takes for the failure of the whole batch."""


def failed_identifiers(payload: Any, identifiers: Collection[str]) -> frozenset[str]:
    """The identifiers that failed. Nothing, null and an empty list mean that all went well.

    Raises InvalidReportError for another shape, and for an identifier that isn't in the batch.
    Source: Lambda Developer Guide, "Implementing partial batch responses", success and failure
    conditions.
    """
    if payload is None or payload == {}:
        return frozenset()
    if not isinstance(payload, dict):
        raise InvalidBatchResponseError(f"the answer is a {type(payload).__name__}, not an object")
    failures = payload.get("batchItemFailures")
    if failures is None:
        return frozenset()
    if not isinstance(failures, list):
        raise InvalidBatchResponseError("batchItemFailures isn't a list")
    failed = set()
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(identifier, str) or identifier not in identifiers:
            raise InvalidBatchResponseError(f"no item of the batch is called {identifier!r}")
        failed.add(identifier)
    return frozenset(failed)
