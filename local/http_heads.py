"""Heads of HTTP requests, where http.server is less strict than what stands in front of AWS."""

from __future__ import annotations

from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from email.message import Message

_CUTTING = (FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect)


def cuts_headers_off(headers: Message) -> bool:
    """Whether a line is no header, so that http.server took what follows it for the body.

    Other defects mean nothing here: a form, say, is missed because the body isn't read yet.
    """
    return any(isinstance(defect, _CUTTING) for defect in headers.defects)
