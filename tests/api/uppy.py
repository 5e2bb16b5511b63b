"""Requests that Uppy sends, and the uploads of its parts, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from local.gateway.api import Response
from tests.api.clients import Service

MIB = 1024**2
PART = 5 * MIB


@dataclass(frozen=True)
class Uploaded:
    """The response of the store to a PUT."""

    status: int
    etag: str
    text: str


@dataclass(frozen=True)
class Session:
    """An upload that was started, and the ids that Uppy sends back."""

    base: str
    upload: str
    key: str

    @property
    def file(self) -> str:
        return self.key.rpartition("/")[2]

    def target(self, more: str = "", **query: str) -> str:
        """Return the path and query of a request about the session."""
        encoded = urlencode({"key": self.key, **query})
        return f"{self.base}/multipart/{quote(self.upload)}{more}?{encoded}"


def base_of(bucket: str = "mybucket", *, grant: str | None = None) -> str:
    """Return the path of a group's Uppy endpoint, or that of a grant."""
    return f"/api/v1/uppy/grant/{grant}/s3" if grant else f"/api/v1/uppy/{bucket}/s3"


def params(service: Service, base: str, name: str, media_type: str, **metadata: str) -> Response:
    """Send GET params as Uppy does."""
    query = {
        "filename": name,
        "type": media_type,
        **{f"metadata[{key}]": value for key, value in {"name": name, **metadata}.items()},
    }
    return service.request("GET", f"{base}/params?{urlencode(query)}")


def create(
    service: Service,
    base: str | None = None,
    name: str = "notes.txt",
    media_type: str | None = "text/plain",
    **metadata: Any,
) -> Response:
    """Send POST multipart as Uppy does."""
    body = {"filename": name, "type": media_type, "metadata": {"name": name, **metadata}}
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    target = f"{base or base_of()}/multipart"
    return service.request("POST", target, headers=headers, json_body=body)


def started(service: Service, base: str | None = None, **announced: Any) -> Session:
    """Start an upload and return it."""
    response = create(service, base, **announced)
    assert response.status == 200, response.text
    document = response.json()
    return Session(base or base_of(), document["uploadId"], document["key"])


def sign(service: Service, session: Session, number: object) -> Response:
    """Ask for the URL of a part."""
    return service.request("GET", session.target(f"/{number}"))


def put(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Uploaded:
    """Send PUT to the store, as a browser does."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("PUT", f"{parts.path}?{parts.query}", body, dict(headers or {}))
        response = connection.getresponse()
        text = response.read().decode()
        return Uploaded(response.status, response.getheader("ETag") or "", text)
    finally:
        connection.close()


def send_part(service: Service, session: Session, number: int, body: bytes) -> str:
    """Sign and upload a part and return its quoted ETag."""
    signed = sign(service, session, number)
    assert signed.status == 200, signed.text
    uploaded = put(signed.json()["url"], body)
    assert uploaded.status == 200, uploaded.text
    return uploaded.etag


def listed(service: Service, session: Session) -> Response:
    """List the parts."""
    return service.request("GET", session.target())


def complete(service: Service, session: Session, etags: Sequence[str], **more: Any) -> Response:
    """Complete an upload whose parts have these ETags, in order."""
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    return service.request(
        "POST",
        session.target("/complete"),
        headers={"Content-Type": "application/json"},
        json_body={"parts": parts, **more},
    )


def abort(service: Service, session: Session) -> Response:
    """Abort an upload."""
    return service.request("DELETE", session.target())


def granted(service: Service, bucket: str = "mybucket", **limits: int) -> dict[str, Any]:
    """Create a grant and return its response."""
    response = service.request(
        "POST",
        f"/api/v1/upload-grant/{bucket}",
        headers={"Content-Type": "application/json"},
        json_body=limits,
    )
    assert response.status == 201, response.text
    return dict(response.json())
