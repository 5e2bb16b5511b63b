"""Somebody else's S3 in the gate's place: Ceph, MinIO, AWS itself.

Its buckets are made, or used as they are. What it can't do is found out at the start, with a tiny
object of our own, because stores don't say: an old one takes a condition and ignores it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from local.resources import Bucket
from local.storage.buckets import put_cors, put_ownership, put_public_access_block

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAIN_BUCKET = "ObjectBucket"
OTHER_ETAG = f'"{"0" * 32}"'
OTHER_SHA1 = "A" * 27 + "="


_OF_ANOTHER = ("S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")


def _is_address(url: str) -> bool:
    """Whether it is scheme, host and perhaps port, and nothing else."""
    try:
        parts = urlsplit(url)
        alone = parts.port is None or parts.port > 0
    except ValueError:
        return False
    alone = alone and url == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
    return alone and parts.scheme in ("http", "https") and bool(parts.hostname)


class ExternalStorageError(Exception):
    """That store can't be used; the message says what it said and what to do."""


@dataclass(frozen=True)
class StorageCapabilities:
    """What a store does beyond storing, as it was seen to do it."""

    copy_conditions: bool
    """It refuses a copy whose condition doesn't hold."""
    checksums: bool
    """It refuses bytes that don't fit the checksum sent with them."""


