"""Changes and deletions of records, killed before any of their AWS calls."""

from __future__ import annotations

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.aws_calls import AwsCalls
from tests.api.clients import (
    change,
    delete,
    derive,
    let_time_pass,
    upload_and_describe,
    upload_derivative,
)
from tests.api.images import png

MAX_CALLS = 40


@pytest.mark.parametrize("what", ["change", "deletion", "derivative", "upload"])
def test_a_change_killed_at_any_call_is_applied_or_not_at_all(
    stack: LocalStack, aws_calls: AwsCalls, what: str
) -> None:
    if stack.faults.chaos:
        return
    for fatal in range(MAX_CALLS):
        stack.reset()
        file, metadata = upload_and_describe(stack)
        made = upload_derivative(stack, png())
        if what == "deletion":
            assert derive(stack, made, metadata).status == 201
        if what == "upload":
            delete(stack, "metadata", metadata)
        aws_calls.kill_before(fatal)
        response = _ask(stack, what, file, metadata, made)
        killed = aws_calls.killed
        aws_calls.stop()
        let_time_pass(stack)
        _is_whole(stack)
        if not killed:
            assert response.status < 300
            return
    pytest.fail("the run never got to its end")


def _ask(stack: LocalStack, what: str, file: str, metadata: str, made: str) -> Response:
    match what:
        case "change":
            return change(stack, "metadata", metadata, acCaption="A leaf")
        case "deletion":
            return delete(stack, "metadata", metadata)
        case "derivative":
            return derive(stack, made, metadata)
    return delete(stack, "object-upload", file)


def _is_whole(stack: LocalStack) -> None:
    """Assert that every claim belongs to an existing record and every deletion is complete."""
    alive = {
        f"{kind}/{item['id']}"
        for kind, table in (("metadata", "MetadataTable"), ("derivative", "DerivativesTable"))
        for item in stack.items(table)
        if "deletedOn" not in item
    }
    uploads = stack.items("UploadsTable")
    claims = {item["claimedBy"] for item in uploads if "claimedBy" in item}
    generated = {
        f"derivative/{item['id']}"
        for item in stack.items("DerivativesTable")
        if item["createdBy"] == "System Generated"
    }
    assert claims == alive - generated
    for item in stack.items("MetadataTable"):
        assert "deletedOn" not in item or ("expiresAt" in item and "cascading" not in item)
    for item in stack.items("DerivativesTable"):
        assert "deletedOn" in item or f"metadata/{item['acDerivedFrom']}" in alive
    kept = set(stack.keys("ObjectBucket", ""))
    for item in uploads:
        assert (item["objectKey"] in kept) is ("deletedOn" not in item)
    audited = [(one["instanceId"], int(one["version"])) for one in stack.items("AuditTable")]
    assert len(audited) == len(set(audited))
