"""The ObjectDownloads port: one suite for the fake and for S3."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coffer.adapters.s3.downloads import SignedDownloads
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.downloads.ports import ObjectDownloads
from coffer.domain.errors import ObjectMissingError
from coffer.settings import store_settings
from local.stack import LocalStack
from tests.contract.restricted_lists import restrict_lists
from tests.fakes import (
    FrozenClock,
    InMemoryDownloads,
    InMemoryObjects,
)
from tests.fakes.objects import etag_of

BODY = b"the bytes of a file"
KEY = "objects/aafc/käfer 1+2.png"


@pytest.fixture(params=["in memory", "S3", "S3 with restricted lists"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ObjectDownloads:
    if request.param == "in memory":
        objects = InMemoryObjects(FrozenClock())
        objects.replace(KEY, BODY, content_type="image/png")
        return InMemoryDownloads(objects)
    if request.param == "S3 with restricted lists":
        restrict_lists(monkeypatch)
    stack: LocalStack = request.getfixturevalue("stack")
    stack.client("s3").put_object(Bucket=store_settings.object_bucket, Key=KEY, Body=BODY)
    return SignedDownloads(
        store_signer(), store_endpoint(), store_settings.object_bucket, SystemClock()
    )


def test_an_object_is_described_by_size_etag_and_date(store: ObjectDownloads) -> None:
    described = store.describe(KEY)
    assert (described.size_bytes, described.etag) == (len(BODY), etag_of(BODY))
    assert described.last_modified.utcoffset() == timedelta()


@pytest.mark.parametrize(
    ("start", "length", "piece"),
    [(0, len(BODY), BODY), (4, 5, BODY[4:9]), (len(BODY) - 1, 100, BODY[-1:]), (3, 0, b"")],
)
def test_byte_ranges_are_read_over_one_connection(
    store: ObjectDownloads, start: int, length: int, piece: bytes
) -> None:
    for _ in range(2):
        assert store.read(KEY, start, length) == piece
    assert store.describe(KEY).size_bytes == len(BODY)


def test_a_missing_object_raises(store: ObjectDownloads) -> None:
    for _ in range(2):
        with pytest.raises(ObjectMissingError):
            store.describe("objects/aafc/none")
        with pytest.raises(ObjectMissingError):
            store.read("objects/aafc/none", 0, 1)
    assert store.read(KEY, 0, 3) == BODY[:3]


def test_a_presigned_url_carries_the_response_headers(store: ObjectDownloads) -> None:
    link = store.presigned_url(
        KEY, media_type="image/png", disposition="inline", life=timedelta(minutes=5)
    )
    assert "objects/aafc/" in link
    assert "300" in link
