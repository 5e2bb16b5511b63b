"""The interface to an S3 store, and the local S3 of the stack as one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from moto.s3.models import s3_backends

from local.faults.throttling import STACK_USER_AGENT, NextError
from local.hosts import LOOPBACK_HOSTS
from local.resources import ACCOUNT, DEFAULT_REGION, Bucket
from local.s3.errors import S3Error
from local.s3.gate import S3Gate
from local.s3.messages import Request
from local.storage.buckets import create_buckets

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105 - a published key; the store listens on loopback only

Deliver = Callable[[Mapping[str, Any]], None]


class Storage(Protocol):
    """An S3 store with its keys."""

    @property
    def url(self) -> str:
        """The URL of the endpoint."""

    @property
    def keys(self) -> tuple[str, str]:
        """Access key id and secret access key."""

    def start(self) -> None:
        """Start the store if it belongs to the stack."""

    def stop(self) -> None:
        """Stop the store if it belongs to the stack."""

    @property
    def sends_events(self) -> bool:
        """True if it delivers its events itself; otherwise the stack polls its buckets."""

    @property
    def uses_stack_clock(self) -> bool:
        """True if it uses the stack's clock, so that `make clock` moves its time too."""

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables for the handlers; complete after `create_buckets`."""

    def bucket_name(self, logical_id: str, /) -> str | None:
        """Return the name of a bucket of the template; None if the template decides it."""

    def create_buckets(self, client: S3Client, buckets: Collection[Bucket], /) -> None:
        """Create the template's buckets."""

    def has_buckets(self, names: Collection[str], /) -> bool:
        """True if all these buckets exist."""

    def reset(self) -> None:
        """Delete all buckets, unless the store is an external one."""

    def empty(self) -> None:
        """Delete all objects and uploads without events, unless the store is an external one."""

    def apply_lifecycle(self) -> int:
        """Delete what the lifecycle rules say is due, and return how many objects and uploads."""


class GateStorage:
    """The stack's own S3, with the keys test/test."""

    sends_events = True
    uses_stack_clock = True

    def __init__(
        self,
        host: str,
        port: int,
        folder: Path,
        now: Callable[[], datetime],
        deliver: Deliver,
        next_error: NextError = lambda _service, _operation: None,
        allowed_hosts: frozenset[str] = LOOPBACK_HOSTS,
    ) -> None:
        self._next_error = next_error
        self._gate = S3Gate(
            host=host,
            port=port,
            credentials={ACCESS_KEY_ID: SECRET_ACCESS_KEY},
            region=DEFAULT_REGION,
            now=now,
            deliver=deliver,
            folder=folder,
            next_error=self._s3_error,
            allowed_hosts=allowed_hosts,
        )

    def _s3_error(self, request: Request) -> S3Error | None:
        """Return an injected error. Requests of browsers have no such header and never fail."""
        if "authorization" not in request.headers:
            return None
        if STACK_USER_AGENT in (request.headers.get("user-agent") or ""):
            return None
        resource = "object" if request.key else "bucket"
        error = self._next_error("S3", f"{request.method} {resource}")
        return None if error is None else S3Error(error.code, error.message)

    @property
    def url(self) -> str:
        """The URL of the gate."""
        return self._gate.url

    @property
    def keys(self) -> tuple[str, str]:
        """test/test."""
        return ACCESS_KEY_ID, SECRET_ACCESS_KEY

    def start(self) -> None:
        """Start the gate."""
        self._gate.start()

    def stop(self) -> None:
        """Stop the gate."""
        self._gate.stop()

    @property
    def variables(self) -> dict[str, str]:
        """None: it behaves like Amazon S3."""
        return {}

    def bucket_name(self, _logical_id: str) -> None:
        """Return None: buckets have the template's names."""

    def create_buckets(self, client: S3Client, buckets: Collection[Bucket]) -> None:
        """Create the buckets with the template's configuration."""
        create_buckets(client, buckets)

    def has_buckets(self, names: Collection[str]) -> bool:
        """True if all these buckets exist; another stack in this process may have deleted them."""
        return set(names) <= self._gate.buckets

    def reset(self) -> None:
        """Delete all buckets."""
        self._gate.reset()

    def apply_lifecycle(self) -> int:
        """Apply the lifecycle rules, as S3 does once a day."""
        return self._gate.apply_lifecycle()

    def empty(self) -> None:
        """Delete all objects and uploads."""
        for bucket in s3_backends[ACCOUNT]["aws"].buckets.values():
            stored: list[Any] = [*bucket.keys.values(), *bucket.multiparts.values()]
            for one in stored:
                if hasattr(one, "dispose"):  # a delete marker has no file
                    one.dispose()
            bucket.keys.clear()
            bucket.multiparts.clear()
