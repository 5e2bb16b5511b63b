"""The S3 storage that the stack uses: an interface, and the local S3 in front of moto."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from moto.s3.models import s3_backends

from local.faults.throttling import STACK_USER_AGENT, Refuse
from local.resources import ACCOUNT, DEFAULT_REGION, Bucket
from local.s3 import S3Gate
from local.s3.errors import S3Error
from local.s3.messages import Request
from local.storage.buckets import make_buckets

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105 - the published key of a store that is only on loopback

Deliver = Callable[[Mapping[str, Any]], None]


class Storage(Protocol):
    """An S3 store with its keys."""

    @property
    def url(self) -> str:
        """Where it answers."""

    @property
    def keys(self) -> tuple[str, str]:
        """Access key id and secret."""

    def start(self) -> None:
        """Makes it answer."""

    def stop(self) -> None:
        """Ends it."""

    @property
    def sends_events(self) -> bool:
        """Whether it delivers its events itself; otherwise its buckets are listed for them."""

    @property
    def uses_stack_clock(self) -> bool:
        """Whether its clock is the stack's, so that it follows when that is moved."""

    @property
    def variables(self) -> Mapping[str, str]:
        """What handlers have to know of it; complete once its buckets are made."""

    def bucket_name(self, logical_id: str, /) -> str | None:
        """What a bucket of the template is called in it; None to leave it to the template."""

    def make_buckets(self, client: S3Client, buckets: Collection[Bucket], /) -> None:
        """Makes the template's buckets."""

    def holds(self, buckets: Collection[str], /) -> bool:
        """Whether these buckets are still there."""

    def reset(self) -> None:
        """Back to a store without a bucket, as far as it is ours."""

    def empty(self) -> None:
        """Deletes every object, without events; the buckets stay as they are made."""

    def apply_lifecycle(self) -> int:
        """Deletes what its buckets' lifecycle rules say is due; answers how much it was."""


class GateStorage:
    """The gate of this stack, with the keys test/test."""

    sends_events = True
    uses_stack_clock = True

    def __init__(
        self,
        host: str,
        port: int,
        folder: Path,
        now: Callable[[], datetime],
        deliver: Deliver,
        refuse: Refuse = lambda _service, _operation: None,
    ) -> None:
        self._refuse = refuse
        self._gate = S3Gate(
            host=host,
            port=port,
            credentials={ACCESS_KEY_ID: SECRET_ACCESS_KEY},
            region=DEFAULT_REGION,
            now=now,
            deliver=deliver,
            folder=folder,
            refuse=self._s3_error,
        )

    def _s3_error(self, request: Request) -> S3Error | None:
        """How a call of a handler is refused. Browsers, which sign nothing themselves, aren't."""
        if "authorization" not in request.headers:
            return None
        if STACK_USER_AGENT in (request.headers.get("user-agent") or ""):
            return None
        kind = "object" if request.key else "bucket"
        error = self._refuse("S3", f"{request.method} {kind}")
        return None if error is None else S3Error(error.code, error.message)

    @property
    def url(self) -> str:
        """Where the gate answers."""
        return self._gate.url

    @property
    def keys(self) -> tuple[str, str]:
        """test/test."""
        return ACCESS_KEY_ID, SECRET_ACCESS_KEY

    def start(self) -> None:
        """Starts the gate."""
        self._gate.start()

    def stop(self) -> None:
        """Stops the gate."""
        self._gate.stop()

    @property
    def variables(self) -> dict[str, str]:
        """Nothing: it does what S3 does."""
        return {}

    def bucket_name(self, _logical_id: str) -> None:
        """The template's names do."""

    def make_buckets(self, client: S3Client, buckets: Collection[Bucket]) -> None:
        """Makes them with all that the template says of them."""
        make_buckets(client, buckets)

    def holds(self, buckets: Collection[str]) -> bool:
        """Whether these buckets are still there: moto's S3 is one for a process."""
        return set(buckets) <= set(s3_backends[ACCOUNT]["aws"].buckets)

    def reset(self) -> None:
        """Back to a store without a bucket."""
        self._gate.reset()

    def apply_lifecycle(self) -> int:
        """As S3 does once a day."""
        return self._gate.apply_lifecycle()

    def empty(self) -> None:
        """Deletes every object and upload where the gate keeps them: moto's buckets."""
        for bucket in s3_backends[ACCOUNT]["aws"].buckets.values():
            stored: list[Any] = [*bucket.keys.values(), *bucket.multiparts.values()]
            for one in stored:
                if hasattr(one, "dispose"):  # a delete marker has nothing to dispose of
                    one.dispose()
            bucket.keys.clear()
            bucket.multiparts.clear()
