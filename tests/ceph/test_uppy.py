"""The protocol of Uppy on Ceph: sessions, signed lengths, parts, completion and refusals."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coffer.domain.clock import from_text, to_text
from local.stack import LocalStack
from tests.api import test_uppy as job
from tests.api import test_uppy_bad_input as bad_input
from tests.api.test_uppy_bad_input import alice, people
from tests.ceph.reused_tests import mark_unsupported, reuse

__all__ = ["alice", "people"]

globals().update(reuse(job) | reuse(bad_input))
BEYOND_CEPH = {
    "test_a_wrong_checksum_is_refused_and_the_right_one_accepted": "Ceph 16 computes no checksums",
    "test_a_form_takes_only_the_announced_file": "Ceph 16 verifies no checksum of a form",
}


@pytest.fixture(autouse=True)
def _as_far_as_ceph_can(request: pytest.FixtureRequest) -> None:
    mark_unsupported(request, BEYOND_CEPH)


@pytest.fixture(autouse=True)
def _records_get_older(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sessions and grants get older where a test moves the clock.

    Ceph's clock cannot be moved, and it refuses requests that are signed in the future.
    """
    table, dynamodb = stack.name("UploadSessionsTable"), stack.client("dynamodb")

    def make_older(by: timedelta) -> None:
        for item in stack.items("UploadSessionsTable"):
            changed = {"expiresAt": {"N": str(int(item["expiresAt"]) - int(by.total_seconds()))}}
            if "dueOn" in item:
                changed["dueOn"] = {"S": to_text(from_text(item["dueOn"]) - by)}
            dynamodb.update_item(
                TableName=table,
                Key={"id": {"S": item["id"]}},
                AttributeUpdates={name: {"Value": value} for name, value in changed.items()},
            )

    monkeypatch.setattr(stack.clock, "advance", make_older)
