"""Download a file as any client does: from the API, or from where it redirects to."""

from __future__ import annotations

from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.e2e.stacks import HOST


def download(port: int, bucket: str, identifier: str, token: str | None = None) -> bytes:
    """Return the bytes of a file; redirects are followed."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    path = f"/api/v1/file/{bucket}/{identifier}"
    status, location, body = _get(f"http://{HOST}:{port}{path}", headers)
    if status == 307:
        status, _, body = _get(location, {})
    assert status == 200, body
    return body


def _get(url: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}".rstrip("?"), headers=headers)
        response = connection.getresponse()
        return response.status, response.getheader("Location", ""), response.read()
    finally:
        connection.close()
