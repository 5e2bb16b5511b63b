"""The response of a route, and its form for API Gateway."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import accumulate
from json.encoder import encode_basestring_ascii
from typing import Any

from coffer.domain.errors import TooLargeError

JSON_API = "application/vnd.api+json"
JSON = "application/json"
MAX_RESPONSE_BYTES = 5_900_000
"""Lambda's limit is 6 MB for the body, as `payload_bytes` counts it, and the JSON around it."""


@dataclass(frozen=True, kw_only=True)
class Response:
    """A status, headers and a body. All responses have `X-Content-Type-Options: nosniff`."""

    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str = ""

    @classmethod
    def of_json(
        cls,
        document: Any,
        *,
        status: int = HTTPStatus.OK,
        media_type: str = JSON_API,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Return a response with a compact JSON document in UTF-8."""
        return cls(
            status=status,
            headers={"Content-Type": media_type, **(headers or {})},
            body=encode(document),
        )

    def to_gateway(self) -> dict[str, Any]:
        """Return the response object of payload format 2.0; bytes become base64."""
        is_binary = isinstance(self.body, bytes)
        return {
            "statusCode": int(self.status),
            "headers": {"X-Content-Type-Options": "nosniff", **self.headers},
            "body": b64encode(self.body).decode() if isinstance(self.body, bytes) else self.body,
            "isBase64Encoded": is_binary,
        }


def encode(document: Any) -> str:
    """Return compact JSON that UTF-8 can encode."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        # An error text quotes half a surrogate pair of the request; UTF-8 cannot encode it.
        return json.dumps(document, separators=(",", ":"))
    return text


def payload_bytes(document: str) -> int:
    """Return the size of a JSON document in a response of a function.

    The body is a JSON string there: a quote and a backslash have two bytes, and a letter of another
    script up to twelve. A JSON document has no control characters, which makes this fast.
    """
    if document.isascii():
        return len(document) + document.count('"') + document.count("\\")
    return len(encode_basestring_ascii(document)) - len('""')


def count_fitting(sizes: Iterable[int], max_bytes: int) -> int:
    """Return how many documents of these sizes fit into a response; the first one always counts."""
    totals = accumulate(sizes)
    return sum(1 for number, total in enumerate(totals) if number == 0 or total <= max_bytes)


def require_fitting(size_bytes: int, *, pointer: str | None = None) -> None:
    """Raise TooLargeError if a response with a body of this size is too large for Lambda."""
    if size_bytes > MAX_RESPONSE_BYTES:
        raise TooLargeError(
            "answer_too_large",
            "The response would have more than 6 MB: request fewer records, or fewer of their "
            "attributes with fields, or no include.",
            pointer=pointer,
        )
