"""Replay archived events to rules of consumers.

EventBridge sends replayed events to the named rules only, so Coffer's own rules never see them.
They have the same `detail.id` as the first time, which consumers use to recognise a repetition
(Amazon EventBridge User Guide, "Archiving and replaying events").
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from operations.installation import Installation, InstallationError

NO_ARCHIVE = (
    "This installation has no event archive. Deploy with EventArchiveDays of at least 1. A local "
    "stack has none: `make -s events` follows its bus, and index-refresh publishes every metadata "
    "record again."
)
_POLL_SECONDS = 5.0
_RUNNING = frozenset({"STARTING", "RUNNING", "CANCELLING"})


def replay(
    installation: Installation,
    log: Callable[[str], None],
    *,
    start: datetime,
    end: datetime,
    rules: Collection[str],
    pause: Callable[[float], None] = time.sleep,
) -> str:
    """Replay the events between two times to the rules and return the final state.

    Raise ValueError for times or rules that cannot be used, InstallationError without an archive.
    """
    if start >= end:
        raise ValueError(f"The replay must end after it starts: {start} is not before {end}.")
    events = installation.client("events")
    archive = _archive_arn(events, installation.names.get("EventArchive"))
    bus = installation.names["EventBus"]
    consumers = _consumer_rules(events, bus, installation.names.values())
    if not rules or (unknown := sorted(set(rules) - set(consumers))):
        wrong = f"No such rule of a consumer: {', '.join(unknown)}." if rules else "Name the rules."
        known = ", ".join(sorted(consumers)) or "no rules of consumers"
        raise ValueError(f"{wrong} The bus {bus} has {known}.")
    name = f"coffer-{installation.now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:4]}"
    state: str = events.start_replay(
        ReplayName=name,
        EventSourceArn=archive,
        EventStartTime=start,
        EventEndTime=end,
        Destination={
            "Arn": events.describe_event_bus(Name=bus)["Arn"],
            "FilterArns": [consumers[rule] for rule in rules],
        },
    )["State"]
    log(f"the replay {name} has started; it goes on if this command is stopped")
    while state in _RUNNING:
        pause(_POLL_SECONDS)
        described = events.describe_replay(ReplayName=name)
        state = described["State"]
        if "EventLastReplayedTime" in described:
            log(f"{state}: replayed up to {described['EventLastReplayedTime']}")
    return state


def _archive_arn(events: Any, name: str | None) -> str:
    if name is None:
        raise InstallationError(NO_ARCHIVE)
    try:
        return str(events.describe_archive(ArchiveName=name)["ArchiveArn"])
    except events.exceptions.ResourceNotFoundException as error:
        raise InstallationError(NO_ARCHIVE) from error


def _consumer_rules(events: Any, bus: str, own: Collection[str]) -> Mapping[str, str]:
    """Return the ARNs of the rules on the bus that are not Coffer's own, by name."""
    # The physical id of a rule on a bus is `bus|rule`. AWS manages the rules of archives.
    names = {name.rpartition("|")[2] for name in own}
    return {
        rule["Name"]: rule["Arn"]
        for page in events.get_paginator("list_rules").paginate(EventBusName=bus)
        for rule in page["Rules"]
        if rule["Name"] not in names and "ManagedBy" not in rule
    }
