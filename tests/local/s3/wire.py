"""Helpers of the S3 tests: forms, raw requests and a clock."""

from __future__ import annotations

import hashlib
import http.client
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Literal
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from mypy_boto3_s3 import S3Client

from local.s3 import S3Gate
from local.s3.messages import Headers, Request, RequestBody

ACCESS_KEY = "test"
SECRET_KEY = "test"
REGION: Literal["ca-central-1"] = "ca-central-1"


class MovableClock:
    """The machine's clock with an offset, which may be negative."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


@dataclass
class Gate:
    """A running local S3, its published events, and a client."""

    gate: S3Gate
    clock: MovableClock
    events: list[dict[str, Any]]
    s3: S3Client

    @property
    def url(self) -> str:
        return self.gate.url


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code in S3's error document, or ""."""
        found = re.search(rb"<Code>(.*?)</Code>", self.body)
        return found[1].decode() if found else ""

    @property
    def verdict(self) -> tuple[int, str]:
        return self.status, self.code


def send(
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | Iterable[bytes] | None = None,
) -> Reply:
    """Send one request exactly as given, on a new connection."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request(method, target, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        lowered = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, lowered, response.read())
    finally:
        connection.close()


class NamedPayload(S3SigV4Auth):
    """botocore's signer with a given payload hash."""

    def __init__(self, payload: str, region: str) -> None:
        super().__init__(Credentials(ACCESS_KEY, SECRET_KEY), "s3", region)
        self._payload = payload

    def payload(self, request: AWSRequest) -> str:
        return self._payload


def sign(
    url: str,
    method: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    payload: str | None = None,
    region: str = REGION,
) -> dict[str, str]:
    """Return the headers with botocore's signature; `payload` replaces the hash of the body."""
    request = AWSRequest(method, url, dict(headers or {}), body)
    said = payload or hashlib.sha256(body).hexdigest()
    NamedPayload(said, region).add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}


BOUNDARY = "----a form's boundary"


def form_body(
    fields: Iterable[tuple[str, str]],
    content: bytes | None = b"x",
    filename: str = "a.jpg",
    after: Iterable[tuple[str, str]] = (),
) -> bytes:
    """Return a form: the fields, the file (unless `content` is None), and more fields."""
    pieces = [field_part(name, value) for name, value in fields]
    if content is not None:
        head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        type_line = "Content-Type: image/jpeg\r\n\r\n"
        pieces.append(f"--{BOUNDARY}\r\n{head}{type_line}".encode() + content + b"\r\n")
    pieces += [field_part(name, value) for name, value in after]
    return b"".join(pieces) + f"--{BOUNDARY}--\r\n".encode()


def field_part(name: str, value: str) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"'
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n{value}\r\n".encode()


def post(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
    content_type = f'multipart/form-data; boundary="{BOUNDARY}"'
    return send(url, "POST", {"Content-Type": content_type, **(headers or {})}, body)


@dataclass
class PresignedPost:
    """A presigned POST that a test can change and send."""

    url: str
    fields: dict[str, str] = field(default_factory=dict)

    def without(self, name: str) -> PresignedPost:
        return PresignedPost(
            self.url, {key: value for key, value in self.fields.items() if key != name}
        )

    def with_(self, **changes: str) -> PresignedPost:
        """Return the POST with changed or added fields; `_` in a name stands for `-`."""
        more = {name.replace("_", "-"): value for name, value in changes.items()}
        return PresignedPost(self.url, {**self.fields, **more})

    def send(
        self,
        content: bytes | None = b"x",
        headers: Mapping[str, str] | None = None,
        filename: str = "a.jpg",
    ) -> Reply:
        return post(self.url, form_body(self.fields.items(), content, filename), headers)


def presign_post(
    s3: S3Client,
    bucket: str,
    key: str,
    fields: Mapping[str, str] | None = None,
    conditions: list[Any] | None = None,
    expires: int = 600,
) -> PresignedPost:
    """Return a presigned POST with a condition for every field."""
    given = dict(fields or {})
    every = [{name: value} for name, value in given.items()] + (conditions or [])
    made = s3.generate_presigned_post(
        bucket, key, Fields=given, Conditions=every, ExpiresIn=expires
    )
    return PresignedPost(made["url"], made["fields"])


def request_of(
    method: str, path: str, raw_query: str, headers: Mapping[str, str], body: bytes = b""
) -> Request:
    """Return a request for modules that are tested without a connection."""
    return Request(
        method=method,
        path=path,
        raw_query=raw_query,
        headers=Headers(list(headers.items())),
        body=RequestBody(BytesIO(body), len(body)),
        client_address="127.0.0.1",
        request_id="0123456789ABCDEF",
    )
