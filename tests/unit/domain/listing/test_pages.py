"""Pages of lists: callers see every record that they may read, once and in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffer.domain.callers import Caller, Role
from coffer.domain.errors import MalformedRequestError
from coffer.domain.listing import filters, pages
from coffer.domain.listing.fields import SORT_ORDERS, filter_values
from coffer.domain.listing.filters import (
    EVERYTHING,
    AllOf,
    AnyOf,
    Comparison,
    Filter,
    Operator,
    allowed_values,
    conjuncts,
    matches,
)
from coffer.domain.listing.index_keys import Kind, ListedRecord, SortOrder, index_keys_of
from coffer.domain.listing.pages import Cursor, ListPage, PageRequest, read_page
from coffer.domain.listing.patterns import like_pattern
from coffer.domain.listing.ports import RangePage, RangeRead
from coffer.domain.listing.query_plan import MAX_BUCKETS, Counters, Query, plan_query
from coffer.domain.media_types import DcType
from coffer.domain.uploads.record import ObjectUpload
from tests.fakes import FrozenClock, InMemoryLists
from tests.fakes.clocks import NOON
from tests.fakes.records import ADMIN, caller, identifier, metadata, thumbnail, upload

BUCKETS = ("aafc", "Bicoe", "cnc")
NAMES = ("a.png", "A.png", "b b.png", "b.png", None)
READER = Caller(
    username="bob",
    groups={
        "aafc": frozenset({Role.READ_ONLY}),
        "bicoe": frozenset({Role.GUEST}),
        "cnc": frozenset(),
    },
)


def _metadata(number: int, draw: st.DataObject) -> ListedRecord:
    minutes = st.integers(0, 5).map(lambda minutes: NOON + timedelta(minutes=minutes))
    return metadata(
        identifier=identifier(number * 7),
        bucket=draw.draw(st.sampled_from(BUCKETS)),
        created_on=draw.draw(minutes),
        xmp_metadata_date=draw.draw(minutes),
        original_filename=draw.draw(st.sampled_from(NAMES)),
        dc_type=draw.draw(st.sampled_from([DcType.IMAGE, DcType.SOUND])),
        publicly_releasable=draw.draw(st.booleans()),
        deleted_on=draw.draw(st.sampled_from([None, None, None, NOON])),
    )


def _comparison(path: str, values: Sequence[str | bool]) -> st.SearchStrategy[Filter]:
    one = st.sampled_from(values).map(
        lambda value: Comparison(path, Operator.EQ, value, ignores_case=path == "bucket")
    )
    return st.lists(one, min_size=1, max_size=3).map(lambda parts: AnyOf(tuple(parts)))


def _is_public(record: ListedRecord) -> bool:
    return not isinstance(record, ObjectUpload) and record.publicly_releasable


COMPARISONS = st.one_of(
    _comparison("bucket", ["aafc", "bicoe", "cnc", "nobody"]),
    _comparison("originalFilename", ["a.png", "A.png", "b.png", "nothing"]),
    _comparison("dcType", ["IMAGE", "SOUND"]),
    _comparison("publiclyReleasable", [True, False]),
    st.just(Comparison("originalFilename", Operator.NEQ, "a.png")),
    st.just(Comparison("createdOn", Operator.GE, "2026-11-22T12:02:00.250000Z")),
)
FILTERS = st.lists(COMPARISONS, max_size=3).map(lambda parts: AllOf(tuple(parts)))
CALLERS = st.sampled_from([ADMIN, READER, caller(), Caller(username="nobody")])


def naive(records: Sequence[ListedRecord], who: Caller, query: Query) -> list[str]:
    """Return the ids of the whole list by its definition: filter all records, then sort them."""
    order = query.order or SortOrder.CREATED
    found = []
    for record in records:
        keys = index_keys_of(record)
        if keys is None or not matches(query.condition, filter_values(record)):
            continue
        asks_for_public = _only_public(query.condition) or _names_buckets(query.condition)
        if who.may_read(record.bucket) or (asks_for_public and _is_public(record)):
            found.append((keys.sort_keys[order], record.identifier))
    return [name for _, name in sorted(found, reverse=query.descending)]


def _names_buckets(condition: Filter) -> bool:
    """Return True if the filter names buckets."""
    return any(
        allowed_values(part, ("bucket", "group")) is not None for part in conjuncts(condition)
    )


def _only_public(condition: Filter) -> bool:
    """Return True if the filter asks for public records only."""
    parts = condition.parts if isinstance(condition, AllOf) else (condition,)
    return any(
        isinstance(part, AnyOf)
        and all(
            isinstance(one, Comparison) and (one.path, one.value) == ("publiclyReleasable", True)
            for one in part.parts
        )
        for part in parts
    )


def page_through(
    lists: InMemoryLists, who: Caller, query: Query, limit: int, offset: int = 0
) -> list[ListPage]:
    found = []
    page: PageRequest | None = PageRequest(limit=limit, cursor=Cursor(skip=offset))
    while page is not None:
        listing = read_page(lists, FrozenClock(), who, query, page)
        found.append(listing)
        page = PageRequest(limit=limit, cursor=listing.next_cursor) if listing.next_cursor else None
        assert len(found) < 500
    return found


def ids(listings: Sequence[ListPage]) -> list[str]:
    return [record.identifier for listing in listings for record in listing.records]


@settings(max_examples=150)
@given(st.data())
def test_paging_yields_what_filtering_and_sorting_everything_yields(data: st.DataObject) -> None:
    records = [_metadata(number, data) for number in range(data.draw(st.integers(0, 25)))]
    query = Query(
        kind=Kind.METADATA,
        condition=data.draw(FILTERS),
        order=data.draw(st.sampled_from([None, *SortOrder])),
        descending=data.draw(st.booleans()),
    )
    who = data.draw(CALLERS)
    limit, offset = data.draw(st.integers(1, 12)), data.draw(st.integers(0, 15))
    expected = naive(records, who, query)
    listings = page_through(InMemoryLists(records), who, query, limit, offset)
    assert ids(listings) == expected[offset:]
    assert listings[-1].total == len(expected)
    assert not listings[-1].is_lower_bound
    for listing in listings:
        assert len(listing.records) <= limit
        assert listing.total == len(expected) or listing.is_lower_bound
        assert listing.total <= len(expected)


@settings(max_examples=50)
@given(st.data())
def test_limits_move_page_boundaries_and_lose_no_record(data: st.DataObject) -> None:
    records = [_metadata(number, data) for number in range(25)]
    query = Query(
        kind=Kind.METADATA, condition=data.draw(FILTERS), descending=data.draw(st.booleans())
    )
    who = data.draw(CALLERS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "MAX_ITEMS_EVALUATED", data.draw(st.integers(40, 70)))
        patch.setattr(pages, "_FIRST_FILTERED_READ", 1)
        listings = page_through(InMemoryLists(records), who, query, data.draw(st.integers(1, 5)))
    assert ids(listings) == naive(records, who, query)


def test_a_list_of_more_key_ranges_than_a_page_may_evaluate_still_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "MAX_ITEMS_EVALUATED", 1)
    names = AnyOf(
        tuple(Comparison("originalFilename", Operator.EQ, name) for name in ("a.png", "b.png"))
    )
    query = Query(kind=Kind.METADATA, condition=AllOf((names,)))
    records = _many(7, original_filename="b.png")
    assert len(plan_query(ADMIN, query).ranges) == 64
    assert ids(page_through(InMemoryLists(records), ADMIN, query, 2)) == naive(
        records, ADMIN, query
    )


class SlowLists(InMemoryLists):
    """Lists whose clock advances with each read."""

    def __init__(
        self, records: Sequence[ListedRecord], clock: FrozenClock, pause: timedelta
    ) -> None:
        super().__init__(records)
        self._clock, self._pause = clock, pause
        self.reads = 0

    def read(self, kind: Kind, reads: Sequence[RangeRead]) -> list[RangePage]:
        self._clock.advance(self._pause)
        self.reads += 1
        return super().read(kind, reads)


def _many(count: int, **changes: object) -> list[ListedRecord]:
    return [
        metadata(identifier=identifier(number), created_on=_at(number), **changes)
        for number in range(count)
    ]


def _at(number: int) -> datetime:
    return NOON + timedelta(seconds=number)


def test_a_page_is_read_for_at_most_five_seconds_and_the_next_continues() -> None:
    clock = FrozenClock()
    lists = SlowLists(_many(400), clock, timedelta(seconds=2))
    query = Query(
        kind=Kind.METADATA, condition=Comparison("filename", Operator.EQ, "nothing is called so")
    )
    listing = read_page(lists, clock, caller(), query, PageRequest())
    assert (listing.records, lists.reads) == ((), 3)
    assert listing.next_cursor == Cursor(after=_merge_key(50 + 100 + 200 - 1), skip=0, seen=0)
    assert (listing.total, listing.is_lower_bound) == (0, True)


def _merge_key(number: int) -> str:
    keys = index_keys_of(metadata(identifier=identifier(number), created_on=_at(number)))
    assert keys is not None
    return keys.sort_keys[SortOrder.CREATED]


def test_a_filtered_page_evaluates_5000_items_at_most() -> None:
    lists = InMemoryLists(_many(6000))
    query = Query(kind=Kind.METADATA, condition=Comparison("filename", Operator.EQ, "nothing"))
    listing = read_page(lists, FrozenClock(), caller(), query, PageRequest())
    assert lists.entries_read == 5000
    assert listing.next_cursor == Cursor(after=_merge_key(4999))
    rest = read_page(
        lists, FrozenClock(), caller(), query, PageRequest(cursor=listing.next_cursor or Cursor())
    )
    assert (rest.next_cursor, rest.total, rest.is_lower_bound) == (None, 0, False)


class LargeRecords(InMemoryLists):
    """Lists of records of 350 KB: a megabyte has two."""

    def read(self, kind: Kind, reads: Sequence[RangeRead]) -> list[RangePage]:
        return super().read(kind, [replace(one, limit=min(one.limit, 2)) for one in reads])


@pytest.mark.parametrize("is_filtered", [False, True])
def test_a_page_reads_at_most_50_megabytes(is_filtered: bool) -> None:
    records = _many(130)
    lists = LargeRecords(records)
    query = _search("%") if is_filtered else Query(kind=Kind.METADATA)
    listing = read_page(lists, FrozenClock(), caller(), query, PageRequest(limit=1000))
    assert lists.entries_read == 100
    assert listing.next_cursor is not None
    assert ids(page_through(lists, caller(), query, 1000)) == naive(records, caller(), query)


def _search(pattern: str, operator: Operator = Operator.LIKE) -> Query:
    comparison = Comparison(
        "acTags", operator, like_pattern(pattern), ignores_case=operator is Operator.ILIKE
    )
    return Query(kind=Kind.METADATA, condition=comparison)


def test_a_page_ends_at_the_limit_of_work_and_the_next_continues(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filters, "MAX_WORK", 3_000_000)
    records = _many(45, ac_tags=(*("a" * 250,) * 100, "aaa0c"))
    lists, query = InMemoryLists(records), _search("%aaa_b%")
    listing = read_page(lists, FrozenClock(), caller(), query, PageRequest())
    assert listing.next_cursor is not None
    assert (listing.records, listing.is_lower_bound) == ((), True)
    for wanted in (query, _search("%aaa_c%")):
        found = page_through(InMemoryLists(records), caller(), wanted, 20, 10)
        assert ids(found) == naive(records, caller(), wanted)[10:]
        assert len(found) > 3


def test_the_deadline_is_checked_while_the_records_of_one_read_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FrozenClock()
    lists = InMemoryLists(_many(50, ac_tags=("a" * 250,) * 100))
    now = clock.now

    def slow_now() -> datetime:
        clock.advance(timedelta(seconds=1))
        return now()

    monkeypatch.setattr(clock, "now", slow_now)
    listing = read_page(lists, clock, caller(), _search("%aaa_b%"), PageRequest())
    assert lists.entries_read == 50
    assert listing.next_cursor is not None
    assert (listing.next_cursor.after or "") < _merge_key(10)


def test_every_page_goes_on_by_one_record_even_if_it_takes_all_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filters, "MAX_WORK", 1)
    monkeypatch.setattr(filters, "_WORK_BETWEEN_CHECKS", 1)
    records = _many(4, ac_tags=("ab",) * 10)
    found = page_through(InMemoryLists(records), caller(), _search("%a_%"), 20)
    assert ids(found) == naive(records, caller(), _search("%a_%"))
    assert len(found) == 4


def test_a_value_is_folded_once_for_all_alternatives() -> None:
    class Counted(str):
        folded = 0

        def lower(self) -> str:
            Counted.folded += 1
            return super().lower()

    tags = [Counted("A"), Counted("B")]
    parts = tuple(
        Comparison("acTags", Operator.ILIKE, like_pattern(f"%{number}%"), ignores_case=True)
        for number in range(20)
    )
    assert not matches(AnyOf(parts), {"acTags": tags})
    assert Counted.folded == len(tags)


def test_a_plain_page_reads_one_more_than_it_shows() -> None:
    lists = InMemoryLists(_many(300))
    listing = read_page(
        lists, FrozenClock(), caller(), Query(kind=Kind.METADATA), PageRequest(limit=20)
    )
    assert lists.entries_read == 21
    assert (listing.total, listing.is_lower_bound) == (300, False)


def test_an_offset_is_skipped_by_sort_keys_until_the_deadline() -> None:
    clock = FrozenClock()
    lists = SlowLists(_many(9000), clock, timedelta(seconds=1))
    page = PageRequest(limit=5, cursor=Cursor(skip=8990))
    first = read_page(lists, clock, caller(), Query(kind=Kind.METADATA), page)
    assert first.records == ()
    assert first.next_cursor == Cursor(after=_merge_key(4999), skip=3990, seen=5000)
    assert first.total == 9000
    again = PageRequest(limit=5, cursor=first.next_cursor or Cursor())
    second = read_page(lists, clock, caller(), Query(kind=Kind.METADATA), again)
    assert [one.identifier for one in second.records] == [
        identifier(number) for number in range(8990, 8995)
    ]


def test_a_page_that_is_cut_continues_after_its_last_record() -> None:
    lists = InMemoryLists(_many(10))
    query = Query(kind=Kind.METADATA)
    listing = read_page(lists, FrozenClock(), caller(), query, PageRequest(limit=6))
    assert listing.cut(6) is listing
    cut = listing.cut(2)
    assert len(cut.records) == 2
    rest = read_page(
        lists,
        FrozenClock(),
        caller(),
        query,
        PageRequest(limit=20, cursor=cut.next_cursor or Cursor()),
    )
    assert [one.identifier for one in rest.records] == [identifier(n) for n in range(2, 10)]
    assert rest.seen == 2


def test_a_cursor_of_another_order_is_refused() -> None:
    page = PageRequest(cursor=Cursor(after=f"a.png\t{_merge_key(1)}"))
    with pytest.raises(MalformedRequestError):
        read_page(InMemoryLists(), FrozenClock(), caller(), Query(kind=Kind.METADATA), page)


# ---------------------------------------------------------------- plans


def _partitions(who: Caller, query: Query) -> list[tuple[str | None, str]]:
    plan = plan_query(who, query)
    return [(one.bucket_key or one.shard, one.order.value) for one in plan.ranges]


BICOE = Comparison("bucket", Operator.EQ, "bicoe", ignores_case=True)
PUBLIC_SHARDS = [f"public#{digit:x}" for digit in range(16)]
PUBLIC = Comparison("publiclyReleasable", Operator.EQ, True)


def test_a_caller_is_shown_their_own_buckets() -> None:
    assert _partitions(READER, Query(kind=Kind.METADATA)) == [
        ("aafc", "createdOn"),
        ("bicoe", "createdOn"),
    ]


def test_a_bucket_that_the_caller_may_not_read_shows_its_public_records() -> None:
    plan = plan_query(caller(), Query(kind=Kind.METADATA, condition=BICOE))

    assert [one.shard for one in plan.ranges] == PUBLIC_SHARDS
    assert plan.remaining_filter == AllOf((AnyOf((PUBLIC,)), BICOE))
    assert plan.counters == Counters(bucket_keys=("bicoe",), only_public=True)


def test_buckets_of_the_caller_and_of_others_can_be_listed_together() -> None:
    both = AnyOf((Comparison("bucket", Operator.EQ, "aafc", ignores_case=True), BICOE))

    plan = plan_query(caller(), Query(kind=Kind.METADATA, condition=both))

    own = Comparison("bucket", Operator.EQ, "aafc", ignores_case=True)
    assert [one.bucket_key or one.shard for one in plan.ranges] == ["aafc", *PUBLIC_SHARDS]
    assert plan.remaining_filter == AllOf((AnyOf((own, PUBLIC)), both))
    assert plan.counters is None


def test_uploads_of_a_bucket_that_the_caller_may_not_read_are_not_listed() -> None:
    assert _partitions(caller(), Query(kind=Kind.OBJECT_UPLOAD, condition=BICOE)) == []


def test_public_records_of_a_foreign_bucket_are_read_from_the_public_shards() -> None:
    plan = plan_query(caller(), Query(kind=Kind.METADATA, condition=AllOf((BICOE, PUBLIC))))
    assert [one.shard for one in plan.ranges] == PUBLIC_SHARDS
    assert plan.remaining_filter == AllOf((BICOE, PUBLIC))


def test_all_public_records_are_read_from_their_shards() -> None:
    plan = plan_query(caller(), Query(kind=Kind.METADATA, condition=PUBLIC))
    assert [one.shard for one in plan.ranges] == PUBLIC_SHARDS
    assert plan.remaining_filter == EVERYTHING


def test_an_administrator_is_shown_every_shard() -> None:
    assert len(plan_query(ADMIN, Query(kind=Kind.METADATA)).ranges) == 32
    assert len(plan_query(ADMIN, Query(kind=Kind.OBJECT_UPLOAD)).ranges) == 16


def test_a_name_is_read_by_its_index_if_the_order_allows() -> None:
    named = Comparison("originalFilename", Operator.EQ, "Leaf.png")
    for order, expected in ((None, "originalFilename"), (SortOrder.CHANGED, "xmpMetadataDate")):
        query = Query(kind=Kind.METADATA, condition=named, order=order)
        assert _partitions(caller(), query) == [("aafc", expected)]
        assert plan_query(caller(), query).remaining_filter == AllOf((named,))


def test_too_many_buckets_have_to_be_named() -> None:
    groups = {f"g{number}": frozenset({Role.USER}) for number in range(MAX_BUCKETS + 1)}
    many = Caller(username="eve", groups=groups)
    with pytest.raises(MalformedRequestError) as caught:
        plan_query(many, Query(kind=Kind.METADATA))
    assert caught.value.problems[0].parameter == "filter[bucket]"
    del groups["g0"]
    assert len(plan_query(many, Query(kind=Kind.METADATA)).ranges) == MAX_BUCKETS


def test_a_group_whose_name_is_no_bucket_name_is_ignored() -> None:
    odd = Caller(username="eve", groups={"": frozenset({Role.USER}), "a b": frozenset({Role.USER})})
    assert plan_query(odd, Query(kind=Kind.METADATA)).ranges == ()


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_read_in_each_of_its_orders(kind: Kind) -> None:
    records: dict[Kind, ListedRecord] = {
        Kind.METADATA: metadata(),
        Kind.DERIVATIVE: thumbnail(),
        Kind.OBJECT_UPLOAD: upload(),
    }
    for order in SORT_ORDERS[kind]:
        listing = read_page(
            InMemoryLists(records.values()),
            FrozenClock(),
            ADMIN,
            Query(kind=kind, order=order),
            PageRequest(),
        )
        assert listing.records == (records[kind],)


def test_the_total_is_never_below_the_records_seen() -> None:
    class OutdatedCounters(InMemoryLists):
        def count(self, *_: object, **__: object) -> int:
            return 0

    listing = read_page(
        OutdatedCounters(_many(30)),
        FrozenClock(),
        caller(),
        Query(kind=Kind.METADATA),
        PageRequest(limit=20),
    )
    assert (listing.total, listing.is_lower_bound) == (21, False)


def test_buckets_that_differ_only_in_case_are_one_bucket() -> None:
    records = [replace(metadata(), bucket="AAFC")]
    listing = read_page(
        InMemoryLists(records), FrozenClock(), caller(), Query(kind=Kind.METADATA), PageRequest()
    )
    assert [record.bucket for record in listing.records] == ["AAFC"]