@dataclass
class ExternalStorage:
    """An S3 that is already running, with keys of its own. It sends this stack no events."""

    url: str
    keys: tuple[str, str]
    session_token: str | None = None
    bucket: str | None = None
    """The name of the object store's bucket; the others' are made from it."""
    capabilities: StorageCapabilities | None = None
    """Known once the buckets are there."""
    notes: list[str] = field(default_factory=list)
    """What came of its buckets, for the banner."""

    sends_events = False
    uses_stack_clock = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ExternalStorage | None:
        """The one that S3_ENDPOINT_URL names, or None; OtherStorageError naming what is wrong."""
        url = environment.get("S3_ENDPOINT_URL", "").rstrip("/")
        if not url:
            if name := next(filter(environment.get, _OF_ANOTHER), None):
                raise ExternalStorageError(
                    f"{name} is about another S3: say which with S3_ENDPOINT_URL, or unset it."
                )
            return None
        if not _is_address(url):
            raise ExternalStorageError(
                f"S3_ENDPOINT_URL is an address such as http://127.0.0.1:7480, not {url!r}."
            )
        family = "S3" if environment.get("S3_ACCESS_KEY_ID") else "AWS"
        key = environment.get(f"{family}_ACCESS_KEY_ID")
        secret = environment.get(f"{family}_SECRET_ACCESS_KEY")
        if not key or not secret:
            raise ExternalStorageError(
                "S3_ENDPOINT_URL names a store with keys of its own: set S3_ACCESS_KEY_ID and "
                "S3_SECRET_ACCESS_KEY (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)."
            )
        return cls(
            url,
            (key, secret),
            session_token=environment.get(f"{family}_SESSION_TOKEN") or None,
            bucket=environment.get("S3_BUCKET") or None,
        )

    def bucket_name(self, logical_id: str) -> str | None:
        """What a bucket of the template is called there; None to leave it to the template."""
        if self.bucket is None or logical_id == MAIN_BUCKET:
            return self.bucket
        return f"{self.bucket}-{logical_id.removesuffix('Bucket').lower()}"

    @property
    def variables(self) -> dict[str, str]:
        """What handlers have to know of the store."""
        conditions = self.capabilities is None or self.capabilities.copy_conditions
        token = {"AWS_SESSION_TOKEN": self.session_token} if self.session_token else {}
        return {"COPY_CONDITIONS": "true" if conditions else "false", **token}

    def start(self) -> None:
        """Nothing: it runs."""

    def stop(self) -> None:
        """Nothing: it isn't ours."""

    def holds(self, _buckets: Collection[str]) -> bool:
        """True: what it holds isn't ours to make again."""
        return True

    def reset(self) -> None:
        """Nothing: what it holds isn't ours to delete."""

    def empty(self) -> None:
        """Nothing: what it holds isn't ours to delete."""

    def apply_lifecycle(self) -> int:
        """Nothing: how long it keeps things is its own affair."""
        return 0

    def make_buckets(self, client: S3Client, buckets: Collection[Bucket]) -> None:
        """Makes the buckets or uses what is there, and finds out what the store can do."""
        self.notes.clear()
        for bucket in buckets:
            with self._plainly(f"use the bucket {bucket.name}"):
                self.notes.append(f"{bucket.name}: {_adopt(client, bucket)}")
        for bucket in buckets:
            if self.capabilities is None:
                with self._plainly(f"keep objects in the bucket {bucket.name}"):
                    self.capabilities = probe_capabilities(client, bucket.name)

    @contextmanager
    def _plainly(self, doing: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            said = error.response.get("Error", {})
            text = f"{said.get('Code')}: {said.get('Message') or 'no reason given'}"
            raise ExternalStorageError(
                f"The S3 at {self.url} doesn't let us {doing}. It says {text}. The keys have to "
                "be allowed to make the bucket, or S3_BUCKET has to name one that they may list, "
                "read and write; the region is us-east-1."
            ) from error
        except BotoCoreError as error:
            raise ExternalStorageError(f"No S3 answers at {self.url}: {error}") from error


def _adopt(client: S3Client, bucket: Bucket) -> str:
    """Makes sure that a bucket is there; answers what was done, in a few words."""
    if _exists(client, bucket.name):
        rules = "used as it is" if _has_cors(client, bucket.name) else _give_cors(client, bucket)
        return f"was there, {rules}"
    client.create_bucket(Bucket=bucket.name)
    # What a new bucket of S3's has anyway isn't asked for: Ceph 16 takes a public access block
    # and then refuses every write.
    if bucket.object_ownership not in (None, "BucketOwnerEnforced"):
        _taken(lambda: put_ownership(client, bucket))
    if not all(bucket.public_access_block.values()):
        _taken(lambda: put_public_access_block(client, bucket))
    return f"made, {_give_cors(client, bucket)}"


def _exists(client: S3Client, bucket: str) -> bool:
    try:
        # HEAD would do, but its refusals have no body that says why.
        client.list_objects_v2(Bucket=bucket, MaxKeys=1)
    except client.exceptions.NoSuchBucket:
        return False
    return True


def _has_cors(client: S3Client, bucket: str) -> bool:
    try:
        return bool(client.get_bucket_cors(Bucket=bucket)["CORSRules"])
    except ClientError:
        return False


def _give_cors(client: S3Client, bucket: Bucket) -> str:
    if not bucket.cors_rules:
        return "no browser needs it"
    if _taken(lambda: put_cors(client, bucket)):
        return "pages may use it (CORS was put)"
    return "it takes no CORS rules: pages use it only if the store lets every page"


def _taken(put: Callable[[], object]) -> bool:
    """Does what not every store knows; whether this one took it."""
    try:
        put()
    except ClientError:
        return False
    return True


def probe_capabilities(client: S3Client, bucket: str) -> StorageCapabilities:
    """Tries conditions and a checksum that don't hold, on an object of our own that then goes."""
    source, copy = (f"probes/{uuid.uuid4()}" for _ in range(2))
    try:
        client.put_object(Bucket=bucket, Key=source, Body=b"probe")
        given: Any = {
            "Bucket": bucket, "Key": copy, "CopySource": {"Bucket": bucket, "Key": source},
        }  # fmt: skip
        checks_source = _refused(lambda: client.copy_object(**given, CopySourceIfMatch=OTHER_ETAG))
        client.copy_object(**given)
        checks_place = _refused(lambda: client.copy_object(**given, IfNoneMatch="*"))
        sent: Any = {"Bucket": bucket, "Key": source, "Body": b"probe", "ChecksumSHA1": OTHER_SHA1}
        checks_bytes = _refused(lambda: client.put_object(**sent))
    finally:
        for key in (source, copy):
            with suppress(ClientError, BotoCoreError):
                client.delete_object(Bucket=bucket, Key=key)
    return StorageCapabilities(
        copy_conditions=checks_source and checks_place, checksums=checks_bytes
    )


def _refused(attempt: Callable[[], object]) -> bool:
    """Whether the store refuses what doesn't hold: 412 for a condition, 400 for a checksum.

    Any other answer is the caller's to tell: whoever doesn't know a header at all (501) can't be
    worked with.
    """
    try:
        attempt()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (400, 412):
            raise
        return True
    return False
