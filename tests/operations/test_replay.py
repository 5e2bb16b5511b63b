"""Archived events are replayed to the named rules of consumers, and to no others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from operations.commands import main
from operations.installation import Installation, InstallationError
from operations.replay import replay

START, END = datetime(2026, 11, 29, 8, tzinfo=UTC), datetime(2026, 11, 29, 12, tzinfo=UTC)
BUS = "acme"


class MockedInstallation:
    """An installation with a bus, an archive, a rule of Coffer's and two rules of consumers."""

    api_url = ""

    def __init__(self) -> None:
        self.events = boto3.client("events", "eu-central-1")
        bus = self.events.create_event_bus(Name=BUS)["EventBusArn"]
        self.events.create_archive(ArchiveName="its-archive", EventSourceArn=bus)
        pattern = json.dumps({"source": ["coffer"]})
        self.rules = {
            name: self.events.put_rule(Name=name, EventBusName=BUS, EventPattern=pattern)["RuleArn"]
            for name in ("own-rule", "images", "exports")
        }
        self.names: Mapping[str, str] = {
            "EventBus": BUS,
            "EventArchive": "its-archive",
            "ImageUploadedRule": f"{BUS}|own-rule",
        }

    def client(self, service: str) -> Any:
        assert service == "events"
        return self.events

    def now(self) -> datetime:
        return END

    def environment(self, function: str) -> Mapping[str, str]:
        raise KeyError(function)

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        raise KeyError(function)


@pytest.fixture
def installation(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockedInstallation]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield MockedInstallation()


def run(installation: Installation, *rules: str, start: datetime = START) -> str:
    def no_pause(_seconds: float) -> None:
        return

    return replay(installation, lambda _: None, start=start, end=END, rules=rules, pause=no_pause)


def test_events_are_replayed_to_the_named_rules_only(installation: MockedInstallation) -> None:
    assert run(installation, "images") == "COMPLETED"
    [started] = installation.events.list_replays()["Replays"]
    described = installation.events.describe_replay(ReplayName=started["ReplayName"])
    assert described["Destination"]["FilterArns"] == [installation.rules["images"]]
    assert (described["EventStartTime"], described["EventEndTime"]) == (START, END)


@pytest.mark.parametrize("rules", [(), ("own-rule",), ("images", "own-rule"), ("image",)])
def test_rules_that_are_not_of_consumers_are_refused(
    installation: MockedInstallation, rules: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match=r"The bus acme has exports, images\.$"):
        run(installation, *rules)
    assert installation.events.list_replays()["Replays"] == []


def test_a_replay_must_end_after_it_starts(installation: MockedInstallation) -> None:
    with pytest.raises(ValueError, match="must end after it starts"):
        run(installation, "images", start=END)


def test_without_an_archive_the_error_says_how_to_get_one(installation: MockedInstallation) -> None:
    installation.names = {"EventBus": BUS}
    with pytest.raises(InstallationError, match="EventArchiveDays"):
        run(installation, "images")


@pytest.mark.parametrize("written", ["yesterday", "2026-11-29T08:00", "2026-11-29"])
def test_a_time_needs_a_time_zone(
    written: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("operations.commands._installation", lambda _: None)
    assert main(["replay", "--from", written, "images"]) == 1
    assert "is not a time with a time zone. Write it as" in capsys.readouterr().err
