"""Parse requests for index refreshes."""

from __future__ import annotations

from coffer.domain.errors import MalformedRequestError
from coffer.domain.identifiers import is_identifier
from coffer.http.documents import read_resource
from coffer.http.requests import Request

TYPE = "index-refresh"
DOC_TYPES = ("metadata",)


def parse_refresh_request(request: Request) -> str | None:
    """Return the id of the record to refresh; None for all records.

    Raises MalformedRequestError if the request is malformed.
    """
    attributes = read_resource(request, TYPE).attributes
    unknown = [name for name in attributes if name != "docType"]
    if unknown:
        raise MalformedRequestError(
            "unknown_attribute",
            f"{TYPE} has no attribute {unknown[0][:60]!r}.",
            pointer="/data/attributes",
        )
    if attributes.get("docType") not in DOC_TYPES:
        raise MalformedRequestError(
            "malformed_attribute",
            f"docType must be one of {', '.join(DOC_TYPES)}.",
            pointer="/data/attributes/docType",
        )
    identifier = request.json()["data"].get("id")
    if identifier is None:
        return None
    if not is_identifier(identifier):
        raise MalformedRequestError(
            "malformed_identifier", "The id is not a UUID.", pointer="/data/id"
        )
    return str(identifier).lower()
