"""What AWS's failures become: a domain error where a use case can do something about it,
UnavailableError where trying again may help, and themselves where neither is so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import cache, partial
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import PynamoDBException

from coffer.adapters.dynamodb.changes.audit_trail import DynamoAuditTrail
from coffer.adapters.dynamodb.connection import DYNAMODB
from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.dynamodb.vocabulary.vocabulary import DynamoVocabulary
from coffer.adapters.event_bus import EventBridgeBus
from coffer.adapters.s3.multipart_copies import S3MultipartCopies
from coffer.adapters.s3.objects import COPY_TIMEOUT, S3Objects, s3_client
from coffer.domain.changes.publish import describe_change
from coffer.domain.errors import (
    ChangeRefusedError,
    ObjectChangedError,
    ObjectExistsError,
    ObjectMissingError,
    RecordChangedError,
    RecordExistsError,
    TransactionCanceledError,
    UnavailableError,
)
from coffer.domain.listing.index_keys import Kind, SortOrder, name_prefix
from coffer.domain.listing.ports import RangeRead
from coffer.domain.listing.query_plan import KeyRange
from coffer.domain.objects import StoredObject
from coffer.domain.uploads.large_files import MIN_TIME_TO_COPY, PART_TIMEOUT
from coffer.domain.uploads.ports import PartRange
from coffer.domain.uploads.record import Awaiting
from tests.fakes.clocks import NOON
from tests.fakes.records import METADATA, describe, metadata, thumbnail, upload
from tests.fakes.terms import attribute
from tests.template.template_file import functions
from tests.unit.adapters.failing_aws import (
    SILENCES,
    TRANSACTIONS,
    Answer,
    answer_always,
    answer_in_turn,
    answer_normally,
    json_error,
    no_pauses,
    s3_error,
)

SOURCE = StoredObject(key="incoming/a/x", size_bytes=1, etag="e", last_modified=NOON)
S3_CALLS: dict[str, Callable[[S3Objects], object]] = {
    "describe": lambda objects: objects.describe("k"),
    "read": lambda objects: objects.read("k", 0, 1, etag="e"),
    "write": lambda objects: objects.write("k", b"", content_type="a/b", sha1_hex="00"),
    "replace": lambda objects: objects.replace("k", b"", content_type="a/b"),
    "promote": lambda objects: objects.promote(SOURCE, "k", content_type="a/b", checksum="SHA1"),
    "digest": lambda objects: objects.digest("k"),
    "remove": lambda objects: objects.remove("k", etag="e"),
    "written_before": lambda objects: list(objects.written_before("k", NOON)),
}


def impatient(service: str) -> Any:
    """A client that tries once."""
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, config=config)  # type: ignore[call-overload]  # a literal is wanted


@pytest.fixture
def s3() -> Any:
    return impatient("s3")


# ---------------------------------------------------------------- S3


@pytest.mark.parametrize("call", S3_CALLS.values(), ids=S3_CALLS)
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("SlowDown", 503),
        ("ServiceUnavailable", 503),
        ("InternalError", 500),
        ("ConditionalRequestConflict", 409),
        ("OperationAborted", 409),
    ],
)
def test_an_overloaded_store_is_unavailable(
    s3: Any, call: Callable[[S3Objects], object], code: str, status: int
) -> None:
    answer_always(s3, s3_error(code, status))
    with pytest.raises(UnavailableError):
        call(S3Objects(s3, "bucket"))


# Calls that S3 answers when the work is done, which takes minutes for gigabytes.
SLOW_CALLS: dict[str, Callable[[S3Objects, S3MultipartCopies], object]] = {
    "CopyObject": lambda objects, _: objects.promote(
        SOURCE, "k", content_type="a/b", checksum="SHA1"
    ),
    "UploadPartCopy": lambda _, copies: copies.copy_parts("k", "u", SOURCE, [PartRange(1, 0, 1)]),
    "CompleteMultipartUpload": lambda _, copies: copies.complete("k", "u"),
}


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, list[Answer | Exception]], int]:
    """Call one of SLOW_CALLS with the given answers to it, and return the number of attempts."""
    monkeypatch.setattr("coffer.adapters.s3.objects._PAUSES_SECONDS", (0, 0, 0))
    ordinary, copies = s3_client(), s3_client(copy_timeout=COPY_TIMEOUT)
    answer_always(ordinary, Answer(200, b"<ListPartsResult/>", {"ETag": "e"}))
    answer_always(ordinary, s3_error("NoSuchKey", 404), "before-send.s3.HeadObject")
    objects = S3Objects(ordinary, "bucket", copies=copies)

    def call(name: str, answers: list[Answer | Exception]) -> int:
        given = len(answers)
        answer_in_turn(copies, answers)
        with suppress(UnavailableError, ObjectMissingError):
            SLOW_CALLS[name](objects, S3MultipartCopies(ordinary, "bucket", objects, copies=copies))
        return given - len(answers)

    return call


DONE = Answer(
    200, b"<Result><ETag>e</ETag><LastModified>2026-11-22T12:00:00Z</LastModified></Result>"
)


@pytest.mark.parametrize("name", SLOW_CALLS)
def test_a_copy_that_gets_no_response_is_not_repeated(
    slow: Callable[[str, list[Answer | Exception]], int], name: str
) -> None:
    assert slow(name, [ReadTimeoutError(endpoint_url="https://s3"), DONE]) == 1


@pytest.mark.parametrize("name", SLOW_CALLS)
def test_a_copy_that_is_refused_at_once_is_repeated(
    slow: Callable[[str, list[Answer | Exception]], int], name: str
) -> None:
    assert slow(name, [s3_error("SlowDown", 503), s3_error("InternalError", 500), DONE]) == 3


@pytest.mark.parametrize("name", SLOW_CALLS)
def test_a_copy_that_fails_after_it_was_begun_is_not_repeated(
    slow: Callable[[str, list[Answer | Exception]], int],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    minutes = iter(range(0, 6000, 60))
    monkeypatch.setattr("coffer.adapters.s3.objects.time.monotonic", lambda: float(next(minutes)))
    assert slow(name, [s3_error("InternalError", 500), DONE]) == 1


@pytest.mark.parametrize(
    ("folder", "timeout"),
    [("process_upload", COPY_TIMEOUT), ("promote_large_upload", PART_TIMEOUT)],
)
def test_a_function_outlives_a_copy_that_times_out(folder: str, timeout: timedelta) -> None:
    limit = timedelta(seconds=functions()[folder]["Timeout"])
    assert limit == timedelta(minutes=15)
    assert timeout + timedelta(minutes=1) < limit
    assert PART_TIMEOUT < MIN_TIME_TO_COPY
    config: Any = s3_client(copy_timeout=timeout).meta.config
    assert config.read_timeout == timeout.total_seconds()
    assert config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize("call", S3_CALLS.values(), ids=S3_CALLS)
@pytest.mark.parametrize("silence", SILENCES.values(), ids=SILENCES)
def test_a_silent_store_is_unavailable(
    s3: Any, call: Callable[[S3Objects], object], silence: Exception
) -> None:
    answer_always(s3, silence)
    with pytest.raises(UnavailableError):
        call(S3Objects(s3, "bucket"))


@pytest.mark.parametrize("call", S3_CALLS.values(), ids=S3_CALLS)
def test_what_the_store_forbids_is_a_mistake_of_ours(
    s3: Any, call: Callable[[S3Objects], object]
) -> None:
    answer_always(s3, s3_error("AccessDenied", 403))
    with pytest.raises(ClientError):
        call(S3Objects(s3, "bucket"))


@pytest.mark.parametrize(
    ("call", "code", "status", "error"),
    [
        ("describe", "NoSuchKey", 404, ObjectMissingError),
        ("read", "NoSuchKey", 404, ObjectMissingError),
        ("read", "PreconditionFailed", 412, ObjectChangedError),
        ("write", "PreconditionFailed", 412, ObjectExistsError),
        ("promote", "NoSuchKey", 404, ObjectChangedError),
        ("digest", "NoSuchKey", 404, ObjectMissingError),
        ("remove", "PreconditionFailed", 412, ObjectChangedError),
    ],
)
def test_what_the_store_says_about_an_object_is_the_domains_to_handle(
    s3: Any, call: str, code: str, status: int, error: type[Exception]
) -> None:
    answer_always(s3, s3_error(code, status))
    with pytest.raises(error):
        S3_CALLS[call](S3Objects(s3, "bucket"))


def test_removing_what_is_gone_is_done(s3: Any) -> None:
    answer_always(s3, s3_error("NoSuchKey", 404))
    S3Objects(s3, "bucket").remove("k", etag="e")


@pytest.mark.parametrize("declared", [True, False])
def test_a_checksum_over_parts_is_none_of_the_object(s3: Any, declared: bool) -> None:
    headers = {
        "ETag": '"0-3"',
        "Content-Length": "7",
        "Last-Modified": "Sun, 22 Nov 2026 12:00:00 GMT",
        "x-amz-checksum-sha1": "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=-3",
    }
    if declared:
        headers["x-amz-checksum-type"] = "COMPOSITE"
    answer_always(s3, Answer(200, headers=headers))
    described = S3Objects(s3, "bucket").describe("k")
    assert (described.sha1_hex, described.crc32) == (None, None)
    assert described.etag == "0-3"


# ---------------------------------------------------------------- DynamoDB


@cache
def _catalogue() -> DynamoCatalogue:
    return DynamoCatalogue()  # once: it takes a while to make its client


DYNAMODB_CALLS: dict[str, Callable[[], object]] = {
    "get": lambda: DynamoUploads().get("x"),
    "add": lambda: DynamoUploads().add(upload()),
    "replace": lambda: DynamoUploads().replace(upload(), upload()),
    "discard": lambda: DynamoUploads().discard(upload()),
    "buckets_with_content": lambda: list(DynamoUploads().buckets_with_content("0" * 40)),
    "awaiting": lambda: list(DynamoUploads().awaiting(Awaiting.COMPLETION, NOON)),
    "get_all": lambda: DynamoUploads().get_all(["x"]),
    "metadata": lambda: _catalogue().metadata("x"),
    "derivative": lambda: _catalogue().derivative("x"),
    "metadata_of": lambda: _catalogue().metadata_of(["x"]),
    "derivatives_of": lambda: _catalogue().derivatives_of(["x"]),
    "derived_from": lambda: list(_catalogue().derived_from("x")),
    "cascading": lambda: list(_catalogue().cascading(NOON)),
    "remove_thumbnail": lambda: _catalogue().remove_thumbnail("x", NOON),
    "record": lambda: DynamoAuditTrail().record(_snapshot()),
    "read": lambda: DynamoLists().read(Kind.METADATA, [LIST]),
    "read several": lambda: DynamoLists().read(Kind.METADATA, [LIST, NAMED]),
    "count all": lambda: DynamoLists().count(Kind.METADATA, None, only_public=False),
    "count": lambda: DynamoLists().count(Kind.METADATA, ["aafc"], only_public=True),
    "derivatives": lambda: DynamoLists().derivatives([METADATA]),
}


LIST: RangeRead = RangeRead(key_range=KeyRange(order=SortOrder.CREATED, bucket_key="aafc"), limit=1)
NAMED: RangeRead = RangeRead(
    key_range=KeyRange(order=SortOrder.NAMED, shard="public#0", prefix=name_prefix("a")), limit=1
)


def _snapshot() -> Any:
    change = describe_change(None, metadata(), NOON)
    assert change is not None
    return change.snapshot


@pytest.fixture
def tables() -> Iterator[Callable[[Any], None]]:
    """Lets every table answer the same, until the test is over."""
    with no_pauses():
        yield partial(answer_always, DYNAMODB.client)
    answer_normally(DYNAMODB.client)


@pytest.mark.parametrize("call", DYNAMODB_CALLS.values(), ids=DYNAMODB_CALLS)
@pytest.mark.parametrize(
    "response",
    [
        json_error("ProvisionedThroughputExceededException"),
        json_error("ThrottlingException"),
        json_error("RequestLimitExceeded"),
        json_error("InternalServerError", 500),
        *SILENCES.values(),
    ],
    ids=["throughput", "throttled", "limit", "internal", *SILENCES],
)
def test_overloaded_or_silent_tables_are_unavailable(
    tables: Callable[[Any], None], call: Callable[[], object], response: Any
) -> None:
    tables(response)
    with pytest.raises(UnavailableError):
        call()


@pytest.mark.parametrize("call", DYNAMODB_CALLS.values(), ids=DYNAMODB_CALLS)
def test_what_the_tables_do_not_understand_is_a_mistake_of_ours(
    tables: Callable[[Any], None], call: Callable[[], object]
) -> None:
    tables(json_error("ValidationException"))
    with pytest.raises((PynamoDBException, ChangeRefusedError)):
        call()


def cancelled(*codes: str) -> Any:
    """A transaction that was rolled back for these reasons."""
    reasons = [{"Code": code} for code in codes]
    return json_error("TransactionCanceledException", CancellationReasons=reasons)


def add_metadata(response: Any) -> None:
    catalogue = _catalogue()
    answer_always(DYNAMODB.client, response, TRANSACTIONS)
    try:
        with no_pauses():
            describe(catalogue, metadata(), thumbnail())
    finally:
        answer_normally(DYNAMODB.client, TRANSACTIONS)


@pytest.mark.parametrize(
    "response",
    [
        cancelled("ConditionalCheckFailed", "None", "ThrottlingError"),
        cancelled("TransactionConflict", "None", "ThrottlingError"),
        cancelled("ProvisionedThroughputExceeded", "None", "None"),
        json_error("TransactionInProgressException"),
        json_error("ThrottlingException"),
        *SILENCES.values(),
    ],
)
def test_a_transaction_that_came_to_nothing_may_be_tried_again(
    tables: Callable[[Any], None], response: Any
) -> None:
    with pytest.raises(UnavailableError):
        add_metadata(response)


def test_a_transaction_that_is_not_understood_is_a_mistake_of_ours() -> None:
    with pytest.raises(PynamoDBException):
        add_metadata(json_error("ValidationException"))


def test_a_transaction_whose_reason_cannot_be_looked_up_may_be_tried_again(
    tables: Callable[[Any], None],
) -> None:
    tables(json_error("ThrottlingException"))
    with pytest.raises(UnavailableError):
        add_metadata(cancelled("None", "None", "ConditionalCheckFailed"))


def refused(*codes: str) -> dict[int, type[Exception]]:
    """The reasons that the steps of a description are refused for: record, thumbnail, claim."""
    with pytest.raises(TransactionCanceledError) as error:
        add_metadata(cancelled(*codes))
    return {number: type(reason) for number, reason in error.value.reasons.items()}


def test_a_transaction_that_met_its_own_identifier_says_so() -> None:
    assert refused("ConditionalCheckFailed", "None", "None") == {0: RecordExistsError}


def test_a_transaction_whose_upload_is_gone_says_so(tables: Callable[[Any], None]) -> None:
    tables(Answer(200, b"{}"))
    assert refused("None", "None", "ConditionalCheckFailed") == {2: RecordChangedError}


def test_a_transaction_that_met_another_is_planned_anew() -> None:
    assert refused("None", "None", "TransactionConflict") == {2: RecordChangedError}
    assert refused("ConditionalCheckFailed", "None", "TransactionConflict") == {
        0: RecordExistsError,
        2: RecordChangedError,
    }


def add_term(*responses: Any) -> list[Any]:
    """Add a term while its transactions are answered like this; the answers that nobody got."""
    left = list(responses)
    answer_in_turn(DYNAMODB.client, left, TRANSACTIONS)
    try:
        with no_pauses():
            DynamoVocabulary().add(attribute())
    finally:
        answer_normally(DYNAMODB.client, TRANSACTIONS)
    return left


def test_a_term_that_met_another_transaction_is_tried_again() -> None:
    conflict = cancelled("None", "TransactionConflict")
    assert add_term(conflict, conflict, Answer(200, b"{}")) == []
    with pytest.raises(RecordExistsError):
        add_term(conflict, cancelled("None", "ConditionalCheckFailed"))
    with pytest.raises(UnavailableError):
        add_term(conflict, conflict, conflict)
    with pytest.raises(UnavailableError):
        add_term(cancelled("None", "ThrottlingError"))


def test_a_transaction_that_was_rolled_back_for_no_reason_may_be_tried_again() -> None:
    with pytest.raises(UnavailableError):
        add_metadata(cancelled("None", "None", "None"))


def count_one(response: Any) -> None:
    """Record a change that counts, while its transactions are answered like this."""
    trail = DynamoAuditTrail()
    change = describe_change(None, metadata(), NOON)
    assert change is not None
    answer_always(DYNAMODB.client, response, TRANSACTIONS)
    try:
        with no_pauses():
            trail.record(change.snapshot, change.counter_changes)
    finally:
        answer_normally(DYNAMODB.client, TRANSACTIONS)


def test_a_change_that_was_counted_before_is_done() -> None:
    count_one(cancelled("ConditionalCheckFailed", "None"))


@pytest.mark.parametrize(
    "response",
    [
        cancelled("None", "TransactionConflict"),
        cancelled("None", "ProvisionedThroughputExceeded"),
        json_error("ThrottlingException"),
        *SILENCES.values(),
    ],
)
def test_a_counter_that_is_busy_may_be_tried_again(response: Any) -> None:
    with pytest.raises(UnavailableError):
        count_one(response)


@pytest.mark.parametrize(
    "response", [json_error("ValidationException"), cancelled("ValidationError", "None")]
)
def test_a_snapshot_that_is_too_large_is_refused_at_once(response: Any) -> None:
    with pytest.raises(ChangeRefusedError):
        count_one(response)


# ---------------------------------------------------------------- EventBridge


def test_an_entry_that_the_bus_did_not_take_is_told() -> None:
    client = impatient("events")
    entries = b'[{"EventId":"1"},{"ErrorCode":"ThrottlingException"}]'
    answer_always(client, Answer(200, b'{"FailedEntryCount":1,"Entries":' + entries + b"}"))
    messages = [{"type": "N", "id": METADATA}, {"type": "N", "id": METADATA}]
    assert EventBridgeBus(client, "coffer").publish(messages) == [True, False]


def test_a_bus_that_takes_nothing_raises() -> None:
    client = impatient("events")
    answer_always(client, json_error("ThrottlingException"))
    with pytest.raises(ClientError):
        EventBridgeBus(client, "coffer").publish([{"type": "N"}])
