"""The Deliveries port, kept by the fake and by S3 alike."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coffer.adapters.s3.downloads import SignedDownloads
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.downloads.ports import Deliveries
from coffer.domain.errors import ObjectMissingError
from coffer.settings import store_settings
from local.stack import LocalStack
from tests.fakes import (
    FrozenClock,
    InMemoryDeliveries,
    InMemoryObjects,
)

BODY = b"the bytes of a file"
KEY = "objects/aafc/käfer 1+2.png"


@pytest.fixture(params=["in memory", "S3"])
def deliveries(request: pytest.FixtureRequest) -> Deliveries:
    if request.param == "in memory":
        objects = InMemoryObjects(FrozenClock())
        objects.replace(KEY, BODY, content_type="image/png")
        return InMemoryDeliveries(objects)
    stack: LocalStack = request.getfixturevalue("stack")
    stack.client("s3").put_object(Bucket=store_settings.object_bucket, Key=KEY, Body=BODY)
    return SignedDownloads(
        store_signer(), store_endpoint(), store_settings.object_bucket, SystemClock()
    )


def test_a_size_is_the_objects(deliveries: Deliveries) -> None:
    assert deliveries.size(KEY) == len(BODY)


@pytest.mark.parametrize(
    ("start", "length", "piece"),
    [(0, len(BODY), BODY), (4, 5, BODY[4:9]), (len(BODY) - 1, 100, BODY[-1:]), (3, 0, b"")],
)
def test_pieces_are_fetched_one_after_the_other(
    deliveries: Deliveries, start: int, length: int, piece: bytes
) -> None:
    for _ in range(2):
        assert deliveries.fetch(KEY, start, length) == piece
    assert deliveries.size(KEY) == len(BODY)


def test_what_is_not_there_is_missing(deliveries: Deliveries) -> None:
    for _ in range(2):
        with pytest.raises(ObjectMissingError):
            deliveries.size("objects/aafc/none")
        with pytest.raises(ObjectMissingError):
            deliveries.fetch("objects/aafc/none", 0, 1)
    assert deliveries.fetch(KEY, 0, 3) == BODY[:3]


def test_a_link_says_what_it_was_asked_to(deliveries: Deliveries) -> None:
    link = deliveries.link(
        KEY, media_type="image/png", disposition="inline", life=timedelta(minutes=5)
    )
    assert "objects/aafc/" in link
    assert "300" in link
