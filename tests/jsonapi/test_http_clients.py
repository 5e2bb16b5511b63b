"""HTTP clients upload a file with their own forms, and download it, also through a redirect."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import aiohttp
import pytest
import requests
import urllib3

from tests.api.images import png
from tests.e2e.stacks import Stack
from tests.jsonapi.clients import url_of

BUCKET = "http"
NAME = "Blåklint 花 (1).png"
BODY = png()
Uploader = Callable[[str, Path], Any]
Downloader = Callable[[str, Path], bytes]


def _run(*command: str) -> bytes:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)  # noqa: S603 - curl
    assert done.returncode == 0, done.stderr
    return done.stdout


def _curl(url: str, file: Path) -> Any:
    return json.loads(_run("curl", "-sS", url, "-F", f"file=@{file};type=image/png"))


def _requests(url: str, file: Path) -> Any:
    with file.open("rb") as content:
        return requests.post(url, files={"file": (NAME, content, "image/png")}, timeout=30).json()


def _urllib3(url: str, file: Path) -> Any:
    fields = {"file": (NAME, file.read_bytes(), "image/png")}
    return urllib3.request("POST", url, fields=fields).json()


def _aiohttp(url: str, file: Path) -> Any:
    async def send() -> Any:
        form = aiohttp.FormData()
        form.add_field("file", file.read_bytes(), filename=NAME, content_type="image/png")
        async with aiohttp.ClientSession() as session, session.post(url, data=form) as response:
            return await response.json()

    return asyncio.run(send())


def _dotnet(url: str, file: Path) -> Any:
    """Send a form as .NET's MultipartFormDataContent writes it."""
    encoded = "Bl%C3%A5klint%20%E8%8A%B1%20%281%29.png"
    head = (
        "--5f1c\r\nContent-Type: image/png\r\nContent-Disposition: form-data; name=file; "
        f"filename=\"=?utf-8?B?QmzDpWtsaW50IOiKsSAoMSkucG5n?=\"; filename*=utf-8''{encoded}\r\n\r\n"
    )
    body = head.encode() + file.read_bytes() + b"\r\n--5f1c--\r\n"
    headers = {"Content-Type": 'multipart/form-data; boundary="5f1c"'}
    with urlopen(Request(url, body, headers), timeout=30) as response:  # noqa: S310 - the stack
        return json.load(response)


def _fetch(url: str, file: Path) -> Any:
    script = (
        "const fs = require('fs'); const [url, path, name] = process.argv.slice(1);"
        "const form = new FormData();"
        "form.append('file', new File([fs.readFileSync(path)], name, {type: 'image/png'}));"
        "fetch(url, {method: 'POST', body: form}).then(r => r.text()).then(console.log)"
    )
    return json.loads(_run("node", "-e", script, url, str(file), NAME))


def _get_curl(url: str, _folder: Path) -> bytes:
    return _run("curl", "-sSL", url)


def _get_wget(url: str, folder: Path) -> bytes:
    _run("wget", "-q", "--content-disposition", "-P", str(folder), url)
    [file] = folder.iterdir()
    assert file.suffix == ".png"
    return file.read_bytes()


def _get_requests(url: str, _folder: Path) -> bytes:
    return requests.get(url, timeout=30).content


def _get_urllib3(url: str, _folder: Path) -> bytes:
    return bytes(urllib3.request("GET", url).data)


def _get_aiohttp(url: str, _folder: Path) -> bytes:
    async def send() -> bytes:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.read()

    return asyncio.run(send())


def _get_fetch(url: str, _folder: Path) -> bytes:
    script = (
        "fetch(process.argv[1]).then(r => r.arrayBuffer())"
        ".then(b => process.stdout.write(Buffer.from(b)))"
    )
    return _run("node", "-e", script, url)


@pytest.mark.parametrize("upload", [_curl, _requests, _urllib3, _aiohttp, _dotnet, _fetch])
def test_a_form_of_a_client_is_understood(stack: Stack, tmp_path: Path, upload: Uploader) -> None:
    file = tmp_path / NAME
    file.write_bytes(BODY)

    stored = upload(f"{url_of(stack)}/api/v1/file/{BUCKET}", file)

    assert stored["originalFilename"] == NAME
    assert (stored["receivedMediaType"], stored["sizeInBytes"]) == ("image/png", len(BODY))


@pytest.mark.parametrize("query", ["", "?redirect=true"])
@pytest.mark.parametrize(
    "download",
    [_get_curl, _get_wget, _get_requests, _get_urllib3, _get_aiohttp, _get_fetch],
)
def test_a_client_downloads_a_file(
    stack: Stack, tmp_path: Path, download: Downloader, query: str
) -> None:
    file = tmp_path / NAME
    file.write_bytes(BODY)
    identifier = _requests(f"{url_of(stack)}/api/v1/file/{BUCKET}", file)["fileIdentifier"]
    folder = tmp_path / "downloads"
    folder.mkdir()

    url = f"{url_of(stack)}/api/v1/file/{BUCKET}/{identifier}{query}"

    assert download(url, folder) == BODY
