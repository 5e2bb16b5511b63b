"""Validate bucket names. A bucket is the group that a file belongs to, not an S3 bucket."""

from __future__ import annotations

import string

from coffer.domain.errors import MalformedRequestError

MAX_LENGTH = 50
BUCKET_PATTERN = f"^[A-Za-z0-9][A-Za-z0-9._~-]{{0,{MAX_LENGTH - 1}}}$"
"""JSON Schema pattern of a bucket's name."""
_FIRST = frozenset(string.ascii_letters + string.digits)
_REST = _FIRST | frozenset("._~-")


def parse_bucket(text: str, *, pointer: str | None = None, parameter: str = "bucket") -> str:
    """Return `text` unchanged if it is a valid bucket name; else raise MalformedRequestError.

    Group names are not case-sensitive: use `bucket_key` for keys and comparisons.
    """
    if is_bucket(text):
        return text
    raise MalformedRequestError(
        "malformed_bucket",
        f"{text[:80]!r} is not a bucket name: 1 to {MAX_LENGTH} letters, digits, '.', '_', '~' or "
        "'-', starting with a letter or a digit.",
        pointer=pointer,
        parameter=None if pointer else parameter,
    )


def is_bucket(text: str) -> bool:
    """True if `text` is a valid bucket name."""
    return 0 < len(text) <= MAX_LENGTH and text[0] in _FIRST and _REST.issuperset(text)


def bucket_key(bucket: str) -> str:
    """Return the form of a bucket name that is stored and compared: lower case."""
    return bucket.lower()
