"""The ProcessingQueue and UploadForms ports in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from coffer.domain.objects import StoredObject
from coffer.domain.uploads.presigned_uploads import AllowedUpload, SignedForm


class InMemoryQueue:
    """The ProcessingQueue port."""

    def __init__(self) -> None:
        self.enqueued: list[StoredObject] = []

    def enqueue(self, stored: StoredObject) -> None:
        self.enqueued.append(stored)


class UnsignedForms:
    """The UploadForms port: forms that nobody signed, one hour long."""

    def __init__(self) -> None:
        self.allowed: list[AllowedUpload] = []

    def sign(self, uploads: Sequence[AllowedUpload], now: datetime) -> list[SignedForm]:
        self.allowed += uploads
        return [
            SignedForm(url="store:", fields={"key": upload.key}, expires=now + timedelta(hours=1))
            for upload in uploads
        ]
