"""Contract of the Lists port, for its fake and for DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from coffer.adapters.dynamodb.derivatives import DerivativeItem
from coffer.adapters.dynamodb.listing import lists
from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.adapters.dynamodb.uploads.items import UploadItem
from coffer.domain.derivatives.record import Derivative
from coffer.domain.errors import MalformedRequestError
from coffer.domain.listing.index_keys import (
    Kind,
    ListedRecord,
    SortOrder,
    index_keys_of,
    name_prefix,
)
from coffer.domain.listing.ports import Lists, RangePage, RangeRead
from coffer.domain.listing.query_plan import KeyRange
from coffer.domain.metadata.record import Metadata
from tests.fakes import InMemoryLists, listing
from tests.fakes.clocks import NOON
from tests.fakes.records import identifier, metadata, pending, thumbnail, upload

Filled = Callable[[Sequence[ListedRecord]], Lists]

NAMES = ("b.png", "a.png", "B.PNG", "a.png.png", "a", None)
RECORDS: list[Metadata] = [
    metadata(
        identifier=identifier(number),
        bucket=("aafc", "AAFC", "bicoe")[number % 3],
        created_on=NOON + timedelta(minutes=(number * 7) % 12),
        xmp_metadata_date=NOON + timedelta(minutes=(number * 5) % 12),
        original_filename=NAMES[number % len(NAMES)],
        publicly_releasable=number % 2 == 0,
    )
    for number in range(24)
]
KEY_RANGES = {
    "a bucket by creation": KeyRange(order=SortOrder.CREATED, bucket_key="aafc"),
    "a bucket by change": KeyRange(order=SortOrder.CHANGED, bucket_key="aafc"),
    "a bucket by name": KeyRange(order=SortOrder.NAMED, bucket_key="aafc"),
    "one name of a bucket": KeyRange(
        order=SortOrder.NAMED, bucket_key="aafc", prefix=name_prefix("b.png")
    ),
    "a name that begins another name": KeyRange(
        order=SortOrder.NAMED, bucket_key="aafc", prefix=name_prefix("a")
    ),
    "a name without records": KeyRange(
        order=SortOrder.NAMED, bucket_key="aafc", prefix=name_prefix("zz.png")
    ),
    "a public shard": KeyRange(order=SortOrder.CREATED, shard="public#4"),
    "a shard by change": KeyRange(order=SortOrder.CHANGED, shard="private#5"),
    "a shard by name": KeyRange(order=SortOrder.NAMED, shard="public#0"),
    "an unknown bucket": KeyRange(order=SortOrder.CREATED, bucket_key="nobody"),
}


@pytest.fixture(params=["in memory", "DynamoDB"])
def filled(request: pytest.FixtureRequest) -> Filled:
    if request.param == "in memory":
        return InMemoryLists
    request.getfixturevalue("stack")
    return _filled_tables


def _filled_tables(records: Sequence[ListedRecord]) -> Lists:
    for record in records:
        match record:
            case Metadata():
                MetadataItem.of(record).save()
            case Derivative():
                DerivativeItem.of(record).save()
            case _:
                UploadItem.of(record).save()
    return DynamoLists()


def _expected(key_range: KeyRange, *, descending: bool) -> list[str]:
    """Return the sort keys in a key range, by the definition of the range."""
    indexed = [keys for record in RECORDS if (keys := index_keys_of(record))]
    return sorted(
        (
            keys.sort_keys[key_range.order]
            for keys in indexed
            if (key_range.bucket_key or keys.bucket_key) == keys.bucket_key
            and (key_range.shard or keys.shard) == keys.shard
            and keys.sort_keys[key_range.order].startswith(key_range.prefix)
        ),
        reverse=descending,
    )


def _sort_keys(page: RangePage) -> list[str]:
    return [entry.sort_key for entry in page.entries]


@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
@pytest.mark.parametrize("key_range", KEY_RANGES.values(), ids=KEY_RANGES)
def test_a_key_range_is_read_in_order_with_any_limit(
    filled: Filled, key_range: KeyRange, descending: bool
) -> None:
    lists = filled(RECORDS)
    expected = _expected(key_range, descending=descending)
    for limit in (1, 3, 50):
        found: list[str] = []
        for _ in range(len(expected) + 2):
            after = found[-1] if found else None
            read = RangeRead(key_range=key_range, limit=limit, after=after, descending=descending)
            (page,) = lists.read(Kind.METADATA, [read])
            assert len(page.entries) <= limit
            found += _sort_keys(page)
            if page.is_last:
                break
        assert found == expected


@pytest.mark.parametrize("after", ["", "a", f"b.png\t{NOON.isoformat()}", "zzz"])
@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
def test_a_read_continues_after_any_sort_key(filled: Filled, after: str, descending: bool) -> None:
    key_range = KEY_RANGES["one name of a bucket"]
    read = RangeRead(key_range=key_range, limit=50, after=after or " ", descending=descending)
    (page,) = filled(RECORDS).read(Kind.METADATA, [read])
    assert _sort_keys(page) == [
        sort_key
        for sort_key in _expected(key_range, descending=descending)
        if (sort_key < (after or " ")) == descending
    ]


def test_several_reads_return_pages_in_their_order(filled: Filled) -> None:
    reads = [RangeRead(key_range=key_range, limit=50) for key_range in KEY_RANGES.values()]
    pages = filled(RECORDS).read(Kind.METADATA, reads)
    assert [_sort_keys(page) for page in pages] == [
        _expected(key_range, descending=False) for key_range in KEY_RANGES.values()
    ]


def test_entries_have_whole_records_or_none(filled: Filled) -> None:
    lists = filled(RECORDS)
    read = RangeRead(key_range=KEY_RANGES["a bucket by creation"], limit=50)
    (whole,) = lists.read(Kind.METADATA, [read])
    known = {record.identifier: record for record in RECORDS}
    for entry in whole.entries:
        assert entry.record is not None
        assert entry.record == known[entry.record.identifier]
    (bare,) = lists.read(Kind.METADATA, [replace(read, with_records=False)])
    assert _sort_keys(bare) == _sort_keys(whole)
    assert {entry.record for entry in bare.entries} == {None}


def test_only_so_many_derivatives_are_read(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (lists, listing):
        monkeypatch.setattr(module, "MAX_INCLUDED_DERIVATIVES", 4)
    sources = [identifier(number) for number in range(3)]
    made = [
        thumbnail(identifier=identifier(100 + n), ac_derived_from=sources[n % 3]) for n in range(5)
    ]
    assert sum(map(len, filled(made[:4]).derivatives(sources).values())) == 4
    with pytest.raises(MalformedRequestError) as refusal:
        filled(made).derivatives(sources)
    assert refusal.value.problems[0].code == "too_many_included"


def test_a_read_of_large_records_ends_after_a_megabyte(stack: object) -> None:
    records = [
        metadata(
            identifier=identifier(number),
            bucket="large",
            created_on=NOON + timedelta(minutes=number),
            managed_attributes={"notes": "x" * 340_000},
        )
        for number in range(8)
    ]
    large = _filled_tables(records)
    key_range = KeyRange(order=SortOrder.CREATED, bucket_key="large")
    found: list[str] = []
    after = None
    while True:
        [page] = large.read(Kind.METADATA, [RangeRead(key_range=key_range, limit=10, after=after)])
        assert len(page.entries) <= 4
        found += [one.record.identifier for one in page.entries if one.record]
        if page.is_last:
            break
        after = page.entries[-1].sort_key
    assert found == [record.identifier for record in records]


def test_each_kind_is_listed_by_itself(filled: Filled) -> None:
    lists = filled([metadata(), thumbnail(), upload()])
    key_range = KeyRange(order=SortOrder.CREATED, bucket_key="aafc")
    for kind, record in (
        (Kind.METADATA, metadata()),
        (Kind.DERIVATIVE, thumbnail()),
        (Kind.OBJECT_UPLOAD, upload()),
    ):
        (page,) = lists.read(kind, [RangeRead(key_range=key_range, limit=5)])
        assert [entry.record for entry in page.entries] == [record]


def test_records_that_no_list_shows_are_in_no_key_range(filled: Filled) -> None:
    lists = filled([metadata(deleted_on=NOON), thumbnail(deleted_on=NOON), pending()])
    for kind in Kind:
        for key_range in (
            KeyRange(order=SortOrder.CREATED, bucket_key="aafc"),
            *(
                KeyRange(order=SortOrder.CREATED, shard=f"{publicity}#{digit}")
                for publicity in ("public", "private")
                for digit in "0123456789abcdef"
            ),
        ):
            (page,) = lists.read(kind, [RangeRead(key_range=key_range, limit=5)])
            assert _sort_keys(page) == []


def test_derivatives_are_found_by_their_metadata(filled: Filled) -> None:
    first, second = identifier(100), identifier(101)
    made = [
        thumbnail(
            identifier=identifier(number),
            ac_derived_from=first,
            created_on=NOON - timedelta(minutes=number),
        )
        for number in (1, 2)
    ]
    gone = thumbnail(identifier=identifier(3), ac_derived_from=first, deleted_on=NOON)
    found = filled([*made, gone]).derivatives([first, second])
    assert {one: list(derivatives) for one, derivatives in found.items()} == {
        first: [made[1], made[0]],
        second: [],
    }
