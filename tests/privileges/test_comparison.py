"""The comparison of policies and calls finds missing and unused permissions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import LocalStack
from tests.api.clients import upload
from tests.api.images import png
from tests.privileges.__main__ import main
from tests.privileges.calls import Need, read_needs, write_needs
from tests.privileges.comparison import (
    Needs,
    allowed_by_the_template,
    holds,
    missing,
    table,
    unexplained,
    unused,
)
from tests.privileges.policies import Grant
from tests.privileges.reasons import REASONS
from tests.privileges.recording import Recorder

ALLOWED = allowed_by_the_template()
SWEEP = "RemoveOrphansFunction"


@pytest.fixture
def recorder(stack: LocalStack) -> Iterator[Recorder]:
    recorder = Recorder(bucket.name for bucket in stack.resources.buckets)
    recorder.start()
    yield recorder
    recorder.stop()


def test_a_removed_grant_is_reported_as_missing(stack: LocalStack, recorder: Recorder) -> None:
    upload(stack, png())
    stack.settle(retries=True)
    assert stack.invoke(SWEEP, {"age": "0"}).payload["removed"] == 1
    needed = recorder.needs
    assert missing(ALLOWED, needed) == []
    needless = set(unused(ALLOWED, needed))
    used = [grant for grant in ALLOWED if grant.function == SWEEP and grant not in needless]
    assert len(used) >= 5
    for grant in used:
        narrowed = [one for one in ALLOWED if one != grant]
        assert {function for function, _ in missing(narrowed, needed)} == {SWEEP}
        assert not holds(narrowed, needed)
        assert f"MISSING: {SWEEP} {grant.action}" in "\n".join(table(narrowed, needed))


def test_calls_of_a_test_between_invocations_belong_to_no_function(
    stack: LocalStack, recorder: Recorder
) -> None:
    from coffer.adapters.dynamodb.uploads.items import UploadItem
    from tests.fakes.records import upload as an_upload

    assert not stack.invoke(SWEEP, {}).failed
    before = set(recorder.needs[SWEEP])
    UploadItem.of(an_upload()).save()
    assert recorder.needs == {SWEEP: before}


GRANT = Grant("F", "", "dynamodb:GetItem", "arn:aws:dynamodb:r:1:table/T")
LISTING = (("StringLike", "s3:prefix", ("incoming/*",)),)
BUCKET = "arn:aws:s3:::b"


@pytest.mark.parametrize(
    ("grant", "need", "allowed"),
    [
        (GRANT, Need("dynamodb:GetItem", "arn:aws:dynamodb:r:1:table/T"), True),
        (GRANT, Need("dynamodb:PutItem", "arn:aws:dynamodb:r:1:table/T"), False),
        (GRANT, Need("dynamodb:GetItem", "arn:aws:dynamodb:r:1:table/T/index/i"), False),
        (Grant("F", "", "s3:GetObject", f"{BUCKET}/a/*"), Need("s3:GetObject", f"{BUCKET}/ab"), 0),
        (Grant("F", "", "s3:GetObject", f"{BUCKET}/a/*"), Need("s3:GetObject", f"{BUCKET}/a/b"), 1),
        (
            Grant("F", "", "s3:ListBucket", BUCKET, LISTING),
            Need("s3:ListBucket", BUCKET, "incoming/x"),
            True,
        ),
        (
            Grant("F", "", "s3:ListBucket", BUCKET, LISTING),
            Need("s3:ListBucket", BUCKET, "objects/"),
            False,
        ),
        (Grant("F", "", "s3:ListBucket", BUCKET, LISTING), Need("s3:ListBucket", BUCKET), False),
    ],
)
def test_a_grant_allows_its_action_on_its_resource_only(
    grant: Grant, need: Need, allowed: bool
) -> None:
    assert grant.allows(need) is bool(allowed)
    assert missing([grant], {"F": {need}}) == ([] if allowed else [("F", need)])
    assert missing([grant], {"Another": {need}}) == [("Another", need)]


def test_an_unused_grant_without_a_reason_is_reported() -> None:
    needs: Needs = {"F": {Need("dynamodb:GetItem", GRANT.pattern)}}
    idle = Grant("F", "", "dynamodb:DeleteItem", GRANT.pattern)
    assert unexplained([GRANT, idle], needs) == [idle]
    assert not holds([GRANT, idle], needs)
    assert holds([GRANT], needs)
    assert "NO REASON IS WRITTEN DOWN" in "\n".join(table([GRANT, idle], needs))


def test_every_reason_belongs_to_an_existing_grant() -> None:
    for function, action in REASONS:
        assert any(
            grant.action == action and function in ("*", grant.function) for grant in ALLOWED
        ), f"{function} has no {action} any more"


def test_the_records_of_several_processes_are_merged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path) == 1
    assert "make test-privileges" in capsys.readouterr().err
    a, b = Need("s3:ListBucket", BUCKET, "x/"), Need("s3:GetObject", f"{BUCKET}/x")
    write_needs(tmp_path / "1.json", {"F": {a}})
    write_needs(tmp_path / "2.json", {"F": {a, b}, "G": {b}})
    assert read_needs(sorted(tmp_path.glob("*.json"))) == {"F": {a, b}, "G": {b}}
    assert main(tmp_path) == 1  # neither is a function of the template
    assert "MISSING: G s3:GetObject" in capsys.readouterr().out
