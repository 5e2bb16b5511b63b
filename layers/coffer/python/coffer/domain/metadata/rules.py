"""The rules of metadata, for new records and changed ones alike (reference, 4.5 and 4.8).

Names of the rules' attributes are those of the document, `/data/attributes/<name>`.
"""

from __future__ import annotations

from collections.abc import Iterator

from coffer.domain.constraints import ATTRIBUTES, violation, wrong_length, wrong_tags
from coffer.domain.errors import InvalidError, Problem
from coffer.domain.metadata.record import Metadata
from coffer.domain.vocabulary.usage import TermReader, check_terms, terms_named_by

# attribute, name in the document, longest (characters), required
CONSTRAINTS = (
    ("resource_external_url", "resourceExternalURL", 255, False),
    ("filename", "filename", 255, False),
    ("dc_format", "dcFormat", 150, True),
    ("ac_caption", "acCaption", 250, False),
    ("xmp_rights_web_statement", "xmpRightsWebStatement", 250, True),
    ("dc_rights", "dcRights", 250, True),
    ("xmp_rights_owner", "xmpRightsOwner", 250, True),
    ("xmp_rights_usage_terms", "xmpRightsUsageTerms", 500, True),
    ("source_set", "sourceSet", 50, False),
    # The reference has no limit here; a record must fit one item of DynamoDB, 400 KB.
    ("not_publicly_releasable_reason", "notPubliclyReleasableReason", 1000, False),
)


def wrong_attributes(metadata: Metadata) -> list[Problem]:
    """Lengths, presence and ranges, all at once."""
    problems = [*_wrong_texts(metadata), *wrong_tags(metadata.ac_tags)]
    if metadata.orientation is not None and not 1 <= metadata.orientation <= 8:
        problems.append(violation("orientation", "must be between 1 and 8"))
    return problems


def check_subject(
    bucket: str | None, file_identifier: str | None, resource_external_url: str | None
) -> None:
    """Exactly one of a stored file and an external resource, and a bucket for either."""
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


def check_vocabulary(terms: TermReader, metadata: Metadata) -> None:
    """Raise a RequestError that says what is wrong with the record's subtype and attributes."""
    check_terms(terms_named_by(terms, [metadata]), metadata)


def _wrong_texts(metadata: Metadata) -> Iterator[Problem]:
    for attribute, name, longest, required in CONSTRAINTS:
        value = getattr(metadata, attribute)
        # The format of a stored file is its upload's, whatever the caller says.
        is_of_file = metadata.file_identifier or not metadata.resource_external_url
        known = attribute == "dc_format" and is_of_file
        yield from wrong_length(name, value, longest)
        if required and not value and not known:
            yield violation(name, "must not be blank")
