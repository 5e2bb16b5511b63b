"""boto3 clients of a stack, one of each service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from local.faults.throttling import STACK_USER_AGENT
from local.resources import DEFAULT_REGION
from local.storage.gate import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Storage


class Clients:
    """Makes a client when it is first asked for. No fault disturbs what the stack itself asks.

    `storage` and `endpoint` say where S3 and everything else answer. They are asked when a client
    is made, for a stack has neither before it starts.
    """

    def __init__(self, storage: Callable[[], Storage], endpoint: Callable[[], str]) -> None:
        self._storage = storage
        self._endpoint = endpoint
        self._made: dict[str, Any] = {}

    def get(self, service: str) -> Any:
        """The client of a service; the same one each time."""
        if service not in self._made:
            self._made[service] = self._make(service)
        return self._made[service]

    def close(self) -> None:
        """Ends their connections; the next one asked for is new."""
        while self._made:
            self._made.popitem()[1].close()

    def _make(self, service: str) -> Any:
        is_s3 = service == "s3"
        storage = self._storage()
        key, secret = storage.keys if is_s3 else (ACCESS_KEY_ID, SECRET_ACCESS_KEY)
        return boto3.client(
            service,  # type: ignore[call-overload]  # the stubs want each name spelt out
            endpoint_url=storage.url if is_s3 else self._endpoint(),
            region_name=DEFAULT_REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(
                s3={"addressing_style": "path"},
                connect_timeout=5,
                retries={"max_attempts": 1},
                user_agent_extra=STACK_USER_AGENT,
                # Not every S3 knows the checksums that the SDK adds of its own accord.
                request_checksum_calculation="when_required",
            ),
        )
