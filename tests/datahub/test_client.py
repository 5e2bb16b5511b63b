"""The unmodified datahub-client of npm pushes datasets through the rawstore API.

Afterwards DataHub's source service (here a stand-in) fetches every file from the addresses that the
client passes on.
"""

from __future__ import annotations

import json

import pytest

from tests.datahub.pushing import DESCRIPTOR, NAMES, Pusher

ALL = {*NAMES, DESCRIPTOR}


def assert_processed(pusher: Pusher, findability: str) -> None:
    """Assert that the source service got every file from an address of the right kind."""
    platform = pusher.platform
    source = platform.sources[-1]
    assert source["meta"]["findability"] == findability
    assert set(platform.fetched) == ALL
    assert {name: platform.fetched[name] for name in NAMES} == pusher.files
    assert json.loads(platform.fetched[DESCRIPTOR])["name"] == "birds"
    signed = {"X-Amz-Signature=" in link for link in platform.links.values()}
    assert signed == {findability == "private"}


@pytest.mark.parametrize("findability", ["published", "private"])
def test_a_second_push_uploads_changed_files_only(pusher: Pusher, findability: str) -> None:
    first = pusher.push(findability)
    assert (first.error, first.uploaded) == (None, ALL)
    assert first.response["success"] is True
    assert_processed(pusher, findability)
    is_public = findability != "private"
    stored = pusher.stored()
    assert {body for body, _ in stored.values()} >= set(pusher.files.values())
    assert {public for _, public in stored.values()} == {is_public}
    size = sum(len(body) for body, _ in stored.values())
    expected = (size, 0) if is_public else (0, size)
    assert pusher.used(expected) == expected

    again = pusher.push(findability)
    assert (again.error, again.uploaded) == (None, set())
    assert_processed(pusher, findability)
    assert pusher.stored() == stored

    # Of the same length: the client writes sizes into the descriptor, which would change too.
    pusher.write(NAMES[3], pusher.files[NAMES[3]].swapcase())
    changed = pusher.push(findability)
    assert (changed.error, changed.uploaded) == (None, {NAMES[3]})
    assert_processed(pusher, findability)


def test_a_public_dataset_that_becomes_private_is_uploaded_again(pusher: Pusher) -> None:
    """The reference left the objects public with a content-addressed pattern."""
    pusher.push("published")

    private = pusher.push("private")

    assert (private.error, private.uploaded) == (None, ALL)
    assert {public for _, public in pusher.stored().values()} == {False}
    assert_processed(pusher, "private")
    size = sum(len(body) for body, _ in pusher.stored().values())
    assert pusher.used((0, size)) == (0, size)


def test_the_client_shows_why_a_push_was_refused(pusher: Pusher) -> None:
    pusher.platform.permissions = {"max_public_storage_mb": 0.0001}
    refused = pusher.push()
    assert refused.error is not None
    assert refused.error.startswith("Max storage for user exceeded plan limit (0.0001MB)")
    assert (refused.uploaded, pusher.stored()) == (set(), {})

    pusher.platform.permissions = {"max_dataset_num": 1}
    assert "permission datapackage-upload" in str(pusher.push().error)


def test_the_client_shows_that_the_user_is_not_logged_in(pusher: Pusher) -> None:
    """Without a login the auth server issues no token, and the client sends "undefined"."""
    assert "token" in str(pusher.push(token="nobody's").error)
    assert pusher.stored() == {}


def test_a_flow_is_pushed_with_the_source_services_token(pusher: Pusher) -> None:
    """`pushFlow` requests its link with the token for another service."""
    flow = {
        "meta": {"findability": "private", "dataset": "birds", "ownerid": pusher.platform.user},
        "inputs": [{"kind": "datapackage", "url": "", "parameters": {"resource-mapping": {}}}],
    }
    (pusher.folder / "flow.yaml").write_text(json.dumps(flow), encoding="utf-8")

    pushed = pusher.push(flow=True)

    assert pushed.error is None
    assert pushed.response["success"] is True
    assert json.loads(pusher.platform.fetched[DESCRIPTOR]) == pusher.descriptor
    assert "X-Amz-Signature=" in pusher.platform.links[DESCRIPTOR]


def test_the_client_sends_no_request_that_the_stand_in_lacks(pusher: Pusher) -> None:
    pushed = pusher.push("private")

    assert pushed.error is None
    assert set(pusher.platform.asked) == {
        "GET /auth/authorize",
        "POST /rawstore/authorize",
        "GET /rawstore/presign",
        "POST /source/upload",
    }


@pytest.mark.parametrize("findability", ["published", "private"])
def test_another_user_can_push_and_fetch_the_same_bytes(
    pusher: Pusher, other_pusher: Pusher, findability: str
) -> None:
    """With a content-addressed pattern both share one object, which belongs to the first."""
    for name, body in pusher.files.items():
        other_pusher.write(name, body)
    assert pusher.push(findability).error is None
    by_content = not any(key.startswith(pusher.platform.user) for key in pusher.stored())

    other = other_pusher.push(findability)

    leaves_all_out = by_content and findability == "published"
    assert (other.error, other.uploaded) == (None, set() if leaves_all_out else ALL)
    assert_processed(other_pusher, findability)
    for one in (pusher, other_pusher):
        size = sum(len(body) for body, _ in one.stored().values())
        expected = (size, 0) if findability == "published" else (0, size)
        assert one.used(expected) == expected
    if by_content:
        assert [bool(one.stored()) for one in (pusher, other_pusher)] == (
            [True, False] if findability == "published" else [False, True]
        )
