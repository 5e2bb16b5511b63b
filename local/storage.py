"""The S3 of the stack: the gate in front of moto, or somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from moto.s3.models import s3_backends

from local.resources import ACCOUNT, DEFAULT_REGION
from local.s3 import S3Gate

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

    def holds(self, buckets: Collection[str], /) -> bool:
        """Whether these buckets are still there."""

    def forget_everything(self) -> None:
        """Back to a store without a bucket, as far as it is ours."""

    def empty(self) -> None:
        """Deletes every object, without events; the buckets stay as they are made."""


class GateStorage:
    """The gate of this stack, with the keys test/test."""

    def __init__(
        self,
        host: str,
        port: int,
        folder: Path,
        now: Callable[[], datetime],
        deliver: Deliver,
    ) -> None:
        self._gate = S3Gate(
            host=host,
            port=port,
            credentials={ACCESS_KEY_ID: SECRET_ACCESS_KEY},
            region=DEFAULT_REGION,
            now=now,
            deliver=deliver,
            folder=folder,
        )

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

    def holds(self, buckets: Collection[str]) -> bool:
        """Whether these buckets are still there: moto's S3 is one for a process."""
        return set(buckets) <= set(s3_backends[ACCOUNT]["aws"].buckets)

    def forget_everything(self) -> None:
        """Back to a store without a bucket."""
        self._gate.reset()

    def empty(self) -> None:
        """Deletes every object and upload where the gate keeps them: moto's buckets."""
        for bucket in s3_backends[ACCOUNT]["aws"].buckets.values():
            stored: list[Any] = [*bucket.keys.values(), *bucket.multiparts.values()]
            for one in stored:
                if hasattr(one, "dispose"):  # a delete marker has nothing to dispose of
                    one.dispose()
            bucket.keys.clear()
            bucket.multiparts.clear()


@dataclass(frozen=True)
class OtherStorage:
    """MinIO, Ceph, AWS: already running, with keys of its own. It sends this stack no events."""

    url: str
    keys: tuple[str, str]

    def start(self) -> None:
        """Nothing: it runs."""

    def stop(self) -> None:
        """Nothing: it isn't ours."""

    def holds(self, _buckets: Collection[str]) -> bool:
        """True: what it holds isn't ours to make again."""
        return True

    def forget_everything(self) -> None:
        """Nothing: what it holds isn't ours to delete."""

    def empty(self) -> None:
        """Nothing: what it holds isn't ours to delete."""
