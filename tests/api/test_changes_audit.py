"""GET /audit-snapshot returns the audit entries of records and authors."""

from __future__ import annotations

import pytest

from coffer.adapters.dynamodb.changes.snapshots import SnapshotItem
from local.stack import LocalStack
from tests.api.clients import (
    JSON_API,
    audit_entries,
    change,
    header,
    problems,
    upload_and_describe,
)


def test_audit_entries_are_found_by_record_and_by_author(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack)
    change(stack, "metadata", metadata, acCaption="A leaf")
    stack.settle(retries=True)
    of_record = audit_entries(stack, f"filter[instanceId][EQ]=metadata/{metadata}")
    assert [one["snapshotType"] for one in of_record] == ["UPDATE", "INITIAL"]
    assert {one["author"] for one in audit_entries(stack, "filter[author]=dev")} == {"dev"}
    both = f"filter[instanceId]=metadata/{metadata}&filter[author]=nobody"
    assert audit_entries(stack, both) == []
    page = stack.request(
        "GET", f"/api/v1/audit-snapshot?filter[instanceId]=metadata/{metadata}&page[limit]=1"
    ).json()
    assert page["meta"]["totalResourceCount"] == 2
    assert "page%5Boffset%5D=1" in page["links"]["next"]
    assert page["data"][0]["id"] == f"metadata/{metadata}/{of_record[0]['commitDateTime']}"


@pytest.mark.parametrize("order", ["commitDateTime", "createdOn"])
def test_snapshots_are_sorted_by_the_time_of_the_change(stack: LocalStack, order: str) -> None:
    """dina-ui sorts by `-createdOn`."""
    _, metadata = upload_and_describe(stack)
    change(stack, "metadata", metadata, acCaption="A leaf")
    stack.settle(retries=True)
    of_record = f"filter[instanceId][EQ]=metadata/{metadata}"

    newest, oldest = (
        [one["version"] for one in audit_entries(stack, f"{of_record}&sort={sign}{order}")]
        for sign in ("-", "")
    )

    assert (newest, oldest) == ([2, 1], [1, 2])
    first = audit_entries(stack, f"filter[author]=dev&sort={order}")[0]
    assert first["snapshotType"] == "INITIAL"


@pytest.mark.parametrize(
    "query",
    ["", "filter[instanceId]=metadata", "filter[colour]=red", "filter[author]=dev&page[limit]=0",
     "filter[author]=dev&page[offset]=10001", "filter[author]=dev&sort=author",
     f"filter[author]={'x' * 256}", "fiql=author!=dev", "fiql=author==dev&filter[author]=dev",
     "fiql=author==dev;author==ann", "filter[uuid]=metadata", "filter[author][LIKE]=dev"],
)  # fmt: skip
def test_an_invalid_audit_query_is_refused(stack: LocalStack, query: str) -> None:
    response = stack.request("GET", f"/api/v1/audit-snapshot?{query}")
    assert problems(response)[0] in (
        ("400", "malformed_parameter"),
        ("400", "unknown_attribute"),
    )
    assert header(response, "content-type") == JSON_API


def test_snapshots_are_found_by_fiql_and_by_their_ids(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack)
    change(stack, "metadata", metadata, acCaption="A leaf")
    stack.settle(retries=True)

    def found(query: str) -> list[int]:
        return [one["version"] for one in audit_entries(stack, query)]

    instance = f"metadata/{metadata}"
    assert found(f"fiql=instanceId=={instance}") == [2, 1]
    assert found(f"fiql=author==dev;instanceId=={instance}") == [2, 1]
    assert found(f"fiql=author==ann;instanceId=={instance}") == []
    path = f"/api/v1/audit-snapshot?filter[instanceId]={instance}"
    _, first = stack.request("GET", path).json()["data"]
    for name in ("id", "uuid"):
        assert found(f"filter[{name}]={first['id']}") == [1]
        assert found(f"fiql={name}=={first['id']}") == [1]
    assert found(f"filter[id]={first['id']}&filter[author]=ann") == []


def test_a_page_of_large_snapshots_is_cut_and_goes_on(stack: LocalStack) -> None:
    """Quotes need two bytes in JSON, and four in the response of a function."""
    quotes = {f"k{number}": '"' * 170 for number in range(500)}
    for version in range(1, 31):
        SnapshotItem.of(
            {
                "instanceId": "metadata/x",
                "version": version,
                "snapshotType": "UPDATE",
                "author": "mallory",
                "commitDateTime": f"2026-11-22T12:00:{version:02d}Z",
                "changedProperties": [],
                "state": {"bucket": "aafc", "managedAttributes": quotes},
            }
        ).save()
    found: list[int] = []
    path = "/api/v1/audit-snapshot?filter[author]=mallory&page[limit]=1000"
    while path:
        response = stack.request("GET", path)
        assert response.status == 200, response.text[:200]
        page = response.json()
        found += [one["attributes"]["version"] for one in page["data"]]
        _, _, following = page["links"].get("next", "").partition("/api/")
        path = following and f"/api/{following}"
    assert found == list(range(30, 0, -1))
