"""Contract of the ProcessingQueue port, for its fake and for SQS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from coffer.adapters.sqs.processing_queue import arrivals
from coffer.domain.objects import StoredObject
from coffer.domain.uploads.ports import ProcessingQueue
from coffer.settings import messaging_settings, store_settings
from local.stack import LocalStack
from tests.fakes import (
    InMemoryQueue,
)
from tests.fakes.clocks import NOON


@dataclass
class Queue:
    """The port, and a function that returns keys, sizes and ETags of the enqueued objects."""

    queue: ProcessingQueue
    asked: Callable[[], list[tuple[str, int, str]]]


@pytest.fixture(params=["in memory", "SQS"])
def queue(request: pytest.FixtureRequest) -> Queue:
    if request.param == "in memory":
        fake = InMemoryQueue()
        return Queue(fake, lambda: [(o.key, o.size_bytes, o.etag) for o in fake.enqueued])
    stack: LocalStack = request.getfixturevalue("stack")

    def asked() -> list[tuple[str, int, str]]:
        events = stack.messages("ProcessUploadQueue")
        objects = [event["detail"]["object"] for event in events]
        assert {event["detail"]["bucket"]["name"] for event in events} == {
            store_settings.object_bucket
        }
        assert {event["detail-type"] for event in events} == {"Object Created"}
        return [(one["key"], one["size"], one["etag"]) for one in objects]

    return Queue(
        arrivals(messaging_settings.process_upload_queue_url, store_settings.object_bucket), asked
    )


def test_an_object_is_enqueued_in_the_form_of_s3s_event(queue: Queue) -> None:
    for key in ("incoming/a/1", "incoming/käfer/2"):
        queue.queue.enqueue(StoredObject(key=key, size_bytes=7, etag="0" * 32, last_modified=NOON))
    assert sorted(queue.asked()) == [
        ("incoming/a/1", 7, "0" * 32),
        ("incoming/käfer/2", 7, "0" * 32),
    ]
