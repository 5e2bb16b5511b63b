"""GET /api/v1/docs: a page that loads nothing from other hosts, with Redoc or without it."""

from __future__ import annotations

import gzip
import importlib.util
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from pathlib import Path
from types import ModuleType

import pytest

from coffer.http.docs import page
from coffer.http.openapi.document import OPERATIONS, documented_path
from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import header
from tests.architecture.source_files import ROOT

URL = "/api/v1/docs"
LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"


def builder() -> ModuleType:
    """Return the module that builds the page with Redoc."""
    spec = importlib.util.spec_from_file_location("builder", ROOT / ".ci/build_docs_viewer.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["viewer", "plain"])
def kind(
    request: pytest.FixtureRequest,
    stack: LocalStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """The page that the stack serves: with a stand-in for Redoc, or the list of operations."""
    viewer = tmp_path / "viewer.html.gz"
    if request.param == "viewer":
        text = builder().page(f"/* <!-- <script> */ const logo = '{LOGO}';", "/*! MIT */")
        viewer.write_bytes(gzip.compress(text.encode()))
    assert stack.request("GET", URL).status == 200  # the handler is loaded now
    monkeypatch.setattr(page, "VIEWER", viewer)
    return str(request.param)


def policy(response: Response) -> dict[str, str]:
    """Return the directives of the Content-Security-Policy."""
    directives = header(response, "content-security-policy").split("; ")
    return dict(one.split(" ", 1) for one in directives)


def hashes(response: Response, tag: str) -> list[str]:
    """Return the hashes of the page's inline elements."""
    texts = re.findall(f"<{tag}>(.*?)</{tag}>", response.text, re.DOTALL)
    return [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts]


def test_the_page_is_html_of_an_explicit_type(stack: LocalStack, kind: str) -> None:
    response = stack.request("GET", URL, headers={"Accept": "text/html,*/*;q=0.8"})
    assert response.status == 200
    assert response.header("content-type") == "text/html; charset=utf-8"
    assert response.header("x-content-type-options") == "nosniff"
    assert response.text.startswith("<!doctype html>")


def test_its_policy_allows_its_own_scripts_and_styles_only(stack: LocalStack, kind: str) -> None:
    response = stack.request("GET", URL)
    directives = policy(response)
    for name in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert directives[name] == "'none'"
    assert directives["script-src"] == (" ".join(hashes(response, "script")) or "'none'")
    assert directives["style-src"].startswith(" ".join(hashes(response, "style")))
    assert "unsafe" not in header(response, "content-security-policy")
    assert "http" not in header(response, "content-security-policy")
    assert (directives.get("connect-src") == "'self'") == (kind == "viewer")


def test_it_loads_nothing_from_other_hosts(stack: LocalStack, kind: str) -> None:
    text = stack.request("GET", URL).text
    assert re.findall(r"(?:https?:)?//[a-z]", re.sub(r"^\s*//.*$", "", text, flags=re.M)) == []
    assert re.findall(r"\s(?:src|on\w+|style)=", text) == []
    assert "innerHTML" not in text


def test_it_links_the_document(stack: LocalStack, kind: str) -> None:
    assert '<a href="openapi.json">' in stack.request("GET", URL).text


@pytest.mark.parametrize("kind", ["plain"], indirect=True)
def test_the_plain_page_lists_every_operation(stack: LocalStack, kind: str) -> None:
    text = unescape(stack.request("GET", URL).text)
    listed = re.findall(r"<li><code>([^<]*)</code> ([^<]*)</li>", text)
    assert sorted(listed) == sorted(
        (f"{key.partition(' ')[0]} {documented_path(key.partition(' ')[2])}", operation.summary)
        for key, operation in OPERATIONS.items()
    )
    assert "<script" not in text


@pytest.mark.parametrize("kind", ["viewer"], indirect=True)
def test_the_viewer_is_compressed_for_clients_that_accept_it(stack: LocalStack, kind: str) -> None:
    plain = stack.request("GET", URL, headers={"Accept-Encoding": "gzip;q=0, br"})
    compressed = stack.request("GET", URL, headers={"Accept-Encoding": "br, gzip"})
    assert plain.header("content-encoding") is None
    assert compressed.header("content-encoding") == "gzip"
    assert gzip.decompress(compressed.body) == plain.body
    for response in (plain, compressed):
        assert response.header("vary") == "Accept-Encoding"
        assert response.header("cache-control") == "public, max-age=86400"
    assert policy(compressed) == policy(plain)


def test_a_script_that_would_leave_its_element_is_refused() -> None:
    build = builder().page
    with pytest.raises(ValueError, match="/script"):
        build(f"'{LOGO}' + '</SCRIPT>'", "")
    with pytest.raises(ValueError, match="once"):
        build("without a logo", "")


@pytest.mark.parametrize("accept", ["application/json", "image/png", "text/html;q=0"])
def test_a_client_without_html_gets_406(stack: LocalStack, accept: str) -> None:
    assert stack.request("GET", URL, headers={"Accept": accept}).status == 406
