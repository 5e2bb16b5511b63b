"""The code that docs/dina-ui.md adds to dina-ui uploads files that cannot pass API Gateway."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from tests.api.clients import multipart
from tests.e2e.stacks import ROOT, Stack
from tests.jsonapi.clients import run_script, url_of

PAGE = (ROOT / "docs/dina-ui.md").read_text(encoding="utf-8")
SIX_MB = 6_000_000


@pytest.fixture
def code(tmp_path: Path) -> str:
    """Return the path of a module with the code of the page."""
    [block] = re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)
    module = tmp_path / "uploadLargeFile.mjs"
    module.write_text(block, encoding="utf-8")
    return str(module)


class Uploader:
    """Uploads files as dina-ui would."""

    def __init__(self, stack: Stack, node: str, code: str, folder: Path) -> None:
        self._stack, self._node, self._code, self._folder = stack, node, code, folder
        self.bucket = f"dina-{uuid4().hex[:8]}"

    def upload(self, body: bytes, **given: Any) -> dict[str, Any]:
        path = self._folder / "file"
        path.write_bytes(body)
        sent = {
            "url": url_of(self._stack),
            "bucket": self.bucket,
            "code": self._code,
            "path": str(path),
            "name": "field recording.txt",
            "mediaType": "text/plain",
            "isDerivative": False,
            **given,
        }
        return dict(run_script(self._node, "upload_large_file.js", sent))


@pytest.fixture
def uploader(stack: Stack, node: str, code: str, tmp_path: Path) -> Uploader:
    return Uploader(stack, node, code, tmp_path)


def test_the_function_of_the_page_uploads_a_file_of_6_mb(uploader: Uploader, stack: Stack) -> None:
    body = b"A quiet forest.\n" * (SIX_MB // 16)
    headers, form = multipart(body)
    address = f"{url_of(stack)}/api/v1/file/{uploader.bucket}"
    with pytest.raises(HTTPError, match="413"):
        urlopen(Request(address, form, headers), timeout=30)  # noqa: S310 - the stack's address

    returned = uploader.upload(body)["returned"]

    # What dina-ui's pages read of `uploadFiles`.
    assert returned["type"] == "object-upload"
    assert returned["id"] in {key.rpartition("/")[2][:36] for key in stack.objects("objects/")}
    assert returned["originalFilename"] == "field recording.txt"
    assert returned["sizeInBytes"] == len(body) == SIX_MB
    assert returned["sha1Hex"] == hashlib.sha1(body).hexdigest()
    assert (returned["evaluatedMediaType"], returned["dcType"]) == ("text/plain", "TEXT")
    assert (returned["bucket"], returned["isDerivative"]) == (uploader.bucket, False)

    again = uploader.upload(body, isDerivative=True)["returned"]
    assert again["isDerivative"] is True
    assert again["meta"]["warnings"] == {
        "duplicate_found": "A file with the same content already exists"
    }


def test_the_function_of_the_page_throws_the_reason_of_a_rejection(uploader: Uploader) -> None:
    program = b"\x7fELF\x02\x01\x01" + bytes(SIX_MB)

    thrown = uploader.upload(program, name="leaf.jpg", mediaType="image/jpeg")["thrown"]

    assert re.search(r"Media type application/x-\w+ is invalid", thrown), thrown


def test_the_function_of_the_page_throws_what_the_api_refuses(uploader: Uploader) -> None:
    assert "400" in uploader.upload(bytes(SIX_MB), bucket="my bucket")["thrown"]


def test_the_page_has_the_limit_and_the_loop_of_dina_ui(uploader: Uploader) -> None:
    assert "MAX_DIRECT_UPLOAD_BYTES = 4 * 1024 * 1024" in PAGE
    [added] = re.findall(r"```diff\n(.*?)```", PAGE, re.DOTALL)
    lines = [line[1:].strip() for line in added.splitlines() if line.startswith("+")]
    assert len(lines) == 4
    assert "uploadLargeFile(apiClient.axios, file, group, isDerivative)" in lines[1]
