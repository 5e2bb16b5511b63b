"""Validate optional texts of a request, which become part of keys, responses and headers."""

from __future__ import annotations

import re
from collections.abc import Mapping

MAX_LENGTH = 256

_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_header_value(text: str) -> bool:
    """Return True if HTTP clients and stores pass `text` on unchanged as a header value."""
    return len(text) <= MAX_LENGTH and _HEADER_VALUE.fullmatch(text) is not None


def is_printable(text: str) -> bool:
    """Return True if `text` has no control characters and no unpaired surrogates."""
    return 0 < len(text) <= MAX_LENGTH and _UNUSABLE.search(text) is None


def header_value_in(members: Mapping[str, object], name: str, reasons: list[str]) -> str | None:
    """Return the member `name` if it is usable as a header value; null and "" count as missing.

    If it is not usable, add the reason to `reasons` and return None.
    """
    text = members.get(name)
    if text is None or text == "":
        return None
    if isinstance(text, str) and is_header_value(text):
        return text
    reasons.append(f"{name} must be text of 1 to {MAX_LENGTH} printable ASCII characters")
    return None


def text_in(members: Mapping[str, object], name: str, reasons: list[str]) -> str | None:
    """Return the member `name` as `header_value_in` does, but allow text in any script."""
    text = members.get(name)
    if text is None or text == "":
        return None
    if isinstance(text, str) and is_printable(text):
        return text
    reasons.append(
        f"{name} must be text of 1 to {MAX_LENGTH} characters, without control characters"
    )
    return None
