"""wget and curl as the documentation uses them, over sockets and with a token."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.gateway.http_server import ApiServer
from local.stack import LocalStack
from tests.api.clients import post, presigned_post

SIX_MIB = bytes(range(256)) * (24 * 1024)
TOKEN = "Authorization: Bearer e30.e30.e30"


@pytest.fixture
def api_url(stack: LocalStack) -> Iterator[str]:
    """Return the URL of the stack's API."""
    server = ApiServer("127.0.0.1", 0)
    server.serve(lambda request: stack.handle(request).response, lambda _connection: False)
    yield f"http://127.0.0.1:{server.server_port}"
    server.close()


@pytest.fixture
def url(stack: LocalStack, api_url: str) -> str:
    """Return the URL of a file that is redirected to the store."""
    offered = presigned_post(stack, name="measurements.bin")
    assert post(offered, SIX_MIB) == 201
    stack.settle(retries=True)
    return f"{api_url}/api/v1/file/mybucket/{offered['fileIdentifier']}"


def run(folder: Path, tool: str, *arguments: str) -> tuple[int, str]:
    """Run a tool in a folder; return its exit status and its output."""
    program = shutil.which(tool)
    if program is None:
        pytest.skip(f"{tool} is not installed here (Debian has it)")
    done = subprocess.run(  # noqa: S603 - one of the two tools
        [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def link_to(folder: Path, url: str) -> str:
    status, link = run(folder, "curl", "-sf", "-H", TOKEN, f"{url}?redirect=false")
    assert status == 0
    return link.split('"url":"')[1].split('"')[0]


def test_curl_follows_the_redirect_and_resumes(url: str, tmp_path: Path) -> None:
    """It does not send the token to another host."""
    arguments = ("-sfL", "-H", TOKEN, "-o", "file", url)
    assert run(tmp_path, "curl", *arguments)[0] == 0
    assert (tmp_path / "file").read_bytes() == SIX_MIB
    (tmp_path / "file").write_bytes(SIX_MIB[:1_000_000])
    assert run(tmp_path, "curl", "-C", "-", *arguments)[0] == 0
    assert (tmp_path / "file").read_bytes() == SIX_MIB


def test_wget_gets_the_link_and_resumes(url: str, tmp_path: Path) -> None:
    """It would send the token to the store, too, which refuses a second signature."""
    assert run(tmp_path, "wget", "-q", "--header", TOKEN, url)[0] == 8
    arguments = ("-q", "-O", "file", link_to(tmp_path, url))
    assert run(tmp_path, "wget", *arguments)[0] == 0
    assert (tmp_path / "file").read_bytes() == SIX_MIB
    (tmp_path / "file").write_bytes(SIX_MIB[:1_000_000])
    assert run(tmp_path, "wget", "-c", *arguments)[0] == 0
    assert (tmp_path / "file").read_bytes() == SIX_MIB


def test_wget_takes_the_name_from_the_link(url: str, tmp_path: Path) -> None:
    link = link_to(tmp_path, url)
    assert run(tmp_path, "wget", "-q", "--content-disposition", link)[0] == 0
    assert (tmp_path / "measurements.bin").read_bytes() == SIX_MIB
