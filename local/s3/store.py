"""Store objects in moto's buckets, with their bytes in files.

moto keeps the buckets, their configuration, tags and ACLs. This module adds objects to its buckets
that moto handles like its own, but whose bytes are never in memory.
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
# The deletion-type of S3's events.
MARKER_CREATED = "Delete Marker Created"
PERMANENTLY_DELETED = "Permanently Deleted"


@dataclass(frozen=True)
class Checksum:
    """A stored checksum; a COMPOSITE one is the checksum of the checksums of `parts` parts."""

    algorithm: str
    value: str
    kind: str = "FULL_OBJECT"
    parts: int = 0

    @property
    def text(self) -> str:
        """The value as in S3's responses: a composite one ends with the number of parts."""
        return f"{self.value}-{self.parts}" if self.kind == "COMPOSITE" else self.value

    @property
    def elements(self) -> str:
        """The XML elements of the value and the type."""
        name = f"Checksum{self.algorithm}"
        return f"<{name}>{self.text}</{name}><ChecksumType>{self.kind}</ChecksumType>"


@dataclass(frozen=True)
class ObjectPart:
    """A part of a completed multipart object."""

    number: int
    start: int
    size: int
    checksum: str | None = None


@dataclass(frozen=True)
class NewObject:
    """The data of an object that is to be stored. `etag` has no quotes."""

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
    parts: tuple[ObjectPart, ...] = ()


class S3Object(FakeKey):
    """An object that moto handles like its own, with its bytes in a file."""

    def __new__(cls, *_: Any, **__: Any) -> S3Object:
        # moto's own __new__ keeps a reference to every instance.
        return object.__new__(cls)

    def __init__(self, new_object: NewObject, bucket: FakeBucket, moment: datetime) -> None:
        self.path = new_object.path
        self.headers = dict(new_object.headers)
        self.checksum = new_object.checksum
        self.parts = new_object.parts
        super().__init__(
            name=new_object.key,
            value=b"",
            account_id=bucket.account_id,
            region_name=bucket.region_name,
            storage=new_object.storage_class,
            etag=new_object.etag,
            is_versioned=bucket.is_versioned,
            version_id=uuid4().hex if bucket.is_versioned else "null",
            bucket_name=bucket.name,
            encryption="AES256",
        )
        self._value_buffer.close()
        del self._value_buffer  # moto stores the bytes here
        self.contentsize = new_object.size
        self.modified = moment
        self.last_modified = moment.astimezone(UTC).replace(tzinfo=None)
        self.acl = get_canned_acl(new_object.acl)
        if new_object.checksum:
            self.checksum_algorithm = new_object.checksum.algorithm
            self.checksum_type = new_object.checksum.kind
            self.checksum_value = new_object.checksum.text

    @property
    def value(self) -> bytes:
        """The bytes of the object; a few features of moto need them in memory."""
        return b"".join(read_file(self.path))

    @value.setter
    def value(self, _: bytes) -> None:
        """Do nothing: moto's constructor sets a value, but the bytes are in the file already."""

    @property
    def is_public(self) -> bool:
        return self.acl is not None and self.acl.public_read

    def dispose(self, garbage: bool = False) -> None:
        del garbage
        self.disposed = True
        self.path.unlink(missing_ok=True)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the lock: moto copies objects to list versions."""
        return {name: value for name, value in vars(self).items() if name != "lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, lock=threading.Lock())

    def __del__(self) -> None:
        """Do nothing: moto's own method warns about an object that was not disposed of."""


class DeleteMarker(FakeDeleteMarker):
    """The marker that a deletion adds in a versioned bucket, even if there was no object."""

    def __new__(cls, *_: Any, **__: Any) -> DeleteMarker:
        return object.__new__(cls)

    def __init__(self, name: str, moment: datetime) -> None:
        self.name = name
        self.modified = moment
        self.last_modified = moment.astimezone(UTC).replace(tzinfo=None)
        self._version_id = uuid4().hex


@dataclass(frozen=True)
class Removal:
    """The result of a deletion. `kind` is S3's deletion-type; None if there was nothing to delete.

    `removed` is the object that was deleted or hidden by a marker. `marker` is True if a delete
    marker was created or removed. `version_id` is the version that was deleted or created.
    """

    kind: str | None
    removed: S3Object | None
    version_id: str | None = None
    marker: bool = False


