"""Depth of list requests: at most six frames of our code are on the stack of a DynamoDB Query."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from botocore.client import BaseClient

from coffer.adapters.dynamodb.derivatives import DerivativeItem
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.adapters.dynamodb.uploads.items import UploadItem
from local.stack import LocalStack
from tests.api.table_snapshots import TableSnapshot
from tests.fakes.records import identifier, metadata, thumbnail, upload

ROOT = Path(__file__).resolve().parents[2]
OUR_CODE = (f"{ROOT}/layers/", f"{ROOT}/functions/")
MAX_FRAMES = 6

PATHS = {
    "list_metadata": (
        "metadata",
        "metadata?filter[bucket]=aafc",
        "metadata?filter[bucket]=aafc&page[offset]=2",
        "metadata?filter[dcType]=IMAGE&filter[bucket]=aafc",
        "metadata?filter[originalFilename]=leaf.png&sort=-createdOn",
        "metadata?include=derivatives",
    ),
    "list_derivatives": ("derivative", "derivative?filter[bucket]=aafc&include=acDerivedFrom"),
    "list_object_uploads": ("object-upload", "object-upload?filter[bucket]=aafc&page[limit]=1"),
    "list_audit_snapshots": (
        "audit-snapshot?filter[author]=alice",
        f"audit-snapshot?filter[instanceId]=metadata/{identifier(1)}",
    ),
    "read_exports": ("object-export",),
    "read_managed_attributes": ("managed-attribute",),
    "read_object_subtypes": ("object-subtype",),
    "find_identifiers": (
        "resource-name-identifier?filter[group][EQ]=aafc&filter[type][EQ]=metadata",
        "resource-name-identifier?filter[group][EQ]=aafc&filter[name][EQ]=leaf.png",
    ),
}
"""Requests by the function that serves them. Each makes a Query."""
WITHOUT_QUERY = {"list_contents", "list_licenses", "list_media_types", "list_prefixes"}


@pytest.fixture(scope="module")
def records(running_stack: LocalStack) -> TableSnapshot:
    """Return a snapshot with four records of each kind and their audit entries."""
    running_stack.reset()
    for number in range(4):
        MetadataItem.of(metadata(identifier=identifier(number))).save()
        UploadItem.of(upload(file_identifier=identifier(number))).save()
        DerivativeItem.of(thumbnail(identifier=identifier(100 + number))).save()
    running_stack.settle()
    return TableSnapshot(running_stack)


@pytest.fixture
def queries(
    stack: LocalStack, records: TableSnapshot, monkeypatch: pytest.MonkeyPatch
) -> list[list[str]]:
    """Return a list that gets the frames of our code at each Query, the handler first."""
    records.restore(stack)
    found: list[list[str]] = []
    original = vars(BaseClient)["_make_api_call"]

    def call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "Query":
            found.append(frames_of_our_code())
        return original(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    return found


def frames_of_our_code() -> list[str]:
    """Return the frames of the current thread, and of the handler's thread if it waits for it."""
    frames = names_of(sys._getframe())
    if any("lambda_handler" in name for name in frames):
        return frames
    waiting = map(names_of, sys._current_frames().values())
    [handler] = [names for names in waiting if any("lambda_handler" in name for name in names)]
    return handler + frames


def names_of(frame: FrameType | None) -> list[str]:
    """Return file and function of each frame of our code, from the outermost to the innermost."""
    names: list[str] = []
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(OUR_CODE):
            names.insert(0, f"{path.removeprefix(f'{ROOT}/')} {frame.f_code.co_qualname}")
        frame = frame.f_back
    return names


@pytest.mark.parametrize(
    ("function", "path"), [(name, path) for name, paths in PATHS.items() for path in paths]
)
def test_a_list_request_is_at_most_six_frames_from_its_query(
    stack: LocalStack, queries: list[list[str]], function: str, path: str
) -> None:
    response = stack.request("GET", f"/api/v1/{path}")
    assert response.status == 200, response.text
    assert queries, "the request makes no Query"
    for frames in queries:
        assert any(name.startswith(f"functions/{function}/") for name in frames)
        assert len(frames) <= MAX_FRAMES, "\n".join(frames)


def test_every_list_is_among_them() -> None:
    lists = {
        path.name
        for pattern in ("list_*", "read_*", "find_*")
        for path in (ROOT / "functions").glob(pattern)
    }
    assert lists == {*PATHS, *WITHOUT_QUERY}
