"""Parse requests for index refreshes."""

from __future__ import annotations

from coffer.domain.errors import MalformedRequestError, Problem
from coffer.domain.fields import ATTRIBUTES
from coffer.domain.identifiers import is_identifier
from coffer.http.documents import read_resource
from coffer.http.requests import Request

TYPE = "index-refresh"
DOC_TYPES = ("metadata",)


def parse_refresh_request(request: Request) -> str | None:
    """Return the id of the record to refresh; None for all records.

    Raises MalformedRequestError with all problems.
    """
    document = read_resource(request, TYPE)
    identifier = document.identifier
    problems = [
        Problem("unknown_attribute", f"{TYPE} has no attribute {name[:60]!r}.", ATTRIBUTES)
        for name in document.attributes
        if name != "docType"
    ]
    if document.attributes.get("docType") not in DOC_TYPES:
        detail = f"docType must be one of {', '.join(DOC_TYPES)}."
        problems.append(Problem("malformed_attribute", detail, f"{ATTRIBUTES}/docType"))
    if identifier is not None and not is_identifier(identifier):
        problems.append(Problem("malformed_identifier", "The id is not a UUID.", "/data/id"))
    if problems:
        raise MalformedRequestError.of(problems)
    return None if identifier is None else str(identifier).lower()
