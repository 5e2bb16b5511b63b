"""A user of the stack, and the requests of that user to the API."""

from __future__ import annotations

import hashlib
import json
import time
from functools import cached_property
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.e2e.stacks import Stack

BUCKET = "aafc"
WAIT_SECONDS = 60


class Owner:
    """A user with a token. `groups` are arguments of `python -m local token`."""

    def __init__(self, stack: Stack, name: str, *groups: str) -> None:
        self.stack, self.name, self._groups = stack, name, groups

    @cached_property
    def token(self) -> str:
        """A bearer token."""
        return self.stack.token("--user", self.name, *self._groups)

    @property
    def endpoint(self) -> str:
        """The companion's address for callers with a token."""
        return f"http://localhost:{self.stack.port}/api/v1/uppy/{BUCKET}"

    def grant(self, **limits: Any) -> dict[str, Any]:
        """Request a grant."""
        status, body = self.request("POST", f"/api/v1/upload-grant/{BUCKET}", limits)
        assert status == 201, body
        found: dict[str, Any] = json.loads(body)
        return found

    def grant_endpoint(self) -> str:
        """Return the companion's address with a new grant."""
        return str(self.grant()["links"]["uppy"])

    def record(self, identifier: str) -> dict[str, Any]:
        """Return the attributes of an upload, when it has been processed."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            status, body = self.request("GET", f"/api/v1/object-upload/{identifier}")
            if status == 200:
                found: dict[str, Any] = json.loads(body)["data"]["attributes"]
                if found["uploadStatus"] in ("AVAILABLE", "REJECTED"):
                    return found
            assert time.monotonic() < deadline, (status, body)
            time.sleep(0.1)

    def records(self, pattern: str, count: int) -> dict[str, dict[str, Any]]:
        """Return the attributes of uploads by name, when this many names match the pattern."""
        query = urlencode({"filter[originalFilename][LIKE]": pattern, "page[limit]": 1000})
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            status, body = self.request("GET", f"/api/v1/object-upload?{query}")
            assert status == 200, body
            found = json.loads(body)["data"]
            if len(found) == count:
                return {
                    one["attributes"]["originalFilename"]: {
                        **one["attributes"],
                        "fileIdentifier": one["id"],
                    }
                    for one in found
                }
            assert time.monotonic() < deadline, f"{len(found)} of {count} files"
            time.sleep(0.2)

    def status(self, identifier: str) -> str | None:
        """Return the upload's status now, or None if it has no record."""
        status, body = self.request("GET", f"/api/v1/object-upload/{identifier}")
        if status == 404:
            return None
        assert status == 200, body
        return str(json.loads(body)["data"]["attributes"]["uploadStatus"])

    def sha256(self, identifier: str) -> str:
        """Download a file, and return the SHA-256 of its bytes."""
        url = f"/api/v1/file/{BUCKET}/{identifier}?redirect=false"
        status, body = self.request("GET", url)
        assert status == 200, body
        parts = urlsplit(json.loads(body)["url"])
        connection = HTTPConnection(parts.netloc, timeout=30)
        try:
            connection.request("GET", f"{parts.path}?{parts.query}")
            response, digest = connection.getresponse(), hashlib.sha256()
            assert response.status == 200
            while piece := response.read(1 << 20):
                digest.update(piece)
            return digest.hexdigest()
        finally:
            connection.close()

    def request(self, method: str, path: str, document: Any = None) -> tuple[int, bytes]:
        """Send a request to the API, and return status and body."""
        connection = HTTPConnection("localhost", self.stack.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = None if document is None else json.dumps(document)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def wait_until_aborted(self, identifier: str) -> None:
        """Wait until the store has no unfinished upload of this file."""
        deadline = time.monotonic() + WAIT_SECONDS
        while self.stored_parts(identifier) is not None:
            assert time.monotonic() < deadline, f"{identifier} is not aborted"
            time.sleep(0.1)

    def stored_parts(self, identifier: str) -> set[int] | None:
        """Return the numbers of the parts in the store, or None if the upload is not unfinished."""
        store, bucket = self.stack.store, self.stack.bucket
        for upload in store.list_multipart_uploads(Bucket=bucket).get("Uploads", ()):
            if identifier in upload["Key"]:
                named = {"Key": upload["Key"], "UploadId": upload["UploadId"]}
                try:
                    parts = store.list_parts(Bucket=bucket, **named).get("Parts", ())
                except store.exceptions.NoSuchUpload:
                    return None  # it has been aborted since it was listed
                return {int(part["PartNumber"]) for part in parts}
        return None
