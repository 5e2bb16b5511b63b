"""Bucket names: a bucket is the group that a file belongs to, not an S3 bucket."""

from __future__ import annotations

import string

from coffer.domain.errors import MalformedRequestError

MAX_LENGTH = 50
_FIRST = frozenset(string.ascii_letters + string.digits)
_REST = _FIRST | frozenset("._~-")


def parse_bucket(text: str, *, pointer: str | None = None, parameter: str = "bucket") -> str:
    """`text` if it may name a bucket, as it is spelled; MalformedRequestError otherwise.

    Groups compare without case, so keys and partitions use `bucket_key`.
    """
    if is_bucket(text):
        return text
    raise MalformedRequestError(
        "malformed_bucket",
        f"{text[:80]!r} cannot be a bucket: 1 to {MAX_LENGTH} letters, digits, '.', '_', '~' or "
        "'-', of which the first is a letter or a digit.",
        pointer=pointer,
        parameter=None if pointer else parameter,
    )


def is_bucket(text: str) -> bool:
    """Whether `text` may name a bucket."""
    return 0 < len(text) <= MAX_LENGTH and text[0] in _FIRST and _REST.issuperset(text)


def bucket_key(bucket: str) -> str:
    """The form of a bucket's name under which it is stored and compared."""
    return bucket.lower()
