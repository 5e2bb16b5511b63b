"""Where objects are: moto's buckets, filled with objects whose bytes are files of ours.

moto keeps buckets, their configuration, the listing, tags and access lists; this module puts into
its buckets objects that read like its own and never hold their bytes in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.exceptions import S3ClientError
from moto.s3.models import (
    FakeBucket,
    FakeDeleteMarker,
    FakeKey,
    S3Backend,
    get_canned_acl,
    s3_backends,
)

from local.s3.errors import S3Error
from local.s3.spool import Folder, read_file

ACCOUNT_ID = DEFAULT_ACCOUNT_ID
STRIPES = 1024
# The deletion-types of S3's events.
COVERED = "Delete Marker Created"
DELETED = "Permanently Deleted"


@dataclass(frozen=True)
class Checksum:
    """A stored checksum. COMPOSITE is the checksum of the parts' checksums, of `parts` parts."""

    algorithm: str
    value: str
    kind: str = "FULL_OBJECT"
    parts: int = 0

    @property
    def shown(self) -> str:
        """As S3 shows it: a composite one says of how many parts."""
        return f"{self.value}-{self.parts}" if self.kind == "COMPOSITE" else self.value


@dataclass(frozen=True)
class Part:
    """A stretch of a completed multipart object."""

    number: int
    start: int
    size: int
    checksum: str | None = None


@dataclass(frozen=True)
class Draft:
    """All that an object will be, before it is put in its place. `etag` has no quotes."""

    bucket: str
    key: str
    path: Path
    size: int
    etag: str
    headers: Mapping[str, str]
    checksum: Checksum | None = None
    acl: str = "private"
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = "STANDARD"
    parts: tuple[Part, ...] = ()


