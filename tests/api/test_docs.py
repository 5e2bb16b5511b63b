"""GET /api/v1/docs: a page that loads nothing from other hosts."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from local.stack import LocalStack
from tests.api.clients import header

URL = "/api/v1/docs"


def test_the_page_is_html_and_cannot_be_mistaken(stack: LocalStack) -> None:
    response = stack.request("GET", URL, headers={"Accept": "text/html,*/*;q=0.8"})
    assert response.status == 200
    assert response.header("content-type") == "text/html; charset=utf-8"
    assert response.header("x-content-type-options") == "nosniff"
    assert response.text.startswith("<!doctype html>")


def test_its_policy_lets_its_own_script_and_style_run_and_nothing_else(stack: LocalStack) -> None:
    response = stack.request("GET", URL)
    policy = dict(
        part.split(" ", 1) for part in header(response, "content-security-policy").split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        [text] = re.findall(f"<{tag}>(.*?)</{tag}>", response.text, re.DOTALL)
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert "unsafe" not in header(response, "content-security-policy")


def test_it_loads_nothing_from_elsewhere_and_carries_no_handler(stack: LocalStack) -> None:
    text = stack.request("GET", URL).text
    assert re.findall(r"(?:https?:)?//[a-z]", re.sub(r"^\s*//.*$", "", text, flags=re.M)) == []
    assert re.findall(r"\s(?:src|on\w+|style)=", text) == []
    assert "innerHTML" not in text


@pytest.mark.parametrize("accept", ["application/json", "image/png", "text/html;q=0"])
def test_who_takes_no_html_is_told_so(stack: LocalStack, accept: str) -> None:
    assert stack.request("GET", URL, headers={"Accept": accept}).status == 406
