"""POST /index-refresh publishes events through the queue and the bus."""

from __future__ import annotations

from typing import Any

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import describe, unique_events, upload
from tests.api.images import png

PATHS = ("/index-refresh", "/api/v1/index-refresh")


def refresh(stack: LocalStack, path: str = PATHS[0], **more: Any) -> Response:
    document = {"type": "index-refresh", "attributes": {"docType": "metadata"}, **more}
    return stack.request("POST", path, json_body={"data": document})


def described(stack: LocalStack, **attributes: Any) -> str:
    identifier = upload(stack, png()).json()["fileIdentifier"]
    return str(describe(stack, identifier, **attributes).json()["data"]["id"])


def told(stack: LocalStack) -> list[tuple[str, str, str]]:
    return [
        (one["detail"]["documentType"], one["detail"]["documentId"], one["detail"]["operationType"])
        for one in unique_events(stack)
        if one["detail-type"] == "DocumentOperationNotification"
    ]


@pytest.mark.parametrize("path", PATHS)
def test_a_refresh_of_a_type_publishes_an_event_for_each_record_public_or_not(
    stack: LocalStack, path: str
) -> None:
    ids = [described(stack, publiclyReleasable=number % 2 == 0) for number in range(4)]
    stack.settle(retries=True)
    before = len(told(stack))
    response = refresh(stack, path)
    assert (response.status, response.body) == (202, b"")
    stack.settle(retries=True)
    again = told(stack)[before:]
    assert sorted(again) == sorted(("metadata", one, "UPDATE") for one in ids)


def test_a_refresh_of_one_record_publishes_its_event(stack: LocalStack) -> None:
    one, _other = described(stack), described(stack)
    stack.settle(retries=True)
    before = len(told(stack))
    assert refresh(stack, id=one).status == 202
    stack.settle(retries=True)
    assert told(stack)[before:] == [("metadata", one, "UPDATE")]


@pytest.mark.parametrize(
    "more",
    [
        {"attributes": {}},
        {"attributes": {"docType": "derivative"}},
        {"attributes": {"docType": "metadata", "colour": "red"}},
        {"id": "all"},
    ],
)
def test_an_invalid_refresh_is_refused(stack: LocalStack, more: dict[str, Any]) -> None:
    assert refresh(stack, **more).status == 400
