"""The rawstore on Ceph: its signatures, existing files, and private files."""

from __future__ import annotations

import pytest

from local.stack import LocalStack
from tests.ceph.reused_tests import mark_unsupported, reuse
from tests.rawstore import (
    test_authorize,
    test_info,
    test_pinned_cases,
    test_presign,
    test_shared_keys,
    test_usage_and_quotas,
)
from tests.rawstore.conftest import log, unasked
from tests.rawstore.requests import post
from tests.rawstore.test_authorize import BODY, one
from tests.rawstore.test_presign import trap
from tests.rawstore.test_shared_keys import closed, shared

__all__ = ["closed", "log", "shared", "trap", "unasked"]

for suite in (
    test_authorize,
    test_info,
    test_pinned_cases,
    test_presign,
    test_usage_and_quotas,
    test_shared_keys,
):
    globals().update(reuse(suite))

LISTED = "events come from listings, which miss objects that are created and deleted between two"
NO_CLOCK = "Ceph's clock cannot be moved; the tampered requests include expired ones"
BEYOND_CEPH = {
    "test_bytes_that_do_not_match_the_description_are_refused": "Ceph 16 verifies no MD5 of a form",
    "test_a_form_is_valid_for_an_hour": NO_CLOCK,
    "test_a_private_file_gets_a_link_that_is_valid_for_a_day": NO_CLOCK,
    "test_a_late_event_changes_nothing": LISTED,
    "test_a_deletion_that_arrives_after_an_older_creation_counts": LISTED,
    "test_the_shorter_of_two_sequencers_is_padded_on_the_right": LISTED,
    "test_the_tombstone_of_a_deleted_file_expires_after_all_its_events": LISTED,
    "test_an_event_between_any_two_calls_does_no_harm": LISTED,
    "test_a_function_killed_at_any_call_gives_the_same_totals": LISTED,
}


@pytest.fixture(autouse=True)
def _as_far_as_ceph_can(request: pytest.FixtureRequest) -> None:
    mark_unsupported(request, BEYOND_CEPH)


def test_bytes_with_another_md5_do_not_exist_although_ceph_stores_them(
    stack: LocalStack,
) -> None:
    assert post(one(stack), BODY[::-1]) == 204
    assert one(stack)["exists"] is False
    assert post(one(stack), BODY) == 204
    assert one(stack)["exists"] is True
