"""Responses of handlers that fail contain an id of the error and no internals."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any, NoReturn

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.security.group_records import GroupRecords, routes
from tests.security.response_rules import check

SECRET = "arn:aws:dynamodb:ca-central-1:123456789012:table/coffer-Hidden7Table"


def _refused(code: str) -> Callable[..., NoReturn]:
    def refuse(_client: Any, operation: str, _arguments: Any) -> NoReturn:
        raise ClientError({"Error": {"Code": code, "Message": f"no {SECRET}"}}, operation)

    return refuse


def _broken(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError(f"{SECRET} is broken")


def _gone(*_: Any, **__: Any) -> NoReturn:
    raise ConnectionRefusedError(111, f"Connection refused by {SECRET}")


FAILURES: dict[str, Callable[..., NoReturn]] = {
    "a mistake": _broken,
    "no such table": _refused("ResourceNotFoundException"),
    "no right": _refused("AccessDeniedException"),
    "throttled": _refused("ProvisionedThroughputExceededException"),
    "server error": _refused("InternalServerError"),
    "no bucket": _refused("NoSuchBucket"),
    "out of memory": lambda *_: (_ for _ in ()).throw(MemoryError(SECRET)),
    "too deep": lambda *_: (_ for _ in ()).throw(RecursionError(SECRET)),
}


def test_every_route_serves_its_valid_request(group_records: GroupRecords) -> None:
    """Otherwise the tests below would only see refused requests."""
    refused = {}
    for route in routes(group_records.stack):
        if route.method == "DELETE" or route.path.startswith("/{service}"):
            continue
        sent = group_records.request(route)
        response = group_records.ask(route.method, sent)
        check(sent.target, response)
        if response.status >= 400:
            refused[route.key] = (response.status, response.text[:200])
    # The key of the export is unknown, and the second metadata of a file is a conflict.
    assert len(refused) <= 13, refused


@pytest.fixture(scope="module")
def loaded_handlers(group_records: GroupRecords) -> None:
    """Load every handler, which makes AWS calls of its own."""
    for route in routes(group_records.stack):
        method = "GET" if route.method == "DELETE" else route.method
        group_records.ask(method, group_records.request(route))


@pytest.mark.usefixtures("loaded_handlers")
@pytest.mark.parametrize("failure", FAILURES)
def test_no_failure_shows_internals(
    group_records: GroupRecords, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    monkeypatch.setattr(BaseClient, "_make_api_call", FAILURES[failure])
    monkeypatch.setattr(HTTPConnection, "request", _gone)
    statuses = set()
    for route in routes(group_records.stack):
        sent = group_records.request(route)
        response = group_records.ask(route.method, sent)
        check(sent.target, response, crashed=True)
        assert "Hidden7Table" not in response.text
        assert "123456789012" not in response.text
        statuses.add(response.status)
    assert statuses & {500, 503}
