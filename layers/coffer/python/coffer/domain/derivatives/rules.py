"""Rules for new and changed derivatives (as in object-store-api 1.31)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coffer.domain.buckets import bucket_key
from coffer.domain.callers import Caller
from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
from coffer.domain.derivatives.ports import DerivativeReader, Source
from coffer.domain.derivatives.record import DerivativeType
from coffer.domain.errors import InvalidError, Problem
from coffer.domain.fields import ATTRIBUTES, RELATIONSHIPS, limit_problems
from coffer.domain.media_types import base_type


def attribute_problems(values: Mapping[str, Any], dc_format: str | None) -> Iterator[Problem]:
    """Yield the problems of `values`, by the attributes of `Derivative`, with their limits.

    `dc_format` is the media type that the record gets; None if it is unknown.
    """
    yield from limit_problems(DERIVATIVE_FIELDS.writable, values)
    is_thumbnail = values.get("derivative_type") is DerivativeType.THUMBNAIL_IMAGE
    if is_thumbnail and dc_format is not None:
        yield from _thumbnail_format_problems(dc_format)


def find_source(
    catalogue: DerivativeReader[Source], caller: Caller, identifier: str | None, bucket: str | None
) -> Source:
    """Return the metadata that a derivative in `bucket` was derived from.

    Raises a `RequestError` if it does not exist, the caller may not read it, or it is in another
    bucket. A `bucket` of None is not compared.
    """
    pointer = f"{RELATIONSHIPS}/acDerivedFrom"
    if identifier is None:
        raise InvalidError("source_required", "acDerivedFrom should be provided", pointer=pointer)
    source = catalogue.metadata(identifier)
    if source is None or source.deleted_on is not None:
        raise InvalidError(
            "source_not_found", f"metadata with id {identifier} not found", pointer=pointer
        )
    if not source.publicly_releasable:
        caller.require_reader(source.bucket)
    _check_same_bucket(source.bucket, bucket, pointer)
    return source


def check_generated_from(
    catalogue: DerivativeReader[Source], identifier: str | None, bucket: str | None
) -> None:
    """Raise `InvalidError` unless the derivative exists and is in `bucket`."""
    if identifier is None:
        return
    pointer = f"{RELATIONSHIPS}/generatedFromDerivative"
    source = catalogue.derivative(identifier)
    if source is None or source.deleted_on is not None:
        raise InvalidError(
            "source_not_found", f"derivative with id {identifier} not found", pointer=pointer
        )
    _check_same_bucket(source.bucket, bucket, pointer)


def _check_same_bucket(source_bucket: str, bucket: str | None, pointer: str) -> None:
    if bucket is not None and bucket_key(source_bucket) != bucket_key(bucket):
        raise InvalidError(
            "source_of_another_bucket",
            "A derivative and what it was made from belong to the same bucket.",
            pointer=pointer,
        )


def _thumbnail_format_problems(dc_format: str) -> Iterator[Problem]:
    pointer = f"{ATTRIBUTES}/dcFormat"
    if not dc_format.strip():
        yield Problem(
            "thumbnail_without_format",
            "A thumbnail can not be submitted without a valid DC Format.",
            pointer=pointer,
        )
    elif base_type(dc_format) != "image/jpeg":
        yield Problem(
            "thumbnail_is_no_jpeg",
            "Thumbnails must be a jpeg and have the media type image/jpeg.",
            pointer=pointer,
        )
