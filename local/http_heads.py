"""A check of request headers that `http.server` omits, for the API's port and the S3 port."""

from __future__ import annotations

from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from email.message import Message

_TRUNCATING_DEFECTS = (FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect)


def has_truncated_headers(headers: Message) -> bool:
    """True if a line is not a header, so that http.server took the rest for the body.

    Other defects do not matter here. A multipart form, for example, always has one, because the
    body is not read yet.
    """
    return any(isinstance(defect, _TRUNCATING_DEFECTS) for defect in headers.defects)
