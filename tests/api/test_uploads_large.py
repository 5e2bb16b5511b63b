"""Files too large for one CopyObject, copied in parts by promote_large_upload.

Here a file is large if it is larger than the smallest part that S3 accepts.
"""

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
from coffer.domain.uploads.completion import SOURCE_REPLACED
from coffer.domain.uploads.grant import METADATA_NAME, UploadGrant
from coffer.domain.uploads.large_files import MultipartLargeFiles
from coffer.domain.uploads.promotion import Promotion
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


class LargeFileStack:
    """The stack, with functions that copy at most `PART` bytes at a time."""

    def __init__(self, stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stack = stack
        self.uploads = DynamoUploads()
        self.meanwhile: Meanwhile = lambda: PLENTY
        process = self._module("process_upload")
        worker = self._module("promote_large_upload")
        small: dict[str, Any] = {"max_copy_bytes": PART}
        monkeypatch.setattr(process, "promotion", replace(process.promotion, **small))
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

    def process(self) -> None:
        """Invoke process_upload with the messages of the upload."""
        self._invoke("process_upload")

    def promote(self) -> None:
        """Invoke promote_large_upload with its messages."""
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
def large(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> LargeFileStack:
    return LargeFileStack(stack, monkeypatch)


def test_a_large_file_is_processed_and_downloaded(large: LargeFileStack) -> None:
    large.arrive()
    large.stack.settle(retries=True)
    assert large.stack.failures == []
    attributes = record(large.stack, FILE)
    assert attributes["uploadStatus"] == "AVAILABLE"
    assert attributes["sizeInBytes"] == len(BODY)
    assert attributes["sha1Hex"] == hashlib.sha1(BODY).hexdigest()
    assert attributes["hashStatus"] == "AVAILABLE"
    assert "copyIdentifier" not in attributes
    assert large.keys == [f"objects/mybucket/{FILE}.txt"]
    assert large.unfinished == []


@pytest.mark.parametrize(("is_derivative", "folder"), [(False, "objects"), (True, "derivatives")])
class TestOfEitherKind:
    def test_a_run_without_enough_time_enqueues_another_run(
        self, large: LargeFileStack, is_derivative: bool, folder: str
    ) -> None:
        large.arrive(is_derivative=is_derivative)
        large.process()
        times = iter([PLENTY, A_MINUTE])
        large.meanwhile = lambda: next(times, PLENTY)
        large.promote()
        assert [large.record.status] == [UploadStatus.PROCESSING]
        messages = large.stack.messages("PromoteLargeUploadQueue")
        assert [one["detail"]["object"]["key"] for one in messages] == [KEY] * 2
        large.promote()
        assert large.record.status is UploadStatus.AVAILABLE
        assert large.keys == [f"{folder}/mybucket/{FILE}.txt"]

    def test_other_bytes_end_the_promotion(
        self, large: LargeFileStack, is_derivative: bool, folder: str
    ) -> None:
        def meanwhile() -> timedelta:
            large.arrive(BODY + b"x", is_derivative=is_derivative)
            return PLENTY

        large.arrive(is_derivative=is_derivative)
        large.process()
        large.meanwhile = meanwhile
        large.promote()
        assert large.record.rejection == SOURCE_REPLACED
        assert large.unfinished == []
        assert not any(key.startswith(folder) for key in large.keys)

    def test_an_upload_rejected_during_the_promotion_is_removed(
        self, large: LargeFileStack, is_derivative: bool, folder: str
    ) -> None:
        def meanwhile() -> timedelta:
            if large.record.status is UploadStatus.PROCESSING:
                large.uploads.replace(large.record, large.record.rejected(SOURCE_REPLACED))
            return PLENTY

        large.arrive(is_derivative=is_derivative)
        large.process()
        large.meanwhile = meanwhile
        large.promote()
        assert large.record.status is UploadStatus.REJECTED
        assert not any(key.startswith(folder) for key in large.keys)


def test_an_incomplete_promotion_is_enqueued_again_by_housekeeping(large: LargeFileStack) -> None:
    large.arrive()
    large.process()
    large.stack.client("sqs").purge_queue(QueueUrl=large.stack.name("PromoteLargeUploadQueue"))
    large.stack.clock.advance(timedelta(hours=2))
    outcome = large.stack.invoke("KeepHouseFunction", {})
    assert outcome.payload == {"requeued": 1}
    large.process()
    [message] = large.stack.messages("PromoteLargeUploadQueue")
    assert message["detail"]["object"]["key"] == KEY
