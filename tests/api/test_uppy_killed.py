"""Handlers of Uppy's routes killed between any two calls of the table and the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from botocore.client import BaseClient

from coffer.adapters.s3.multipart_store import S3MultipartStore
from local.functions.in_process import KilledError
from local.stack import LocalStack
from tests.api.clients import let_time_pass, record
from tests.api.uppy import abort, complete, listed, send_part, started

BODY = b"the only part"


class Kills:
    """Kills a handler once, before a call: of DynamoDB through botocore, of S3 signed by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.happened = False
        self._left: int | None = None
        for owner, name in ((BaseClient, "_make_api_call"), (S3MultipartStore, "_request")):
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, original: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            if self._left == 0:
                self._left, self.happened = None, True
                raise KilledError
            if self._left is not None:
                self._left -= 1
            return original(*arguments, **named)

        return call

    @contextmanager
    def before(self, number: int) -> Iterator[None]:
        """Kill the handler that makes call `number` of this block, counted from 0."""
        self._left, self.happened = number, False
        yield
        self._left = None


@pytest.fixture
def kills(monkeypatch: pytest.MonkeyPatch) -> Kills:
    return Kills(monkeypatch)


@pytest.mark.parametrize("is_listed_first", [False, True])
def test_a_completion_killed_at_any_call_is_repeated(
    stack: LocalStack, kills: Kills, is_listed_first: bool
) -> None:
    for fatal in range(20):
        session = started(stack)
        etags = [send_part(stack, session, 1, BODY)]
        with kills.before(fatal):
            response = complete(stack, session, etags)
        assert (response.status >= 500) is kills.happened
        if is_listed_first:
            assert [part["ETag"] for part in listed(stack, session).json()] == etags
        assert complete(stack, session, etags).status == 200
        stack.settle(retries=True)
        assert record(stack, session.file)["uploadStatus"] == "AVAILABLE"
        assert len(stack.keys("ObjectBucket", "objects/")) == fatal + 1
        if not kills.happened:
            assert stack.faults.chaos or fatal >= 5
            return
    pytest.fail("the request never got to its end")


def test_an_abort_killed_at_any_call_leaves_no_parts(stack: LocalStack, kills: Kills) -> None:
    for fatal in range(20):
        session = started(stack)
        send_part(stack, session, 1, BODY)
        with kills.before(fatal):
            response = abort(stack, session)
        assert (response.status >= 500) is kills.happened
        assert abort(stack, session).json() == {}
        assert listed(stack, session).status == 404
        stack.clock.advance(timedelta(hours=1, minutes=1))
        let_time_pass(stack)
        uploads = stack.client("s3").list_multipart_uploads(Bucket=stack.name("ObjectBucket"))
        assert uploads.get("Uploads", []) == []
        assert [item for item in stack.items("UploadSessionsTable") if "due" in item] == []
        if not kills.happened:
            assert stack.faults.chaos or fatal >= 3
            return
    pytest.fail("the request never got to its end")


def test_an_abort_after_a_killed_completion_keeps_the_file_if_there_is_one(
    stack: LocalStack, kills: Kills
) -> None:
    for fatal in range(20):
        session = started(stack)
        etags = [send_part(stack, session, 1, BODY)]
        with kills.before(fatal):
            complete(stack, session, etags)
        has_file = bool(stack.keys("ObjectBucket", "incoming/"))
        assert abort(stack, session).json() == {}
        stack.settle(retries=True)
        found = stack.request("GET", f"/api/v1/object-upload/{session.file}")
        if has_file:
            assert found.json()["data"]["attributes"]["uploadStatus"] == "AVAILABLE"
        else:
            assert f"objects/mybucket/{session.file}" not in str(stack.keys("ObjectBucket", ""))
        if not kills.happened:
            assert has_file
            return
    pytest.fail("the request never got to its end")
