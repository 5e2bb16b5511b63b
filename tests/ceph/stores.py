"""The two stores that are compared: the stack's own S3, and Ceph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer, encode_query
from local.resources import DEFAULT_REGION
from local.s3 import S3Gate
from tests.ceph.plugin import empty_bucket
from tests.local.s3.wire import Reply, send

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "tampering"


@dataclass(frozen=True)
class Store:
    """A store with a bucket for these tests, and credentials."""

    name: str
    url: str
    credentials: Credentials
    s3: S3Client
    bucket: str = BUCKET

    @property
    def signer(self) -> Signer:
        """The signer that Coffer uses."""
        return Signer(self.credentials, DEFAULT_REGION)

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint of the store."""
        return Endpoint(self.url)

    def object_url(self, key: str) -> str:
        """Return the URL of an object."""
        return self.endpoint.object_url(self.bucket, key)

    def put(self, key: str, body: bytes) -> None:
        """Put an object with boto3."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="text/plain")

    def body(self, key: str) -> bytes:
        """Return the bytes of an object."""
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def contents(self) -> dict[str, str]:
        """Return every key with its ETag, which a refused request must not change."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())
        return {one["Key"]: one["ETag"].strip('"') for one in listed}

    def empty(self) -> None:
        """Delete all objects of the bucket."""
        empty_bucket(self.s3, self.bucket)

    def presigned(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] = {},
        headers: Mapping[str, str] = {},
        life: timedelta = timedelta(minutes=1),
        age: timedelta = timedelta(),
    ) -> str:
        """Return a URL as Coffer presigned it `age` ago."""
        return self.signer.presign_url(
            method,
            self.object_url(key),
            now=datetime.now(UTC) - age,
            expires_in=life,
            query=query,
            headers=headers,
        )

    def signed(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] = {},
        headers: Mapping[str, str] = {},
        payload_hash: str | None = None,
        age: timedelta = timedelta(),
    ) -> tuple[str, dict[str, str]]:
        """Return URL and headers of a request as Coffer signed it `age` ago."""
        url = self.object_url(key)
        more = {} if payload_hash is None else {"payload_hash": payload_hash}
        sent = self.signer.sign_headers(
            method, url, now=datetime.now(UTC) - age, query=query, headers=headers, **more
        )
        return (f"{url}?{encode_query(query)}" if query else url), sent

    def request(
        self, method: str, key: str, headers: Mapping[str, str] = {}, body: bytes | None = None
    ) -> Reply:
        """Send a valid request, signed in its headers."""
        url, sent = self.signed(method, key, headers=headers)
        return send(url, method, sent, body)


def connect(name: str, url: str, keys: tuple[str, str]) -> Store:
    """Return a store with its bucket."""
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name=DEFAULT_REGION,
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
        config=Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            request_checksum_calculation="when_required",
        ),
    )
    client.create_bucket(Bucket=BUCKET)
    return Store(name, url, Credentials(*keys), client)


@contextmanager
def local_store(folder: Path) -> Iterator[Store]:
    """Start the S3 of the local stack."""
    keys = ("local", "secret of the local one")
    gate = S3Gate(
        port=0,
        credentials={keys[0]: keys[1]},
        region=DEFAULT_REGION,
        now=lambda: datetime.now(UTC),
        deliver=lambda _event: None,
        folder=folder,
    )
    gate.start()
    try:
        store = connect("local", gate.url, keys)
        # ACLs are enabled, as in rawstore's bucket and by default in Ceph.
        store.s3.put_bucket_ownership_controls(
            Bucket=BUCKET,
            OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
        )
        store.s3.delete_public_access_block(Bucket=BUCKET)
        yield store
        store.s3.close()
    finally:
        gate.stop()
