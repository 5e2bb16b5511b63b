"""Interrupted and repeated uploads on Ceph give one record and leave no objects."""

from __future__ import annotations

from typing import Any

import pytest

from local.stack import LocalStack
from tests.api import test_uploads_killed as faults
from tests.api.clients import let_time_pass, post
from tests.ceph.reused_tests import reuse

globals().update(reuse(faults))


@pytest.fixture(autouse=True)
def _as_on_ceph(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the real clock, as Ceph does, and deliver events from listings."""

    def pass_time(stack: LocalStack) -> None:
        let_time_pass(stack)
        # Ceph refuses requests that are signed in the future.
        stack.clock.reset()

    def post_and_list(presigned: dict[str, Any], body: bytes) -> int:
        status = post(presigned, body)
        for poller in stack.bucket_pollers:
            poller.run_once()
        return status

    monkeypatch.setattr(faults, "let_time_pass", pass_time)
    monkeypatch.setattr(faults, "post", post_and_list)
