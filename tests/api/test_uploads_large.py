"""Files that one copy cannot move, through queues and functions. Large is here what is larger than
the smallest part that S3 takes."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.domain.uploads.grant import METADATA_NAME, UploadGrant
from coffer.domain.uploads.large_files import MultipartLargeFiles
from coffer.domain.uploads.promotion import SOURCE_REPLACED, Promotion
from coffer.domain.uploads.record import ObjectUpload, UploadStatus
from local.functions.in_process import InProcessInvoker
from local.stack import LocalStack
from tests.api.clients import record
from tests.template.template_file import logical_id

PART = 5 * 1024**2
BODY = b"the bytes of a large file\n" * 450_000
FILE = "01932f6a-4c1e-7b52-9d3a-6f0c2b8e4d17"
KEY = f"incoming/mybucket/{FILE}"
PLENTY, A_MINUTE = timedelta(minutes=15), timedelta(minutes=1)

Meanwhile = Callable[[], timedelta]


class Site:
    """The stack, with functions for which `PART` bytes are the most that one copy takes."""

    def __init__(self, stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stack = stack
        self.uploads = DynamoUploads()
        self.meanwhile: Meanwhile = lambda: PLENTY
        process, house = self._module("process_upload"), self._module("keep_house")
        worker = self._module("promote_large_upload")
        small: dict[str, Any] = {"max_copy_bytes": PART}
        monkeypatch.setattr(process, "promotion", replace(process.promotion, **small))
        kept = replace(house.housekeeping, promotion=replace(house.housekeeping.promotion, **small))
        monkeypatch.setattr(house, "housekeeping", kept)
        monkeypatch.setattr(worker, "Promotion", partial(Promotion, **small))
        monkeypatch.setattr(worker, "MultipartLargeFiles", self._multipart_large_files)

    def _multipart_large_files(self, **parts: Any) -> MultipartLargeFiles:
        return MultipartLargeFiles(
            **parts | {"part_bytes": PART, "remaining": lambda: self.meanwhile()}
        )

    def _module(self, folder: str) -> ModuleType:
        invoker = self.stack.invoker
        assert isinstance(invoker, InProcessInvoker)
        invoker.handler(self.stack.resources.function(logical_id(folder)))
        return sys.modules[f"local_function_{folder}_app"]

    def arrive(self, body: bytes = BODY, *, is_derivative: bool = False) -> None:
        grant = UploadGrant(
            bucket="mybucket",
            created_by="dev",
            original_filename="notes.txt",
            received_media_type="text/plain",
            is_derivative=is_derivative,
        )
        self.stack.client("s3").put_object(
            Bucket=self.stack.name("ObjectBucket"),
            Key=KEY,
            Body=body,
            Metadata={METADATA_NAME: grant.encode()},
        )

    def hear(self) -> None:
        """What process_upload is told of the arrival."""
        self._invoke("process_upload")

    def work(self) -> None:
        """What promote_large_upload is told of it."""
        self._invoke("promote_large_upload")

    def _invoke(self, folder: str) -> None:
        event = {"detail": {"object": {"key": KEY}}}
        batch = {"Records": [{"messageId": "m", "body": json.dumps(event)}]}
        outcome = self.stack.invoke(logical_id(folder), batch)
        assert outcome.payload == {"batchItemFailures": []}

    @property
    def record(self) -> ObjectUpload:
        record = self.uploads.get(FILE)
        assert record is not None
        return record

    @property
    def keys(self) -> list[str]:
        listed = self.stack.client("s3").list_objects_v2(Bucket=self.stack.name("ObjectBucket"))
        return [entry["Key"] for entry in listed.get("Contents", [])]

    @property
    def unfinished(self) -> list[str]:
        listed = self.stack.client("s3").list_multipart_uploads(
            Bucket=self.stack.name("ObjectBucket")
        )
        return [entry["Key"] for entry in listed.get("Uploads", [])]


@pytest.fixture
def site(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(stack, monkeypatch)


def test_a_large_file_arrives_and_is_handed_out(site: Site) -> None:
    site.arrive()
    site.stack.settle(retries=True)
    assert site.stack.failures == []
    attributes = record(site.stack, FILE)
    assert attributes["uploadStatus"] == "AVAILABLE"
    assert attributes["sizeInBytes"] == len(BODY)
    assert attributes["sha1Hex"] == hashlib.sha1(BODY).hexdigest()
    assert attributes["hashStatus"] == "AVAILABLE"
    assert "copyIdentifier" not in attributes
    assert site.keys == [f"objects/mybucket/{FILE}.txt"]
    assert site.unfinished == []


@pytest.mark.parametrize(("is_derivative", "folder"), [(False, "objects"), (True, "derivatives")])
class TestOfEitherKind:
    def test_out_of_time_it_asks_for_another_run(
        self, site: Site, is_derivative: bool, folder: str
    ) -> None:
        site.arrive(is_derivative=is_derivative)
        site.hear()
        times = iter([PLENTY, A_MINUTE])
        site.meanwhile = lambda: next(times, PLENTY)
        site.work()
        assert [site.record.status] == [UploadStatus.PROCESSING]
        messages = site.stack.messages("PromoteLargeUploadQueue")
        assert [one["detail"]["object"]["key"] for one in messages] == [KEY] * 2
        site.work()
        assert site.record.status is UploadStatus.AVAILABLE
        assert site.keys == [f"{folder}/mybucket/{FILE}.txt"]

    def test_other_bytes_put_an_end_to_it(
        self, site: Site, is_derivative: bool, folder: str
    ) -> None:
        def meanwhile() -> timedelta:
            site.arrive(BODY + b"x", is_derivative=is_derivative)
            return PLENTY

        site.arrive(is_derivative=is_derivative)
        site.hear()
        site.meanwhile = meanwhile
        site.work()
        assert site.record.rejection == SOURCE_REPLACED
        assert site.unfinished == []
        assert not any(key.startswith(folder) for key in site.keys)

    def test_what_was_refused_meanwhile_is_taken_back(
        self, site: Site, is_derivative: bool, folder: str
    ) -> None:
        def meanwhile() -> timedelta:
            if site.record.status is UploadStatus.PROCESSING:
                site.uploads.replace(site.record, site.record.rejected(SOURCE_REPLACED))
            return PLENTY

        site.arrive(is_derivative=is_derivative)
        site.hear()
        site.meanwhile = meanwhile
        site.work()
        assert site.record.status is UploadStatus.REJECTED
        assert not any(key.startswith(folder) for key in site.keys)


def test_left_half_way_it_is_handed_on_once_more(site: Site) -> None:
    site.arrive()
    site.hear()
    site.stack.client("sqs").purge_queue(QueueUrl=site.stack.name("PromoteLargeUploadQueue"))
    site.stack.clock.advance(timedelta(hours=2))
    outcome = site.stack.invoke("KeepHouseFunction", {})
    assert outcome.payload["processed_moving"] == 1
    [message] = site.stack.messages("PromoteLargeUploadQueue")
    assert message["detail"]["object"]["key"] == KEY
