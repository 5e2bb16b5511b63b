"""Signed requests to AWS services that use the AWS JSON protocol, without an AWS SDK."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from coffer.adapters.http_connections import ConnectionPool, HttpResponse, send_with_retries
from coffer.adapters.signing.object_store import role_credentials
from coffer.adapters.signing.sigv4 import Endpoint, Signer
from coffer.domain.clock import Clock
from coffer.settings import aws_settings


class AwsJsonClient:
    """Calls the operations of one service. `target` is the prefix of the X-Amz-Target header."""

    def __init__(self, service: str, target: str, clock: Clock, *, timeout_seconds: float) -> None:
        region = aws_settings.aws_region
        endpoint = Endpoint.for_region(region, aws_settings.aws_endpoint_url, service=service)
        self._url = f"{endpoint.url}/"
        self._target = target
        self._clock = clock
        self._signer = Signer(role_credentials, region, service)
        self._pool = ConnectionPool(self._url, timeout_seconds=timeout_seconds)

    def call(
        self,
        operation: str,
        document: Mapping[str, Any],
        is_temporary: Callable[[HttpResponse], bool],
    ) -> HttpResponse:
        """Return the response, after retries while it is temporary; raises CONNECTION_ERRORS."""
        body = json.dumps(document).encode()
        headers = self._signer.sign_headers(
            "POST",
            self._url,
            now=self._clock.now(),
            headers={
                "content-type": "application/x-amz-json-1.0",
                "x-amz-target": f"{self._target}.{operation}",
            },
            payload_hash=hashlib.sha256(body).hexdigest(),
        )
        path = urlsplit(self._url).path
        return send_with_retries(
            partial(self._pool.request, "POST", path, headers, body), is_temporary
        )
