"""Killed, repeated and replaced on Ceph: one record, its own bytes, and nothing left over."""

from __future__ import annotations

from typing import Any

import pytest

from local.stack import LocalStack
from tests.api import test_uploads_killed as faults
from tests.api.clients import post
from tests.ceph.borrowed import borrow

globals().update(borrow(faults))

let_time_pass = faults._let_time_pass


@pytest.fixture(autouse=True)
def _as_on_ceph(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ceph's clock stands where the machine's does, and its events come from listing."""

    def pass_time(stack: LocalStack) -> None:
        let_time_pass(stack)
        # What is signed in an hour, Ceph refuses now.
        stack.clock.reset()

    def post_and_list(offered: dict[str, Any], body: bytes) -> int:
        status = post(offered, body)
        for poller in stack.bucket_pollers:
            poller.run_once()
        return status

    monkeypatch.setattr(faults, "_let_time_pass", pass_time)
    monkeypatch.setattr(faults, "post", post_and_list)