class StoredObject(FakeKey):
    """An object that moto lists and tags like its own, with its bytes in a file."""

    def __new__(cls, *_: Any, **__: Any) -> StoredObject:
        # moto's own __new__ remembers every instance for ever.
        return object.__new__(cls)

    def __init__(self, draft: Draft, bucket: FakeBucket, moment: datetime) -> None:
        self.path = draft.path
        self.headers = dict(draft.headers)
        self.checksum = draft.checksum
        self.parts = draft.parts
        super().__init__(
            name=draft.key,
            value=b"",
            account_id=bucket.account_id,
            region_name=bucket.region_name,
            storage=draft.storage_class,
            etag=draft.etag,
            is_versioned=bucket.is_versioned,
            version_id=uuid4().hex if bucket.is_versioned else "null",
            bucket_name=bucket.name,
            encryption="AES256",
        )
        self._value_buffer.close()
        del self._value_buffer  # moto's place for the bytes
        self.contentsize = draft.size
        self.modified = moment
        self.last_modified = moment.astimezone(UTC).replace(tzinfo=None)
        self.acl = get_canned_acl(draft.acl)
        if draft.checksum:
            self.checksum_algorithm = draft.checksum.algorithm
            self.checksum_type = draft.checksum.kind
            self.checksum_value = draft.checksum.shown

    @property
    def value(self) -> bytes:
        """The whole object in memory: for the few of moto's features that want it so."""
        return b"".join(read_file(self.path))

    @value.setter
    def value(self, _: bytes) -> None:
        """moto's constructor sets one; our bytes are in their file already."""

    @property
    def is_public(self) -> bool:
        return self.acl is not None and self.acl.public_read

    def dispose(self, garbage: bool = False) -> None:
        del garbage  # nothing is lost when an object is collected
        self.disposed = True
        self.path.unlink(missing_ok=True)

    def __getstate__(self) -> dict[str, Any]:
        """moto lists copies of versions, and would copy the bytes along."""
        return {name: value for name, value in vars(self).items() if name != "lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, lock=threading.Lock())

    def __del__(self) -> None:
        """moto's would warn about an object it was not told to dispose of."""


class DeleteMarker(FakeDeleteMarker):
    """What a deletion leaves in a versioned bucket, also where nothing was."""

    def __new__(cls, *_: Any, **__: Any) -> DeleteMarker:
        return object.__new__(cls)

    def __init__(self, name: str, moment: datetime) -> None:
        self.name = name
        self.modified = moment
        self.last_modified = moment.astimezone(UTC).replace(tzinfo=None)
        self._version_id = uuid4().hex


@dataclass(frozen=True)
class Removal:
    """What a deletion did. `kind` is S3's deletion-type, None where nothing was there to delete.

    `gone` is the object that went or was covered by a marker; `marker` tells that a delete marker
    was made or removed, `version_id` which version it is about.
    """

    kind: str | None
    gone: StoredObject | None
    version_id: str | None = None
    marker: bool = False


class Store:
    """Looks objects up and changes them, atomically; hold `locked` to make a change conditional."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.folder = Folder(folder)
        self._now = now
        self._stripes = [threading.RLock() for _ in range(STRIPES)]

    @property
    def backend(self) -> S3Backend:
        return s3_backends[ACCOUNT_ID]["aws"]

    def reset(self) -> None:
        """An empty S3: no bucket, no object, no file."""
        self.backend.reset()
        self.folder.clear()
        self.folder.prepare()

    def clear(self) -> None:
        """The same, and not even a folder."""
        self.backend.reset()
        self.folder.clear()

    def empty(self) -> None:
        """Buckets with nothing in them."""
        for bucket in list(self.backend.buckets.values()):
            for key in list(dict.keys(bucket.keys)):
                with self.locked(bucket.name, key):
                    bucket.keys.setlist(key, [])
                    dict.pop(bucket.keys, key, None)
            for upload_id in list(bucket.multiparts):
                del bucket.multiparts[upload_id]

    @contextmanager
    def locked(self, bucket: str, key: str) -> Iterator[None]:
        """Nobody else changes this key meanwhile. (Locks are striped: a few keys share one.)"""
        with self._stripes[hash((bucket, key)) % STRIPES]:
            yield

    def bucket(self, name: str) -> FakeBucket:
        try:
            return self.backend.get_bucket(name)
        except S3ClientError as error:
            raise S3Error("NoSuchBucket", details={"BucketName": name}) from error

    def current(self, bucket: str, key: str) -> StoredObject | None:
        """What a plain GET would find."""
        found = self.bucket(bucket).keys.get(key)
        return found if isinstance(found, StoredObject) else None

    def version(self, bucket: str, key: str, version_id: str) -> StoredObject | DeleteMarker:
        for found in self.bucket(bucket).keys.getlist(key, []):
            if found.version_id == version_id:
                return found  # type: ignore[no-any-return]  # moto's store of keys is untyped
        raise S3Error("NoSuchVersion", details={"Key": key, "VersionId": version_id})

    def put(self, draft: Draft) -> StoredObject:
        """Make the draft the current object. What it replaces is gone, or an older version."""
        bucket = self.bucket(draft.bucket)
        stored = StoredObject(draft, bucket, self._now())
        with self.locked(draft.bucket, draft.key):
            kept = bucket.keys.getlist(draft.key, []) if bucket.is_versioned else []
            bucket.keys.setlist(draft.key, [*kept, stored])
            self._tag(stored, draft.tags)
        return stored

    def _tag(self, stored: StoredObject, tags: Mapping[str, str]) -> None:
        tagger = self.backend.tagger
        if tagger.has_tags(stored.arn):
            tagger.delete_all_tags_for_resource(stored.arn)
        if tags:
            tagger.tag_resource(
                stored.arn, [{"Key": name, "Value": value} for name, value in tags.items()]
            )

    def tags(self, stored: StoredObject) -> dict[str, str]:
        return dict(self.backend.tagger.get_tag_dict_for_resource(stored.arn))

    def remove(self, bucket_name: str, key: str, version_id: str | None) -> Removal:
        """Delete an object, or put a marker over it, or delete one version for good."""
        bucket = self.bucket(bucket_name)
        with self.locked(bucket_name, key):
            if version_id is not None:
                return self._remove_version(bucket, key, version_id)
            if bucket.is_versioned:
                marker = DeleteMarker(key, self._now())
                covered = self.current(bucket_name, key)
                bucket.keys.setlist(key, [*bucket.keys.getlist(key, []), marker])
                return Removal(COVERED, covered, marker.version_id, marker=True)
            gone = bucket.keys.get(key)
            if gone is None:
                return Removal(None, None)
            bucket.keys.pop(key)
            return Removal(DELETED, gone if isinstance(gone, StoredObject) else None)

    def _remove_version(self, bucket: FakeBucket, key: str, version_id: str) -> Removal:
        versions = bucket.keys.getlist(key, [])
        gone = [it for it in versions if it.version_id == version_id]
        if not gone:
            return Removal(None, None, version_id)
        kept = [it for it in versions if it.version_id != version_id]
        bucket.keys.setlist(key, kept)
        if not kept:
            bucket.keys.pop(key)
        was_marker = isinstance(gone[0], DeleteMarker)
        return Removal(DELETED, None if was_marker else gone[0], version_id, marker=was_marker)
