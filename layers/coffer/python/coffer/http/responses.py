"""Answers: what a route gives back, and the form in which the gateway wants it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

JSON_API = "application/vnd.api+json"
JSON = "application/json"
MAX_RESPONSE_BYTES = 5_900_000
"""Lambda takes 6 MB; the rest is the envelope around the body."""


@dataclass(frozen=True, kw_only=True)
class Response:
    """A status, headers and a body; bytes go out base64-encoded, as the gateway wants them.

    Every answer says that it is what its type says: no browser looks for a page in it.
    """

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
        """A JSON document, compact, in UTF-8."""
        return cls(
            status=status,
            headers={"Content-Type": media_type, **(headers or {})},
            body=_encode(document),
        )

    def for_gateway(self) -> dict[str, Any]:
        """The response object of payload format 2.0."""
        encoded = isinstance(self.body, bytes)
        return {
            "statusCode": int(self.status),
            "headers": {"X-Content-Type-Options": "nosniff", **self.headers},
            "body": b64encode(self.body).decode() if isinstance(self.body, bytes) else self.body,
            "isBase64Encoded": encoded,
        }


def _encode(document: Any) -> str:
    """The document as text that UTF-8 can spell: what it cannot, half a surrogate pair that a
    caller sent and is told about, is escaped."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(document, separators=(",", ":"))
    return text
