"""`S3_ENDPOINT_URL=… make start`: the whole stack in its own process, on Ceph."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from local.control.client import CommandFailedError, RemoteStack
from tests.api import s3_forms
from tests.api.images import jpeg
from tests.ceph.cluster import Ceph
from tests.ceph.plugin import CEPH
from tests.local.s3.wire import Reply, send

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60
DONE_SECONDS = 60
PAGE = "http://localhost:8081"


class Started:
    """A stack in its own process."""

    def __init__(self, ceph: Ceph, folder: Path, **more: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        key, secret = ceph.keys
        self._log = folder / "stack.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "local"],
                cwd=ROOT,
                env={
                    **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
                    "TMPDIR": str(folder),
                    "PORT": str(self.port),
                    "S3_ENDPOINT_URL": ceph.url,
                    "S3_ACCESS_KEY_ID": key,
                    "S3_SECRET_ACCESS_KEY": secret,
                    **more,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not re.search(r"^ready: ", self.log, re.MULTILINE):
            assert self.process.poll() is None, f"the stack didn't start:\n{self.log}"
            assert time.monotonic() < deadline, f"the stack isn't ready:\n{self.log}"
            time.sleep(0.1)

    def request(self, method: str, path: str, document: Any = None) -> Reply:
        headers = {"Content-Type": "application/json"} if document is not None else {}
        body = json.dumps(document).encode() if document is not None else None
        return send(f"http://127.0.0.1:{self.port}{path}", method, headers, body)

    def eventually(self, path: str, **expected: Any) -> dict[str, Any]:
        """Wait until a record has these attributes, and return all its attributes."""
        deadline = time.monotonic() + DONE_SECONDS
        while time.monotonic() < deadline:
            reply = self.request("GET", path)
            if reply.status == 200:
                attributes: dict[str, Any] = json.loads(reply.body)["data"]["attributes"]
                if all(attributes[name] == value for name, value in expected.items()):
                    return attributes
            time.sleep(0.2)
        raise AssertionError(f"{path} never became {expected}:\n{self.log}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def ceph(pytestconfig: pytest.Config) -> Ceph:
    return pytestconfig.stash[CEPH]


@pytest.fixture(scope="module")
def started(ceph: Ceph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    stack = Started(ceph, tmp_path_factory.mktemp("stack"), S3_BUCKET="acme-coffer")
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        stack.stop()


def test_the_banner_names_the_differences_of_ceph(started: Started, ceph: Ceph) -> None:
    log = started.log
    assert ceph.url in log
    assert "acme-coffer acme-coffer-rawstore" in log
    assert "events     from the listing of acme-coffer" in log
    assert "COPY_CONDITIONS=false" in log
    assert "checksums" in log
    assert ceph.keys[1] not in log


def test_a_file_posted_to_ceph_is_processed_and_downloaded(started: Started, ceph: Ceph) -> None:
    body = jpeg(900, 600)
    response = started.request(
        "POST",
        "/api/v1/upload/mybucket",
        {"files": [{"originalFilename": "Foto Käfer.jpg", "receivedMediaType": "image/jpeg"}]},
    )
    [presigned] = json.loads(response.body)["files"]
    form, identifier = presigned["upload"], presigned["fileIdentifier"]
    assert form["url"] == f"{ceph.url}/acme-coffer"
    url = urlsplit(form["url"])
    assert s3_forms.post(url.netloc, url.path, form["fields"], body) == 201

    attributes = started.eventually(f"/api/v1/object-upload/{identifier}", thumbnailStatus="READY")
    assert attributes["uploadStatus"] == "AVAILABLE"
    assert attributes["sha1Hex"] == hashlib.sha1(body).hexdigest()
    assert attributes["sizeInBytes"] == len(body)
    assert started.request("GET", f"/api/v1/file/mybucket/{identifier}").body == body
    thumbnail = started.request("GET", f"/api/v1/file/mybucket/{identifier}/thumbnail")
    with Image.open(io.BytesIO(thumbnail.body)) as small:
        assert (small.format, small.size) == ("JPEG", (200, 133))


def test_a_large_file_is_downloaded_from_ceph(started: Started, ceph: Ceph) -> None:
    body = bytes(range(256)) * (24 * 1024)  # 6 MiB
    response = started.request(
        "POST",
        "/api/v1/upload/mybucket",
        {"files": [{"originalFilename": "a.bin", "sizeInBytes": len(body)}]},
    )
    [presigned] = json.loads(response.body)["files"]
    url = urlsplit(presigned["upload"]["url"])
    assert s3_forms.post(url.netloc, url.path, presigned["upload"]["fields"], body) == 201
    identifier = presigned["fileIdentifier"]
    started.eventually(f"/api/v1/object-upload/{identifier}", uploadStatus="AVAILABLE")
    response = started.request("GET", f"/api/v1/file/mybucket/{identifier}")
    assert response.status == 307
    assert response.headers["location"].startswith(f"{ceph.url}/acme-coffer/objects/")
    assert send(response.headers["location"]).body == body


def test_a_web_page_can_post_to_the_bucket(started: Started, ceph: Ceph) -> None:
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    reply = send(f"{ceph.url}/acme-coffer", "OPTIONS", asked)
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == PAGE


def test_the_clock_cannot_be_moved(started: Started) -> None:
    with pytest.raises(CommandFailedError, match="clock"):
        RemoteStack(started.port).call("clock", advance_seconds=3600)
    assert RemoteStack(started.port).call("clock")["now"]


def test_uploads_during_a_restart_are_processed_later(
    started: Started, ceph: Ceph, tmp_path: Path
) -> None:
    """Forms stay valid after a restart, and existing buckets are used again."""
    response = started.request(
        "POST", "/api/v1/upload/mybucket", {"files": [{"originalFilename": "later.jpg"}]}
    )
    [presigned] = json.loads(response.body)["files"]
    started.stop()
    body = jpeg(30, 20)
    url = urlsplit(presigned["upload"]["url"])
    assert s3_forms.post(url.netloc, url.path, presigned["upload"]["fields"], body) == 201
    following = Started(ceph, tmp_path, S3_BUCKET="acme-coffer")
    try:
        following.wait_until_ready()
        assert "acme-coffer: existed" in following.log
        identifier = presigned["fileIdentifier"]
        attributes = following.eventually(f"/api/v1/object-upload/{identifier}")
        assert attributes["sha1Hex"] == hashlib.sha1(body).hexdigest()
    finally:
        following.stop()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"S3_SECRET_ACCESS_KEY": "wrong"}, "SignatureDoesNotMatch"),
        ({"S3_ACCESS_KEY_ID": "nobody"}, "InvalidAccessKeyId"),
        ({"S3_ENDPOINT_URL": "http://127.0.0.1:1"}, "No S3 responds at http://127.0.0.1:1"),
    ],
)
def test_an_unusable_store_is_reported(
    ceph: Ceph, tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    stack = Started(ceph, tmp_path, **changes)
    assert stack.process.wait(READY_SECONDS) == 1
    assert message in stack.log
    assert "Traceback" not in stack.log
    assert "ready" not in stack.log
