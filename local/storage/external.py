"""An S3 store that runs elsewhere: Ceph, MinIO, or AWS.

Buckets are created, or used as they are. A small probe object shows at the start what the store
supports, because a store does not say so: an old one accepts a condition and ignores it.
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
WRONG_ETAG = f'"{"0" * 32}"'
WRONG_SHA1 = "A" * 27 + "="

_NEED_ENDPOINT = ("S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
"""Variables that have no meaning without S3_ENDPOINT_URL."""


def _is_base_url(url: str) -> bool:
    """True if the URL has a scheme, a host, perhaps a port, and nothing else."""
    try:
        parts = urlsplit(url)
        has_valid_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    has_no_path = url == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
    is_http = parts.scheme in ("http", "https") and bool(parts.hostname)
    return has_valid_port and has_no_path and is_http


class ExternalStorageError(Exception):
    """The store cannot be used; the message has its reason and says what to do."""


@dataclass(frozen=True)
class StorageCapabilities:
    """The capabilities of a store, as found by `probe_capabilities`."""

    copy_conditions: bool
    """It refuses a copy if a condition does not hold."""
    checksums: bool
    """It refuses bytes that do not match their checksum."""


@dataclass
class ExternalStorage:
    """An S3 store that is already running. The stack polls its buckets for events."""

    url: str
    keys: tuple[str, str]
    session_token: str | None = None
    bucket: str | None = None
    """Name of the object store's bucket; the names of other buckets begin with it."""
    capabilities: StorageCapabilities | None = None
    """Set by `create_buckets`."""
    notes: list[str] = field(default_factory=list)
    """What `create_buckets` did with each bucket, for the banner."""

    sends_events = False
    uses_stack_clock = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ExternalStorage | None:
        """Return the store at S3_ENDPOINT_URL, or None if that is not set.

        Raise `ExternalStorageError` for a variable that is missing or not valid.
        """
        url = environment.get("S3_ENDPOINT_URL", "").rstrip("/")
        if not url:
            if name := next(filter(environment.get, _NEED_ENDPOINT), None):
                raise ExternalStorageError(
                    f"{name} is about another S3: set S3_ENDPOINT_URL too, or unset it."
                )
            return None
        if not _is_base_url(url):
            raise ExternalStorageError(
                f"S3_ENDPOINT_URL is a URL such as http://127.0.0.1:7480, not {url!r}."
            )
        family = "S3" if environment.get("S3_ACCESS_KEY_ID") else "AWS"
        key = environment.get(f"{family}_ACCESS_KEY_ID")
        secret = environment.get(f"{family}_SECRET_ACCESS_KEY")
        if not key or not secret:
            raise ExternalStorageError(
                "S3_ENDPOINT_URL needs the keys of that store: set S3_ACCESS_KEY_ID and "
                "S3_SECRET_ACCESS_KEY (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)."
            )
        return cls(
            url,
            (key, secret),
            session_token=environment.get(f"{family}_SESSION_TOKEN") or None,
            bucket=environment.get("S3_BUCKET") or None,
        )

    def bucket_name(self, logical_id: str) -> str | None:
        """Return the name of a bucket of the template; None if the template decides it."""
        if self.bucket is None or logical_id == MAIN_BUCKET:
            return self.bucket
        return f"{self.bucket}-{logical_id.removesuffix('Bucket').lower()}"

    @property
    def variables(self) -> dict[str, str]:
        """COPY_CONDITIONS, and the session token of the keys if there is one."""
        conditions = self.capabilities is None or self.capabilities.copy_conditions
        token = {"AWS_SESSION_TOKEN": self.session_token} if self.session_token else {}
        return {"COPY_CONDITIONS": "true" if conditions else "false", **token}

    def start(self) -> None:
        """Do nothing: the store is already running."""

    def stop(self) -> None:
        """Do nothing: the store does not belong to the stack."""

    def has_buckets(self, _names: Collection[str]) -> bool:
        """Return True: the stack does not create an external store's buckets again."""
        return True

    def reset(self) -> None:
        """Do nothing: the stack deletes nothing in an external store."""

    def empty(self) -> None:
        """Do nothing: the stack deletes nothing in an external store."""

    def apply_lifecycle(self) -> int:
        """Return 0: the store applies its own lifecycle rules."""
        return 0

    def create_buckets(self, client: S3Client, buckets: Collection[Bucket]) -> None:
        """Create the buckets that do not exist, and probe what the store supports.

        Raise `ExternalStorageError` if the store cannot be used.
        """
        self.notes.clear()
        for bucket in buckets:
            with self._errors_translated(f"use the bucket {bucket.name}"):
                self.notes.append(f"{bucket.name}: {_create_if_missing(client, bucket)}")
        for bucket in buckets:
            if self.capabilities is None:
                with self._errors_translated(f"store objects in the bucket {bucket.name}"):
                    self.capabilities = probe_capabilities(client, bucket.name)

    @contextmanager
    def _errors_translated(self, action: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            details = error.response.get("Error", {})
            text = f"{details.get('Code')}: {details.get('Message') or 'no reason given'}"
            raise ExternalStorageError(
                f"The S3 at {self.url} does not let us {action}. It says {text}. The keys must "
                "be allowed to create the bucket, or S3_BUCKET must name a bucket that they may "
                "list, read and write; the region is us-east-1."
            ) from error
        except BotoCoreError as error:
            raise ExternalStorageError(f"No S3 responds at {self.url}: {error}") from error


def _create_if_missing(client: S3Client, bucket: Bucket) -> str:
    """Create the bucket if it does not exist, and return a short note about it."""
    if _exists(client, bucket.name):
        note = "used as it is" if _has_cors(client, bucket.name) else _add_cors(client, bucket)
        return f"existed, {note}"
    client.create_bucket(Bucket=bucket.name)
    # Only settings that differ from S3's defaults for a new bucket are sent: Ceph 16 accepts a
    # public access block and then refuses every write.
    if bucket.object_ownership not in (None, "BucketOwnerEnforced"):
        _succeeds(lambda: put_ownership(client, bucket))
    if not all(bucket.public_access_block.values()):
        _succeeds(lambda: put_public_access_block(client, bucket))
    return f"created, {_add_cors(client, bucket)}"


def _exists(client: S3Client, bucket: str) -> bool:
    try:
        # Not HeadBucket: its error responses have no body with a reason.
        client.list_objects_v2(Bucket=bucket, MaxKeys=1)
    except client.exceptions.NoSuchBucket:
        return False
    return True


def _has_cors(client: S3Client, bucket: str) -> bool:
    try:
        return bool(client.get_bucket_cors(Bucket=bucket)["CORSRules"])
    except ClientError:
        return False


def _add_cors(client: S3Client, bucket: Bucket) -> str:
    if not bucket.cors_rules:
        return "needs no CORS rules"
    if _succeeds(lambda: put_cors(client, bucket)):
        return "CORS rules were added"
    return "takes no CORS rules: web pages can use it only if the store allows all pages"


def _succeeds(put: Callable[[], object]) -> bool:
    """Call `put`, which not every store supports; return True if it succeeded."""
    try:
        put()
    except ClientError:
        return False
    return True


def probe_capabilities(client: S3Client, bucket: str) -> StorageCapabilities:
    """Send wrong conditions and a wrong checksum, and return what the store refused.

    The probe uses two small objects, and deletes them.
    """
    source, copy = (f"probes/{uuid.uuid4()}" for _ in range(2))
    try:
        client.put_object(Bucket=bucket, Key=source, Body=b"probe")
        given: Any = {
            "Bucket": bucket, "Key": copy, "CopySource": {"Bucket": bucket, "Key": source},
        }  # fmt: skip
        checks_source = _is_refused(
            lambda: client.copy_object(**given, CopySourceIfMatch=WRONG_ETAG)
        )
        client.copy_object(**given)
        checks_target = _is_refused(lambda: client.copy_object(**given, IfNoneMatch="*"))
        sent: Any = {"Bucket": bucket, "Key": source, "Body": b"probe", "ChecksumSHA1": WRONG_SHA1}
        checks_bytes = _is_refused(lambda: client.put_object(**sent))
    finally:
        for key in (source, copy):
            with suppress(ClientError, BotoCoreError):
                client.delete_object(Bucket=bucket, Key=key)
    return StorageCapabilities(
        copy_conditions=checks_source and checks_target, checksums=checks_bytes
    )


def _is_refused(request: Callable[[], object]) -> bool:
    """Return True if the store refuses the request: 412 for a condition, 400 for a checksum.

    Other errors propagate: a store that does not know a header at all (501) cannot be used.
    """
    try:
        request()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (400, 412):
            raise
        return True
    return False
