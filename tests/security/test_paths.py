"""Path traversal in every variable of every route and in file names."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from local.patching import Patches
from tests.security.group_records import API, GroupRecords, form, routes
from tests.security.response_rules import check

HOSTILE = (
    "..", ".", "%2e%2e", "..%2F..%2Fetc%2Fpasswd", "..%5C..%5Cwindows", "%2Fetc%2Fpasswd",
    "%252e%252e%252f", "%c0%ae%c0%ae%2f", "....%2F%2F", "..%00.png", "%00", "a%0D%0ASet-Cookie:a=b",
    "file:%2F%2F%2Fetc%2Fpasswd", "C:%5C", "%E2%80%AE", "%EF%BC%8F..", "%ff%fe", "~", "*", "%7B%7D",
    "x" * 4000, "$%7Bjndi:ldap%3A%2F%2Fa%7D", "'%20OR%20''='", "%3Cscript%3E", "%F0%9F%98%80",
)  # fmt: skip


@pytest.fixture
def visited() -> Iterator[list[str]]:
    """Return the decoded paths of all requests to the store and the tables."""
    paths: list[str] = []
    original: Any = vars(HTTPConnection)["putrequest"]

    def putrequest(connection: HTTPConnection, method: str, url: str, *args: Any, **kw: Any) -> Any:
        paths.append(unquote(urlsplit(url).path))
        return original(connection, method, url, *args, **kw)

    with Patches() as patches:
        patches.replace(HTTPConnection, "putrequest", putrequest)
        yield paths


@pytest.mark.parametrize("value", HOSTILE)
def test_no_path_variable_leads_outside_its_prefix(
    group_records: GroupRecords, visited: list[str], value: str
) -> None:
    before = group_records.stack.keys("ObjectBucket"), group_records.stack.keys("RawstoreBucket")
    visited.clear()
    asked = 0
    for route in routes(group_records.stack):
        for name in group_records.variables(route):
            sent = group_records.request(route, {name: value})
            response = group_records.ask(route.method, sent)
            check(sent.target, response)
            assert 400 <= response.status < 500, f"{route.key} {value}: {response.text[:300]}"
            asked += 1
    assert asked > 30
    assert not [path for path in visited if not _stays(path)]
    assert (
        group_records.stack.keys("ObjectBucket"),
        group_records.stack.keys("RawstoreBucket"),
    ) == before


def _stays(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    return ".." not in parts and not any(ord(char) < 32 for char in path)


NAMES = (
    "../../../etc/passwd.png", "..\\..\\boot.ini.png", "/etc/shadow.png", "C:\\a.png", "a\x00b.png",
    "..", ".", "%2e%2e%2fa.png", "\u202egnp.exe.png", "\uff0f\uff0e\uff0e\uff0fa.png", "-rf.png",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_file_name_becomes_part_of_an_object_key(
    group_records: GroupRecords, visited: list[str], name: str
) -> None:
    response = group_records.ask("POST", form(f"{API}/file/aafc", name))
    check(f"{API}/file/aafc", response)
    assert response.status == 200 or 400 <= response.status < 500
    assert not [path for path in visited if not _stays(path)]
    if response.status == 200:
        kept = response.json()["originalFilename"]
        assert not set(kept) & set("/\\\x00\u202e")
    for key in group_records.stack.keys("ObjectBucket", "objects/"):
        prefix, bucket, file = key.split("/")
        assert (prefix, bucket) == ("objects", "aafc")
        assert file.replace("-", "").replace(".", "").isalnum()
