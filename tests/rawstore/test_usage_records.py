"""The UsageRecords port in memory and on DynamoDB, with conflicts and errors of DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pynamodb.exceptions import PynamoDBException

from coffer.adapters.dynamodb.connection import DYNAMODB
from coffer.adapters.dynamodb.rawstore import DynamoUsageRecords
from coffer.adapters.rawstore.usage_totals import DynamoUsageTotals
from coffer.adapters.system_clock import SystemClock
from coffer.domain.errors import ObjectChangedError, RecordChangedError, UnavailableError
from coffer.domain.rawstore.objects import StoredFile
from coffer.domain.rawstore.quotas import Totals, UsageTotals
from coffer.domain.rawstore.usage import (
    MAX_ATTEMPTS,
    Usage,
    UsageOutcome,
    UsageRecords,
    record_created,
    record_deleted,
    sortable_sequencer,
    total_changes,
)
from coffer.settings import table_settings
from tests.rawstore.tokens import NOW, SettableClock
from tests.unit.adapters.failing_aws import (
    SILENCES,
    answer_always,
    answer_normally,
    json_error,
    no_pauses,
)

ENTRY = Usage(key="u1/é/a.csv", sequencer=sortable_sequencer("1"), owner="u1", size_bytes=10)


class InMemoryUsage:
    """Both ports in dictionaries. Each write first calls the next function in `interference`."""

    def __init__(self) -> None:
        self.entries: dict[str, Usage] = {}
        self.totals: dict[str, Totals] = {}
        self.interference: list[Callable[[], None]] = []

    def get(self, key: str) -> Usage | None:
        return self.entries.get(key)

    def replace(self, before: Usage | None, after: Usage) -> None:
        if self.interference:
            self.interference.pop(0)()
        if self.entries.get(after.key) != before:
            raise RecordChangedError(after.key)
        self.entries[after.key] = after
        for owner, change in total_changes(before, after).items():
            public, private = self.of(owner)
            self.totals[owner] = Totals(
                public + change.public_bytes, private + change.private_bytes
            )

    def of(self, owner: str) -> Totals:
        return self.totals.get(owner, Totals())


@dataclass
class Store:
    """The usage and totals of one table."""

    records: UsageRecords
    totals: UsageTotals


@pytest.fixture(params=["in memory", "DynamoDB"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "in memory":
        memory = InMemoryUsage()
        return Store(memory, memory)
    request.getfixturevalue("stack")
    return Store(DynamoUsageRecords(), DynamoUsageTotals(table_settings.usage_table, SystemClock()))


class TestPort:
    @pytest.mark.parametrize(
        "entry",
        [
            ENTRY,
            replace(ENTRY, is_private=True),
            replace(ENTRY, owner=None),
            replace(ENTRY, size_bytes=5 * 1024**4),
            replace(ENTRY, owner=None, size_bytes=0, expires_at=datetime(2026, 12, 1, tzinfo=UTC)),
        ],
    )
    def test_a_usage_is_returned_as_it_was_written(self, store: Store, entry: Usage) -> None:
        assert store.records.get(entry.key) is None

        store.records.replace(None, entry)

        assert store.records.get(entry.key) == entry

    def test_the_totals_change_with_the_usage(self, store: Store) -> None:
        later = replace(ENTRY, sequencer=sortable_sequencer("2"), owner="u2", is_private=True)
        store.records.replace(None, ENTRY)
        assert store.totals.of("u1") == Totals(10, 0)

        store.records.replace(ENTRY, later)
        assert (store.totals.of("u1"), store.totals.of("u2")) == (
            Totals(),
            Totals(0, 10),
        )
        assert store.totals.of("nobody") == Totals()

    @pytest.mark.parametrize(
        ("there", "before"),
        [
            (None, ENTRY),
            (ENTRY, None),
            (ENTRY, replace(ENTRY, sequencer=sortable_sequencer("0"))),
        ],
    )
    def test_a_usage_that_changed_meanwhile_is_not_replaced(
        self, store: Store, there: Usage | None, before: Usage | None
    ) -> None:
        if there is not None:
            store.records.replace(None, there)
        totals = store.totals.of("u1")

        with pytest.raises(RecordChangedError):
            store.records.replace(before, replace(ENTRY, sequencer=sortable_sequencer("3")))

        assert store.records.get(ENTRY.key) == there
        assert store.totals.of("u1") == totals


class Objects:
    """A store with one object, which counts requests."""

    def __init__(self) -> None:
        self.asked = 0

    def describe(self, key: str, *, etag: str | None = None) -> StoredFile:
        self.asked += 1
        if etag != "e":
            raise ObjectChangedError(key)
        return StoredFile(7, "e", "u1", "private", "text/plain", "")


class TestConcurrentWriters:
    def enter(self, records: InMemoryUsage, objects: Any, sequencer: str = "5") -> UsageOutcome:
        return record_created(records, objects, "k", etag="e", sequencer=sequencer)

    def test_a_conflict_is_retried_without_another_request_to_the_store(self) -> None:
        records, objects = InMemoryUsage(), Objects()
        earlier = Usage(key="k", sequencer=sortable_sequencer("4"), owner="u1", size_bytes=1)
        records.interference = [lambda: records.replace(None, earlier)]

        assert self.enter(records, objects) is UsageOutcome.ENTERED
        assert (records.of("u1"), objects.asked) == (Totals(0, 7), 1)

    def test_a_conflict_with_a_later_event_is_not_retried(self) -> None:
        records, objects = InMemoryUsage(), Objects()
        records.interference = [
            lambda: self.deleted(records, "9"),
        ]

        assert self.enter(records, objects) is UsageOutcome.LATE
        assert records.of("u1") == Totals()

    def test_too_many_conflicts_leave_the_event_in_the_queue(self) -> None:
        records, objects = InMemoryUsage(), Objects()

        def meddle() -> None:
            current = records.entries.get("k")
            number = int(current.sequencer, 16) + 1 if current else 1
            records.entries["k"] = Usage(key="k", sequencer=f"{number:064x}")

        records.interference = [meddle] * (MAX_ATTEMPTS + 1)
        with pytest.raises(RecordChangedError):
            self.enter(records, objects, sequencer="ff")
        assert len(records.interference) == 1

    def test_a_replaced_object_is_left_to_its_own_event(self) -> None:
        records = InMemoryUsage()

        outcome = record_created(records, Objects(), "k", etag="other", sequencer="5")  # type: ignore[arg-type]  # it only describes

        assert outcome is UsageOutcome.OVERTAKEN
        assert records.entries == {}

    def deleted(self, records: InMemoryUsage, sequencer: str) -> None:
        clock = SettableClock(NOW)
        assert record_deleted(records, clock, "k", sequencer=sequencer) is UsageOutcome.ENTERED


class TestFailures:
    def replace(self, response: Any) -> None:
        answer_always(DYNAMODB.client, response)
        try:
            with no_pauses():
                DynamoUsageRecords().replace(None, ENTRY)
        finally:
            answer_normally(DYNAMODB.client)

    def cancelled(self, *codes: str) -> Any:
        reasons = [{"Code": code} for code in codes]
        return json_error("TransactionCanceledException", CancellationReasons=reasons)

    @pytest.mark.parametrize(
        "codes",
        [
            ("ConditionalCheckFailed", "None"),
            ("None", "TransactionConflict"),
            ("ConditionalCheckFailed", "TransactionConflict"),
        ],
    )
    def test_a_transaction_conflict_raises_record_changed(self, codes: tuple[str, ...]) -> None:
        with pytest.raises(RecordChangedError):
            self.replace(self.cancelled(*codes))

    @pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
    def test_an_overloaded_table_is_unavailable(self, code: str) -> None:
        with pytest.raises(UnavailableError):
            self.replace(self.cancelled("ConditionalCheckFailed", code))
        with pytest.raises(UnavailableError):
            self.replace(json_error("ThrottlingException"))

    @pytest.mark.parametrize("silence", SILENCES.values(), ids=SILENCES)
    def test_a_silent_table_is_unavailable(self, silence: Exception) -> None:
        with pytest.raises(UnavailableError):
            self.replace(silence)

    def test_an_invalid_request_to_the_table_raises(self) -> None:
        with pytest.raises(PynamoDBException):
            self.replace(json_error("ValidationException"))

    def test_a_table_that_cannot_be_read_is_unavailable(self) -> None:
        answer_always(DYNAMODB.client, json_error("ThrottlingException"))
        try:
            with no_pauses(), pytest.raises(UnavailableError):
                DynamoUsageRecords().get("k")
        finally:
            answer_normally(DYNAMODB.client)
