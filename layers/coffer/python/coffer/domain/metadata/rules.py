"""Rules for new and changed metadata (as in object-store-api 1.31)."""

from __future__ import annotations

from dataclasses import replace

from coffer.domain.errors import InvalidError, Problem
from coffer.domain.fields import ATTRIBUTES, Field, limit_problems, missing_problems, size_problems
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.metadata.record import Metadata
from coffer.domain.transactions.commit import ValidationErrors
from coffer.domain.vocabulary.ports import TermReader
from coffer.domain.vocabulary.usage import check_terms, read_used_terms

_CHECKED_WITH_TERMS = ("ac_subtype", "managed_attributes")
"""`check_vocabulary` checks their sizes."""


def attribute_problems(metadata: Metadata) -> list[Problem]:
    """Return the problems of missing, too long and too large values.

    `check_subject` reports a missing bucket.
    """
    values = vars(metadata)
    limited = [one for one in METADATA_FIELDS.writable if one.attribute not in _CHECKED_WITH_TERMS]
    required = [one for one in required_fields(metadata) if one.attribute != "bucket"]
    return [
        *limit_problems(limited, values),
        *missing_problems(required, values),
        *size_problems(METADATA_FIELDS.present(metadata)),
    ]


def required_fields(metadata: Metadata) -> list[Field]:
    """Return the fields that need a value, if they are not clearable.

    The media type of a stored file is that of its upload, whatever the caller sends.
    """
    is_external = not metadata.file_identifier and metadata.resource_external_url
    return [one for one in METADATA_FIELDS.writable if is_external or one.attribute != "dc_format"]


def check_subject(
    bucket: str | None, file_identifier: str | None, resource_external_url: str | None
) -> None:
    """Raise `InvalidError` unless there is a bucket, and either a file or an external resource."""
    if resource_external_url and file_identifier:
        raise InvalidError(
            "file_and_external_resource",
            "If a file is provided, an external resource cannot be defined as well.",
            pointer=f"{ATTRIBUTES}/resourceExternalURL",
        )
    missing = [
        Problem(
            "file_and_bucket_required",
            "fileIdentifier and bucket should be provided",
            pointer=f"{ATTRIBUTES}/{name}",
        )
        for name, value in (
            ("bucket", bucket),
            ("fileIdentifier", file_identifier or resource_external_url),
        )
        if not value
    ]
    if missing:
        raise InvalidError.of(missing)


def check_vocabulary(terms: TermReader, metadata: Metadata, errors: ValidationErrors) -> None:
    """Raise a `RequestError` if the record uses unknown terms, or terms wrongly.

    The subtype depends on the dcType, so it is not checked if the dcType is malformed.
    """
    if errors.has_malformed("dcType"):
        metadata = replace(metadata, ac_subtype=None)
    check_terms(read_used_terms(terms, [metadata]), metadata)
