"""The response of a route, and its form for API Gateway."""

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
"""Lambda's limit is 6 MB for the body and the JSON around it."""


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
            body=_encode(document),
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


def _encode(document: Any) -> str:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        # An error text quotes half a surrogate pair of the request; UTF-8 cannot encode it.
        return json.dumps(document, separators=(",", ":"))
    return text
