"""Optional texts of a request: what may become part of a key, an answer or a header's value."""

from __future__ import annotations

import re
from collections.abc import Mapping

MAX_LENGTH = 256

_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_header_value(text: str) -> bool:
    """Whether every HTTP client and store passes `text` on unchanged as a header's value."""
    return len(text) <= MAX_LENGTH and _HEADER_VALUE.fullmatch(text) is not None


def is_printable(text: str) -> bool:
    """Whether `text`, in any script, has neither control characters nor unpaired surrogates."""
    return 0 < len(text) <= MAX_LENGTH and _UNUSABLE.search(text) is None


def header_value_in(members: Mapping[str, object], name: str, reasons: list[str]) -> str | None:
    """The member `name`, fit for a header; null and the empty text count as absent.

    Anything else adds to `reasons` why it cannot be used, and is None too.
    """
    text = members.get(name)
    if text is None or text == "":
        return None
    if isinstance(text, str) and is_header_value(text):
        return text
    reasons.append(f"{name} must be text of 1 to {MAX_LENGTH} printable ASCII characters")
    return None


def text_in(members: Mapping[str, object], name: str, reasons: list[str]) -> str | None:
    """As `header_value_in`, but for text in any script."""
    text = members.get(name)
    if text is None or text == "":
        return None
    if isinstance(text, str) and is_printable(text):
        return text
    reasons.append(f"{name} must be text of 1 to {MAX_LENGTH} characters, none a control character")
    return None
