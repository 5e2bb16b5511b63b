"""The calls to DynamoDB that reading records makes: Query, GetItem and BatchGetItem, no Scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from coffer.adapters.dynamodb.derivatives import DerivativeItem
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.adapters.dynamodb.uploads.items import UploadItem
from coffer.domain.callers import Caller, Role
from coffer.domain.listing.fields import SORT_ORDERS
from coffer.domain.listing.index_keys import Kind
from local.stack import LocalStack
from tests.api.aws_calls import AwsCalls
from tests.api.table_snapshots import TableSnapshot
from tests.fakes.records import identifier, metadata, thumbnail, upload

ONE = identifier(100)
GROUPS = ("aafc", "bicoe", "cnc")
MEMBER = Caller(username="eve", groups={group: frozenset({Role.USER}) for group in GROUPS})

As = Callable[[Caller], None]


@pytest.fixture(scope="module")
def records(running_stack: LocalStack) -> TableSnapshot:
    """Return a snapshot with thirty records of each kind and their counters."""
    running_stack.reset()
    for number in range(30):
        bucket = GROUPS[number % 3]
        MetadataItem.of(metadata(identifier=identifier(number), bucket=bucket)).save()
        UploadItem.of(upload(file_identifier=identifier(number), bucket=bucket)).save()
        DerivativeItem.of(
            thumbnail(
                identifier=identifier(100 + number),
                bucket=bucket,
                ac_derived_from=identifier(number),
            )
        ).save()
    running_stack.settle()
    return TableSnapshot(running_stack)


@pytest.fixture
def filled(stack: LocalStack, records: TableSnapshot) -> LocalStack:
    """Return the stack with the records of the module."""
    records.restore(stack)
    return stack


CALLS = [
    ("metadata", {"Query": 3, "BatchGetItem": 1}),
    ("metadata?page[limit]=1000", {"Query": 3}),
    ("metadata?filter[bucket]=aafc&page[limit]=5", {"Query": 1, "BatchGetItem": 1}),
    ("metadata?filter[bucket]=aafc&filter[dcType]=IMAGE&page[limit]=5", {"Query": 1}),
    ("metadata?filter[bucket]=aafc&filter[originalFilename]=leaf.png", {"Query": 1}),
    ("metadata?filter[originalFilename]=leaf.png,a.png&page[limit]=30", {"Query": 6}),
    ("metadata?filter[bucket]=nobody", {"Query": 16}),  # its public records
    ("metadata?filter[publiclyReleasable]=true&page[limit]=30", {"Query": 16}),
    (
        "metadata?filter[bucket]=aafc&page[limit]=3&include=derivatives",
        {"Query": 4, "BatchGetItem": 1},
    ),
    ("derivative?filter[bucket]=aafc&page[limit]=50", {"Query": 1}),
    (
        "derivative?filter[bucket]=aafc&page[limit]=50&include=acDerivedFrom",
        {"Query": 1, "BatchGetItem": 1},
    ),
    ("object-upload?filter[bucket]=aafc&page[limit]=50", {"Query": 1}),
    (f"metadata/{identifier(1)}", {"GetItem": 1}),
    (f"metadata/{identifier(1)}?include=derivatives", {"GetItem": 1, "Query": 1}),
    (f"derivative/{ONE}", {"GetItem": 1}),
    (f"derivative/{ONE}?include=acDerivedFrom", {"GetItem": 1, "BatchGetItem": 1}),
    (f"object-upload/{identifier(1)}", {"GetItem": 1}),
]


def test_each_request_makes_the_expected_calls(
    filled: LocalStack, called_by: As, aws_calls: AwsCalls
) -> None:
    for path, _ in CALLS:
        filled.request("GET", f"/api/v1/{path}")
    called_by(MEMBER)
    for path, expected in CALLS:
        aws_calls.count()
        response = filled.request("GET", f"/api/v1/{path}")
        made = Counter(aws_calls.made)
        aws_calls.stop()
        assert response.status == 200, response.text
        assert made == expected, path


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_listed_in_every_order_in_one_bucket_and_in_all(
    filled: LocalStack, kind: Kind
) -> None:
    for order in SORT_ORDERS[kind]:
        for sign in ("", "-"):
            for scope, total in (("", 30), ("filter[bucket]=aafc&", 10)):
                query = f"{scope}sort={sign}{order}&page[limit]=4"
                document = filled.request("GET", f"/api/v1/{kind}?{query}").json()
                assert len(document["data"]) == 4
                assert document["meta"]["totalResourceCount"] == total
                values = [one["attributes"][order] for one in document["data"]]
                assert values == sorted(values, reverse=sign == "-")


def test_a_derivative_is_shown_with_its_source(filled: LocalStack) -> None:
    second = thumbnail(identifier=identifier(90), generated_from_derivative=ONE, bucket="aafc")
    DerivativeItem.of(second).save()
    include = "include=generatedFromDerivative"
    for path in (f"derivative/{second.identifier}?{include}", f"derivative?{include}"):
        document = filled.request("GET", f"/api/v1/{path}").json()
        assert [one["id"] for one in document["included"]] == [ONE]


def test_a_caller_sees_the_records_of_their_groups_only(filled: LocalStack, called_by: As) -> None:
    paths = ("metadata", "derivative", "object-upload")
    for path in paths:
        filled.request("GET", f"/api/v1/{path}")
    hidden = metadata(identifier=identifier(60), bucket="secret", publicly_releasable=False)
    shown = metadata(identifier=identifier(61), bucket="open", publicly_releasable=True)
    for record in (hidden, shown):
        MetadataItem.of(record).save()
    filled.settle()
    called_by(Caller(username="eve", groups={"bicoe": frozenset({Role.READ_ONLY})}))
    for path in paths:
        document = filled.request("GET", f"/api/v1/{path}").json()
        assert {one["attributes"]["bucket"] for one in document["data"]} == {"bicoe"}
        assert document["meta"]["totalResourceCount"] == 10
    public = filled.request(
        "GET", "/api/v1/metadata?filter[publiclyReleasable]=true&page[limit]=100"
    ).json()
    assert len(public["data"]) == public["meta"]["totalResourceCount"] == 31
    for bucket, expected in (("secret", 0), ("open", 1)):
        query = f"filter[bucket]={bucket}&filter[publiclyReleasable]=true"
        assert len(filled.request("GET", f"/api/v1/metadata?{query}").json()["data"]) == expected


def test_only_records_that_the_caller_may_read_are_included(
    filled: LocalStack, called_by: As
) -> None:
    parent, made = identifier(70), identifier(71)
    MetadataItem.of(metadata(identifier=parent, bucket="open")).save()
    DerivativeItem.of(
        thumbnail(identifier=made, bucket="open", ac_derived_from=parent, publicly_releasable=False)
    ).save()
    path = f"/api/v1/metadata/{parent}?include=derivatives"
    assert [one["id"] for one in filled.request("GET", path).json()["included"]] == [made]
    called_by(MEMBER)
    document = filled.request("GET", path).json()
    assert document["included"] == []
    assert document["data"]["relationships"]["derivatives"]["data"] == []


def test_lists_stay_consistent_while_records_are_added_and_removed(filled: LocalStack) -> None:
    """No page shows a record twice, and a record that exists all the time is never missing."""

    def come_and_go(number: int) -> None:
        record = metadata(identifier=identifier(1000 + number), bucket=GROUPS[number % 3])
        MetadataItem.of(record).save()
        MetadataItem(record.identifier).delete()

    with ThreadPoolExecutor(2) as pool:
        busy = [pool.submit(come_and_go, number) for number in range(60)]
        shown: list[str] = []
        target: str | None = "/api/v1/metadata?page[limit]=4"
        while target is not None:
            document = filled.request("GET", target).json()
            shown += [one["id"] for one in document["data"]]
            following = document["links"].get("next")
            target = _path(following) if following else None
        for one in busy:
            one.result()
    assert len(shown) == len(set(shown))
    assert {identifier(number) for number in range(30)} <= set(shown)


def _path(url: str) -> str:
    return url[url.index("/api/") :]
