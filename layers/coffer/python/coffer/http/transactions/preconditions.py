"""Parse the versions of a record that the header If-Match names."""

from __future__ import annotations

from coffer.domain.transactions.commit import Precondition
from coffer.http.conditions import entity_tags
from coffer.http.requests import Request


def read_precondition(request: Request) -> Precondition:
    """Return the precondition of the request. Without If-Match, or with `*`, it always holds.

    The ETag of a record is its version in quotes. Weak and unknown ETags match no version, because
    If-Match compares strongly (RFC 9110, 13.1.1).
    """
    header = request.header("if-match")
    if header in ("", "*"):
        return Precondition()
    texts = {tag[1:-1] for tag in entity_tags(header) if tag.startswith('"')}
    versions = {text for text in texts if text.isascii() and text.isdigit() and len(text) < 10}
    return Precondition(frozenset(map(int, versions)))
