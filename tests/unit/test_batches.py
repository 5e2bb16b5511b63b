"""Queue and stream handlers: reported failures, logs and metrics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from coffer.batches import queue_handler, stream_handler
from coffer.domain.errors import ChangeRefusedError
from tests.unit.conftest import LogLines


class FlakyError(Exception):
    """Raised for the records that should fail."""


def message(number: int, body: str | None = None, *, received: int | None = None) -> dict[str, Any]:
    attributes = {} if received is None else {"ApproximateReceiveCount": str(received)}
    return {
        "messageId": f"m{number}",
        "body": json.dumps({"number": number}) if body is None else body,
        "attributes": attributes,
    }


def stream_record(number: int) -> dict[str, Any]:
    return {"eventID": f"e{number}", "dynamodb": {"SequenceNumber": str(number)}}


def never(_record: Mapping[str, Any], _reason: str) -> None:
    raise AssertionError("nothing should be set aside")


def failures(response: Mapping[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


def test_every_message_is_processed_and_the_failed_ones_are_reported() -> None:
    done: list[int] = []

    def work(event: dict[str, Any], _attempt: int) -> None:
        if event["number"] % 2:
            raise FlakyError
        done.append(event["number"])

    response = queue_handler(work)({"Records": [message(number) for number in range(5)]}, None)
    assert failures(response) == ["m1", "m3"]
    assert done == [0, 2, 4]


def test_a_message_that_is_not_json_fails_alone() -> None:
    done: list[int] = []
    handler = queue_handler(lambda event, _attempt: done.append(event["number"]))
    response = handler({"Records": [message(0, "{"), message(1)]}, None)
    assert failures(response) == ["m0"]
    assert done == [1]


@pytest.mark.parametrize(("received", "attempt"), [(None, 1), (1, 1), (4, 4)])
def test_process_gets_the_receive_count(received: int | None, attempt: int) -> None:
    attempts: list[int] = []
    handler = queue_handler(lambda _event, given: attempts.append(given))
    handler({"Records": [message(0, received=received)]}, None)
    assert attempts == [attempt]


def test_a_message_without_attributes_has_the_receive_count_1() -> None:
    attempts: list[int] = []
    handler = queue_handler(lambda _event, given: attempts.append(given))
    handler({"Records": [{"messageId": "m", "body": "{}"}]}, None)
    assert attempts == [1]


def test_a_stream_stops_at_the_first_failure() -> None:
    seen: list[str] = []

    def work(record: Mapping[str, Any]) -> None:
        number = record["dynamodb"]["SequenceNumber"]
        seen.append(number)
        if number in ("2", "4"):
            raise FlakyError

    response = stream_handler(work, never)(
        {"Records": [stream_record(n) for n in range(1, 6)]}, None
    )
    assert failures(response) == ["2"]
    assert seen == ["1", "2"]


def test_a_stream_without_failures_reports_none() -> None:
    handler = stream_handler(lambda _record: None, never)
    assert handler({"Records": [{"dynamodb": {"SequenceNumber": "7"}}]}, None) == {
        "batchItemFailures": []
    }


def refuse_2_and_4(record: Mapping[str, Any]) -> None:
    if record["dynamodb"]["SequenceNumber"] in ("2", "4"):
        raise ChangeRefusedError("400 KB")


def test_a_refused_stream_record_is_set_aside_alone() -> None:
    aside: list[tuple[str, str]] = []
    handler = stream_handler(
        refuse_2_and_4,
        lambda record, reason: aside.append((record["dynamodb"]["SequenceNumber"], reason)),
    )
    response = handler({"Records": [stream_record(number) for number in range(1, 6)]}, None)
    assert failures(response) == []
    assert aside == [("2", "400 KB"), ("4", "400 KB")]


def test_a_refused_stream_record_that_cannot_be_set_aside_fails_its_batch() -> None:
    def broken(_record: Mapping[str, Any], _reason: str) -> None:
        raise FlakyError

    handler = stream_handler(refuse_2_and_4, broken)
    response = handler({"Records": [stream_record(number) for number in range(1, 6)]}, None)
    assert failures(response) == ["2"]


def test_a_redriven_record_that_is_refused_again_is_reported_and_not_set_aside() -> None:
    handler = stream_handler(refuse_2_and_4, never)
    records = [stream_record(number) for number in range(1, 6)]
    assert failures(handler({"isRedrive": True, "Records": records}, None)) == ["2", "4"]


def test_a_failure_is_logged_under_its_message_and_counted(
    log_lines: LogLines, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(_event: dict[str, Any], _attempt: int) -> None:
        raise FlakyError

    queue_handler(work)({"Records": [message(7, received=3)]}, None)
    [line] = log_lines()
    assert line["level"] == "ERROR"
    assert line["correlation_id"] == "m7"
    assert line["attempt"] == 3
    assert "FlakyError" in line["exception"]
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["MessagesFailed"] == [1.0]


def test_a_failed_stream_record_is_logged_and_counted(
    log_lines: LogLines, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(_record: Mapping[str, Any]) -> None:
        raise FlakyError

    stream_handler(work, never)({"Records": [stream_record(9)]}, None)
    [line] = log_lines()
    assert (line["correlation_id"], line["sequence_number"]) == ("e9", "9")
    assert json.loads(capsys.readouterr().out)["StreamRecordsFailed"] == [1.0]


def test_the_body_of_a_message_is_not_logged(log_lines: LogLines) -> None:
    def work(_event: dict[str, Any], _attempt: int) -> None:
        raise FlakyError

    queue_handler(work)({"Records": [message(1, '{"secret": "swordfish"}')]}, None)
    queue_handler(work)({"Records": [message(1, "swordfish is no JSON")]}, None)
    assert "swordfish" not in json.dumps(log_lines())


def test_a_kill_is_not_reported_as_a_failed_record() -> None:
    def work(_event: dict[str, Any], _attempt: int) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        queue_handler(work)({"Records": [message(1)]}, None)
