"""boto3 clients of the stack's own services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from local.faults.throttling import STACK_USER_AGENT
from local.resources import DEFAULT_REGION
from local.storage.gate import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Storage


class Clients:
    """Creates one client per service, at the first use. Injected faults do not affect them.

    `storage` returns the S3 store and `endpoint` the URL of the other services. They are called
    when a client is created, because a stack has neither before it starts.
    """

    def __init__(self, storage: Callable[[], Storage], endpoint: Callable[[], str]) -> None:
        self._storage = storage
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def get(self, service: str) -> Any:
        """Return the client of a service, always the same one."""
        if service not in self._clients:
            self._clients[service] = self._create(service)
        return self._clients[service]

    def close(self) -> None:
        """Close all connections; `get` then creates new clients."""
        while self._clients:
            self._clients.popitem()[1].close()

    def _create(self, service: str) -> Any:
        is_s3 = service == "s3"
        storage = self._storage()
        key, secret = storage.keys if is_s3 else (ACCESS_KEY_ID, SECRET_ACCESS_KEY)
        return boto3.client(
            service,  # type: ignore[call-overload]  # the stubs only accept literal names
            endpoint_url=storage.url if is_s3 else self._endpoint(),
            region_name=DEFAULT_REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(
                s3={"addressing_style": "path"},
                connect_timeout=5,
                retries={"max_attempts": 1},
                user_agent_extra=STACK_USER_AGENT,
                # Not every S3 supports the checksums that the SDK adds by default.
                request_checksum_calculation="when_required",
            ),
        )