class Store:
    """Finds and changes objects atomically. Use `locked` to make a change conditional."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.folder = Folder(folder)
        self._now = now
        self._stripes = [threading.RLock() for _ in range(STRIPES)]

    @property
    def backend(self) -> S3Backend:
        return s3_backends[ACCOUNT_ID]["aws"]

    def reset(self) -> None:
        """Delete all buckets, objects and files."""
        self.backend.reset()
        self.folder.clear()
        self.folder.prepare()

    def clear(self) -> None:
        """Delete all buckets, objects, files and subfolders."""
        self.backend.reset()
        self.folder.clear()

    def empty(self) -> None:
        """Delete all objects and uploads, but keep the buckets."""
        for bucket in list(self.backend.buckets.values()):
            for key in list(dict.keys(bucket.keys)):
                with self.locked(bucket.name, key):
                    bucket.keys.setlist(key, [])
                    dict.pop(bucket.keys, key, None)
            for upload_id in list(bucket.multiparts):
                del bucket.multiparts[upload_id]

    @contextmanager
    def locked(self, bucket: str, key: str) -> Iterator[None]:
        """Lock a key against other threads. Several keys share one lock."""
        with self._stripes[hash((bucket, key)) % STRIPES]:
            yield

    def bucket(self, name: str) -> FakeBucket:
        try:
            return self.backend.get_bucket(name)
        except S3ClientError as error:
            raise S3Error("NoSuchBucket", details={"BucketName": name}) from error

    def current(self, bucket: str, key: str) -> S3Object | None:
        """Return the current object with this key, or None."""
        found = self.bucket(bucket).keys.get(key)
        return found if isinstance(found, S3Object) else None

    def version(self, bucket: str, key: str, version_id: str) -> S3Object | DeleteMarker:
        for found in self.bucket(bucket).keys.getlist(key, []):
            if found.version_id == version_id:
                return found  # type: ignore[no-any-return]  # moto's store of keys is untyped
        raise S3Error("NoSuchVersion", details={"Key": key, "VersionId": version_id})

    def put(self, new_object: NewObject) -> S3Object:
        """Store the object. It replaces the current one, or in a versioned bucket hides it."""
        bucket = self.bucket(new_object.bucket)
        stored = S3Object(new_object, bucket, self._now())
        with self.locked(new_object.bucket, new_object.key):
            kept = bucket.keys.getlist(new_object.key, []) if bucket.is_versioned else []
            bucket.keys.setlist(new_object.key, [*kept, stored])
            self._tag(stored, new_object.tags)
        return stored

    def _tag(self, stored: S3Object, tags: Mapping[str, str]) -> None:
        tagger = self.backend.tagger
        if tagger.has_tags(stored.arn):
            tagger.delete_all_tags_for_resource(stored.arn)
        if tags:
            tagger.tag_resource(
                stored.arn, [{"Key": name, "Value": value} for name, value in tags.items()]
            )

    def tags(self, stored: S3Object) -> dict[str, str]:
        return dict(self.backend.tagger.get_tag_dict_for_resource(stored.arn))

    def remove(self, bucket_name: str, key: str, version_id: str | None) -> Removal:
        """Delete an object or a version; in a versioned bucket, add a delete marker."""
        bucket = self.bucket(bucket_name)
        with self.locked(bucket_name, key):
            if version_id is not None:
                return self._remove_version(bucket, key, version_id)
            if bucket.is_versioned:
                marker = DeleteMarker(key, self._now())
                hidden = self.current(bucket_name, key)
                bucket.keys.setlist(key, [*bucket.keys.getlist(key, []), marker])
                return Removal(MARKER_CREATED, hidden, marker.version_id, marker=True)
            removed = bucket.keys.get(key)
            if removed is None:
                return Removal(None, None)
            bucket.keys.pop(key)
            stored = removed if isinstance(removed, S3Object) else None
            return Removal(PERMANENTLY_DELETED, stored)

    def _remove_version(self, bucket: FakeBucket, key: str, version_id: str) -> Removal:
        versions = bucket.keys.getlist(key, [])
        removed = next((one for one in versions if one.version_id == version_id), None)
        if removed is None:
            return Removal(None, None, version_id)
        kept = [one for one in versions if one.version_id != version_id]
        bucket.keys.setlist(key, kept)
        if not kept:
            bucket.keys.pop(key)
        was_marker = isinstance(removed, DeleteMarker)
        stored = None if was_marker else removed
        return Removal(PERMANENTLY_DELETED, stored, version_id, marker=was_marker)
